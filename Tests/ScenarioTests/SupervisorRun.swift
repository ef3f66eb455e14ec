import Foundation
import Wire

/// `amos-init` at work in a private folder, and a caller of its control socket who collects its events.
///
/// It ends with the thread that started it: a killed test leaves nothing behind.
final class SupervisorRun {
    /// A hang is a failure; nothing that is not hung takes this long, on the slowest machine.
    static let patienceSeconds = 60

    let folder: String
    private(set) var events: [ScenarioEvent] = []
    private let child: pid_t
    private var status: Int32?
    private var listener: Int32 = -1

    var runFolder: String { "\(folder)/run" }
    /// What amos-init itself printed.
    var output: String { (try? String(contentsOfFile: "\(folder)/output", encoding: .utf8)) ?? "" }

    init(folder: String, plan: String) throws {
        self.folder = folder
        let program = try Machine.program("amos-init")
        var words = ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
        if !Machine.namespace.isEmpty { words += ["/usr/bin/unshare"] + Machine.namespace }
        words += [program, "--plan", plan, "--run", "\(folder)/run"]
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "\(folder)/output", flags, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var process: pid_t = 0
        let code = posix_spawn(&process, words[0], &actions, nil, &pointers, environ)
        guard code == 0 else { throw ScenarioFailure("\(words[0]): \(String(cString: strerror(code)))") }
        child = process
    }

    deinit {
        if listener >= 0 { close(listener) }
        guard status == nil else { return }
        kill(child, SIGKILL)
        wait(for: nil)
    }

    /// Becomes a listener. When this returns, no event that follows is missed.
    func listen() throws {
        let path = "\(runFolder)/control.sock"
        let end = Date().addingTimeInterval(Double(Self.patienceSeconds))
        repeat {
            listener = Self.connect(path)
            if listener >= 0 { break }
            guard isRunning, Date() < end else {
                throw ScenarioFailure("amos-init does not listen at \(path):\n\(output)")
            }
            usleep(10_000)
        } while true
        try send(.events)
        // Requests are answered in order.
        try send(.status)
        while let packet = receive(milliseconds: Self.patienceSeconds * 1000) {
            if case .end? = packet { return }
        }
        throw ScenarioFailure("amos-init does not answer:\n\(output)")
    }

    func send(_ command: ControlRequest.Command) throws {
        let bytes = ControlRequest(command).encode()
        guard Glibc.send(listener, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw ScenarioFailure("cannot send to amos-init: \(String(cString: strerror(errno)))\n\(output)")
        }
    }

    /// Collects events until `isDone`, or until nothing can come any more; false if it was in vain.
    @discardableResult
    func collect(milliseconds: Int = patienceSeconds * 1000, until isDone: () -> Bool) -> Bool {
        let end = Date().addingTimeInterval(Double(milliseconds) / 1000)
        while !isDone() {
            let left = Int(end.timeIntervalSinceNow * 1000)
            guard left > 0, receive(milliseconds: left) != nil else { return isDone() }
        }
        return true
    }

    /// One packet: `.some(nil)` is one that nobody understands. nil: none in time, or nobody is there.
    private func receive(milliseconds: Int) -> ControlReply?? {
        var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(max(0, milliseconds))) > 0 else { return nil }
        var buffer = [UInt8](repeating: 0, count: ControlReply.limit)
        let count = recv(listener, &buffer, buffer.count, 0)
        guard count > 0 else { return nil }
        let reply = try? ControlReply(decoding: Array(buffer[..<count]))
        if case .event(let line)? = reply { take(line) }
        return .some(reply)
    }

    private func take(_ line: String) {
        guard let timed = try? TimedEvent(line: Array(line.utf8)) else { return }
        let event: ScenarioEvent
        // About to start, for no reason worth telling.
        if case .service(_, .waiting, 0, "") = timed.event { return }
        if case .service(let name, let state, let process, let reason) = timed.event {
            event = .init(service: name, state: state.name, process: process, reason: reason, line: line)
        } else {
            event = .init(service: "system", state: timed.event.kind, process: 0, reason: "", line: line)
        }
        if event.service != Gate.name { events.append(event) }
    }

    var isRunning: Bool {
        if status == nil { wait(for: WNOHANG) }
        return status == nil
    }

    private func wait(for options: Int32?) {
        var raw: Int32 = 0
        var result: pid_t
        repeat { result = waitpid(child, &raw, options ?? 0) } while result < 0 && errno == EINTR
        if result == child { status = raw }
    }

    /// Waits for its end, collecting events; the exit status, or 128 and the signal.
    func end() throws -> Int32 {
        let end = Date().addingTimeInterval(Double(Self.patienceSeconds))
        collect { !isRunning }
        while isRunning {
            guard Date() < end else { throw ScenarioFailure("amos-init does not end:\n\(output)") }
            usleep(5_000)
        }
        let raw = status ?? 0
        return raw & 0x7f == 0 ? raw >> 8 & 0xff : 128 + (raw & 0x7f)
    }

    /// The number that our own `/proc` has for a process of the supervisor's PID namespace.
    func hostProcess(_ process: Int32) -> Int32 {
        if Machine.namespace.isEmpty { return process }
        var parents: [Int32: Int32] = [:]
        var candidates: [Int32] = []
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = Int32(entry),
                let text = try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)
            else { continue }
            for line in text.split(separator: "\n") {
                let fields = line.split(whereSeparator: \.isWhitespace)
                if fields[0] == "PPid:" { parents[id] = Int32(fields[1]) }
                if fields[0] == "NSpid:", fields.count > 2, Int32(fields[2]) == process {
                    candidates.append(id)
                }
            }
        }
        return candidates.first { candidate in
            var id: Int32? = candidate
            while let current = id, current > 1, current != child { id = parents[current] }
            return id == child
        } ?? -1
    }

    private static func connect(_ path: String) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8.prefix($0.count - 1)) }
        let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, type, 0)
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { Glibc.connect(descriptor, $0, size) }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        return -1
    }
}
