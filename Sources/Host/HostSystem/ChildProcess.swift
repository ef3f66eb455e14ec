import Foundation

/// A program started with `posix_spawn`, its output in pipes and nothing on its standard input.
///
/// Foundation's `Process` waits with a run loop: it notices the end up to 50 ms late, and never if the clock
/// is not the real one, as in the builds that `amos build --verify` compares.
struct ChildProcess {
    /// The reading end of a pipe; closed when it was read to the end, or as far as it may be.
    struct Source: Sendable {
        let descriptor: Int32

        /// Ends with the piece that reaches the limit.
        func read(limit: Int) -> [UInt8] {
            defer { close(descriptor) }
            var bytes: [UInt8] = []
            var piece = [UInt8](repeating: 0, count: 1 << 16)
            while bytes.count < limit {
                let count = Foundation.read(descriptor, &piece, piece.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return bytes }
                bytes += piece[..<count]
            }
            return bytes
        }
    }

    let output: Source
    let errors: Source
    private let process: pid_t
    private static let starting = NSLock()

    /// nil: it could not be started.
    init?(_ path: String, _ arguments: [String], environment: [String: String]?, folder: String?) {
        // No other child may inherit the pipes before they are marked.
        Self.starting.lock()
        defer { Self.starting.unlock() }
        guard let output = Self.pipe(), let errors = Self.pipe() else { return nil }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writing, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, errors.writing, STDERR_FILENO)
        let variables = (environment ?? ProcessInfo.processInfo.environment).map { "\($0.key)=\($0.value)" }
        // posix_spawn has no portable way to change the folder; every shell has.
        let command =
            folder.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0, path] + arguments }
            ?? [path] + arguments
        let process = Self.withStrings(command) { arguments in
            Self.withStrings(variables.sorted()) { variables in
                var process: pid_t = 0
                let code = posix_spawn(&process, command[0], &actions, nil, arguments, variables)
                return code == 0 ? process : nil
            }
        }
        close(output.writing)
        close(errors.writing)
        guard let process else {
            close(output.reading)
            close(errors.reading)
            return nil
        }
        self.process = process
        self.output = Source(descriptor: output.reading)
        self.errors = Source(descriptor: errors.reading)
    }

    /// Waits for its end: the exit status, or the number of the signal that ended it.
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        let signal = status & 0x7f
        return signal == 0 ? status >> 8 & 0xff : signal
    }

    private static func pipe() -> (reading: Int32, writing: Int32)? {
        var ends: [Int32] = [-1, -1]
        guard Foundation.pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    /// As `execve` takes them: pointers, the last one null.
    private static func withStrings<Value>(
        _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Value
    ) -> Value {
        let copies = strings.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        return body(copies + [nil])
    }
}
