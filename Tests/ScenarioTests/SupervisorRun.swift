import Foundation
import Synchronization
import Wire

@testable import ScenarioFormat

/// `amos-init` at work in a private folder, and a caller of its control socket who collects its events.
///
/// It ends with the thread that started it: a killed test leaves nothing behind.
final class SupervisorRun {
    /// A hang is a failure; nothing that is not hung takes this long, on the slowest machine.
    static let patienceSeconds = 60

    let folder: String
    private(set) var events: [ScenarioEvent] = []
    private let plan: String
    private let conditions: SupervisorConditions
    private var child: pid_t = 0
    private var status: Int32?
    private var listener: Int32 = -1
    /// The next event is the first of this boot once more. Until it comes, those that are known stay: a
    /// supervisor that is about to end may still be connected to, and says nothing.
    private var isAskedAgain = false
    /// Events of boots that a power cut has ended.
    private var earlierBoots: [ScenarioEvent] = []
    private let group: String?

    var runFolder: String { "\(folder)/run" }
    /// What amos-init itself printed.
    var output: String { (try? String(contentsOfFile: "\(folder)/output", encoding: .utf8)) ?? "" }

    init(folder: String, plan: String, _ conditions: SupervisorConditions) throws {
        self.folder = folder
        self.plan = plan
        self.conditions = conditions
        group = Machine.makeGroup()
        try launch(clock: conditions.clock)
    }

    private func launch(clock: String?) throws {
        let arguments = ["--plan", plan, "--run", runFolder, "--state", "\(folder)/state"]
        let program = [try conditions.program("amos-init", in: folder)] + arguments
        let words = try conditions.command(program, clock: clock, group: group)
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
        (child, status) = (process, nil)
    }

    /// The power goes, and comes back when the wall clock says `clock`.
    func cutPower(clock: String) throws {
        kill(child, SIGKILL)
        wait(for: nil)
        // Its namespace dies with it, a moment later.
        while true {
            let descriptor = Self.connect("\(runFolder)/control.sock")
            if descriptor < 0 { break }
            close(descriptor)
            usleep(1_000)
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: runFolder) {
            try FileManager.default.removeItem(atPath: "\(runFolder)/\(name)")
        }
        earlierBoots = events
        try launch(clock: clock)
        try listen()
    }

    deinit {
        if listener >= 0 { close(listener) }
        if status == nil {
            kill(child, SIGKILL)
            wait(for: nil)
        }
        if let group { Machine.removeGroup(group) }
    }

    /// Asks for all events, those of the past included.
    func listen() throws {
        try follow(connect())
    }

    private func follow(_ descriptor: Int32) throws {
        if listener >= 0 { close(listener) }
        listener = descriptor
        isAskedAgain = true
        try send(.follow, to: listener)
    }

    func powerOff() throws {
        let caller = try connect()
        defer { close(caller) }
        try send(.powerOff, to: caller)
        // Until it has been read: a caller that goes too early is not heard.
        var answer = [UInt8](repeating: 0, count: ControlReply.limit)
        _ = recv(caller, &answer, answer.count, 0)
    }

    private func connect() throws -> Int32 {
        let path = "\(runFolder)/control.sock"
        let end = Date().addingTimeInterval(Double(Self.patienceSeconds))
        while true {
            let descriptor = Self.connect(path)
            if descriptor >= 0 { return descriptor }
            guard isRunning, Date() < end else {
                throw ScenarioFailure("amos-init does not listen at \(path):\n\(output)")
            }
            usleep(10_000)
        }
    }

    private func send(_ command: ControlRequest.Command, to descriptor: Int32) throws {
        let bytes = ControlRequest(command).encode()
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            throw ScenarioFailure("cannot send to amos-init: \(String(cString: strerror(errno)))\n\(output)")
        }
    }

    /// Collects events while `body` runs on another thread.
    func collect<Value: Sendable>(while body: @escaping @Sendable () throws -> Value) throws -> Value {
        let outcome = Outcome<Value>()
        Thread.detachNewThread {
            let result = Result { try body() }
            outcome.value.withLock { $0 = result }
        }
        while true {
            collect(milliseconds: 20) { false }
            if let result = outcome.value.withLock({ $0 }) { return try result.get() }
        }
    }

    private final class Outcome<Value: Sendable>: Sendable {
        let value = Mutex<Result<Value, any Error>?>(nil)
    }

    /// Collects events until `isDone`, or until nothing can come any more; false if it was in vain.
    @discardableResult
    func collect(milliseconds: Int = patienceSeconds * 1000, until isDone: () -> Bool) -> Bool {
        let end = Date().addingTimeInterval(Double(milliseconds) / 1000)
        while !isDone() {
            let left = Int(end.timeIntervalSinceNow * 1000)
            guard left > 0 else { return false }
            // In pieces: `isDone` may depend on more than events.
            guard !receive(milliseconds: min(left, 100)) else { continue }
            guard isRunning else { return isDone() }
        }
        return true
    }

    /// One packet. If the other side has gone and a new one is there (a re-execution), all is asked again.
    private func receive(milliseconds: Int) -> Bool {
        var entry = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, Int32(max(0, milliseconds))) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: ControlReply.limit)
        let count = recv(listener, &buffer, buffer.count, 0)
        guard count > 0 else {
            usleep(10_000)
            let another = Self.connect("\(runFolder)/control.sock")
            return another >= 0 && (try? follow(another)) != nil
        }
        let reply = try? ControlReply(decoding: Array(buffer[..<count]))
        if case .event(let line)? = reply { take(line) }
        return true
    }

    private func take(_ line: String) {
        guard let timed = try? TimedEvent(line: Array(line.utf8)) else { return }
        if isAskedAgain { events = earlierBoots }
        isAskedAgain = false
        guard let event = ScenarioEvent(timed, line: line) else { return }
        events.append(event)
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
