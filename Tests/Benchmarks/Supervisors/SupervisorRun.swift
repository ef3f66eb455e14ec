import Foundation
import LinuxSystem

/// One supervisor with one load, from its start to its end. Times are seen from outside and alike for all:
/// a service that runs writes a byte to a FIFO and keeps it open, so the last one's end closes it.
final class SupervisorRun {
    enum Failure: Error, CustomStringConvertible {
        case stuck(peer: String, what: String, started: Int, of: Int)
        case cannotStart(program: String, reason: String)

        var description: String {
            switch self {
            case .stuck(let peer, let what, let started, let count):
                "\(peer) did not \(what) within \(Int(SupervisorRun.limitSeconds)) s "
                    + "(\(started) of \(count) services had started)"
            case .cannotStart(let program, let reason): "\(program) cannot be started: \(reason)"
            }
        }
    }

    /// The slowest of the peers needs some 10 s for 1,000 services.
    static let limitSeconds = 60.0

    private let name: String
    private let load: SupervisorLoad
    private let command: SupervisorCommand
    private let reading: Int32
    private var writing: Int32
    private let began: Double
    let process: pid_t

    init(_ name: String, _ load: SupervisorLoad, _ command: SupervisorCommand) throws {
        (self.name, self.load, self.command) = (name, load, command)
        unlink(load.fifo)
        guard mkfifo(load.fifo, 0o666) == 0 else { throw CocoaError(.fileWriteUnknown) }
        reading = open(load.fifo, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        // Until all run, somebody must hold it open, or it would look as if all had ended.
        writing = open(load.fifo, O_WRONLY | O_CLOEXEC)
        // Whoever loses its parent on the way becomes a child of this process, which can then wait for all.
        ChildProcess.adoptOrphans()
        began = MeasuredProcess.now
        process = try Self.start(command.words, fifo: load.fifo)
    }

    deinit {
        close(reading)
        if writing >= 0 { close(writing) }
    }

    private static func start(_ words: [String], fifo: String) throws -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        var environment: [UnsafeMutablePointer<CChar>?] =
            [strdup("PATH=" + path), strdup("BENCH_FIFO=" + fifo), nil]
        defer { for pointer in arguments + environment { free(pointer) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in 0...2 as ClosedRange<Int32> {
            posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
        }
        var child: pid_t = 0
        let code = posix_spawn(&child, words[0], &actions, nil, &arguments, &environment)
        guard code == 0 else {
            throw Failure.cannotStart(program: words[0], reason: String(cString: strerror(code)))
        }
        return child
    }

    /// Seconds from the supervisor's start until every service runs.
    func waitForAll() throws -> Double {
        let seconds = try wait(for: load.count, what: "start all", since: began)
        close(writing)
        writing = -1
        return seconds
    }

    private func wait(for count: Int, what: String, since start: Double) throws -> Double {
        var seen = 0
        var buffer = [UInt8](repeating: 0, count: 4096)
        while seen < count {
            guard poll(reading) else {
                throw Failure.stuck(peer: name, what: what, started: seen, of: count)
            }
            seen += max(0, read(reading, &buffer, buffer.count))
        }
        return MeasuredProcess.now - start
    }

    private func poll(_ descriptor: Int32) -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Foundation.poll(&entry, 1, Int32(Self.limitSeconds * 1000)) > 0
    }

    /// Seconds from SIGKILL for one service to its successor's first sign.
    func restart(_ position: Int) throws -> Double {
        let services = processes().filter(\.isService).map(\.id).sorted()
        guard !services.isEmpty else { return .nan }
        let start = MeasuredProcess.now
        kill(services[position % services.count], SIGKILL)
        return try wait(for: 1, what: "restart a service", since: start)
    }

    /// Bytes that only the supervisor's processes have, its services left out; and how many processes.
    func memory() -> (bytes: Double, processes: Int) {
        var result = (bytes: 0.0, processes: 0)
        for process in processes() where !process.isService && process.program != Self.wrapper {
            guard let text = try? String(contentsOfFile: "/proc/\(process.id)/smaps_rollup", encoding: .utf8)
            else { continue }
            result.processes += 1
            for line in text.split(separator: "\n") where line.hasPrefix("Private_") {
                result.bytes += 1024 * (Double(line.split(separator: " ").dropFirst().first ?? "") ?? 0)
            }
        }
        return result
    }

    /// Makes name spaces and waits; no part of the supervisor.
    private static let wrapper = "/usr/bin/unshare"

    private struct Member {
        var id: pid_t
        var program: String
        var isService: Bool
    }

    /// The supervisor and everything below it.
    private func processes() -> [Member] {
        var service = stat()
        stat(load.program, &service)
        var pending = [process]
        var found: [Member] = []
        while let next = pending.popLast() {
            let folder = "/proc/\(next)"
            let program = try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/exe")
            // The daemontools family runs it under other names.
            var file = stat()
            let isService = stat(folder + "/exe", &file) == 0 && file.st_ino == service.st_ino
            found.append(Member(id: next, program: program ?? "", isService: isService))
            let children = try? String(contentsOfFile: "\(folder)/task/\(next)/children", encoding: .utf8)
            pending += (children ?? "").split(separator: " ").compactMap { pid_t($0) }
        }
        return found
    }

    /// Seconds from the request until no process is left, the supervisor's own included; nil where the peer
    /// cannot be asked.
    func stop() throws -> Double? {
        let start = MeasuredProcess.now
        switch command.stop {
        case .signal(let number): kill(process, number)
        case .command(let words): _ = try Self.start(words, fifo: load.fifo)
        case .never:
            end()
            return nil
        }
        let limit = start + Self.limitSeconds
        while ChildProcess.hasChildren {
            if ChildProcess.reap() != nil { continue }
            guard MeasuredProcess.now < limit else {
                throw Failure.stuck(peer: name, what: "stop", started: load.count, of: load.count)
            }
            usleep(200)
        }
        return MeasuredProcess.now - start
    }

    /// Whatever is left of it goes.
    func end() {
        while ChildProcess.hasChildren {
            for process in processes().reversed() { kill(process.id, SIGKILL) }
            for child in orphans() { kill(child, SIGKILL) }
            while ChildProcess.reap() != nil {}
            usleep(1000)
        }
    }

    private func orphans() -> [pid_t] {
        let text = try? String(contentsOfFile: "/proc/self/task/\(getpid())/children", encoding: .utf8)
        return (text ?? "").split(separator: " ").compactMap { pid_t($0) }
    }
}
