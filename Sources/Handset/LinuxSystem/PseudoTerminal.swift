import CLinux

/// The controlling end of a pseudo terminal (pty(7)); the program at the other end finds it at `path`.
public struct PseudoTerminal: ~Copyable {
    public let descriptor: FileDescriptor
    public let path: String

    /// It belongs to whoever this process is at the moment. Never waits.
    public init() throws(SystemCallError) {
        var name = [CChar](repeating: 0, count: 64)
        let number = try retryingOnInterrupt("open", "/dev/ptmx") {
            name.withUnsafeMutableBufferPointer { amos_open_terminal($0.baseAddress, $0.count) }
        }
        descriptor = FileDescriptor(owning: Int32(number))
        path = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    public consuming func takeDescriptor() -> FileDescriptor { descriptor }
}

extension FileDescriptor {
    /// TIOCSWINSZ; what runs in the terminal gets SIGWINCH.
    public borrowing func setWindowSize(rows: UInt16, columns: UInt16, width: UInt16, height: UInt16) {
        _ = amos_set_window_size(rawValue, rows, columns, width, height)
    }
}

/// Who this process is to files and sockets (`seteuid(2)`): a daemon of root's that works for others is one
/// of them most of the time.
public enum Identity {
    public static func become(user: UInt32, group: UInt32) throws(SystemCallError) {
        try retryingOnInterrupt("seteuid", String(user)) { amos_become(user, group) }
    }

    /// `setgroups(2)` to none.
    public static func dropGroups() throws(SystemCallError) {
        try retryingOnInterrupt("setgroups") { amos_drop_groups() }
    }
}

extension ChildProcess {
    /// SIGHUP, and SIGCONT so that what is stopped hears of it, to a session's first process group.
    public static func hangUp(session leader: Int32) {
        _ = amos_kill(-leader, SIGHUP)
        _ = amos_kill(-leader, SIGCONT)
    }
}

extension Pipe {
    public consuming func takeWriting() -> FileDescriptor { writing }
}
