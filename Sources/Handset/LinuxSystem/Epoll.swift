import CLinux

/// The one place where a daemon waits (`epoll(7)`).
public struct Epoll: ~Copyable {
    /// What a descriptor is watched for.
    public struct Interest: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }

        public static let reading = Interest(rawValue: UInt32(AMOS_EPOLLIN))
        /// Reports only news, not what is still there (EPOLLET).
        public static let edge = Interest(rawValue: UInt32(AMOS_EPOLLET))
        public static let writing = Interest(rawValue: UInt32(AMOS_EPOLLOUT))
        /// A file of the kernel says something else than when it was last read.
        public static let change = Interest(rawValue: UInt32(AMOS_EPOLLPRI))
    }

    /// At most this many descriptors are reported per wait; the rest come with the next one.
    public static let batch = 64

    private let descriptor: FileDescriptor
    private var ready = [amos_ready](repeating: amos_ready(), count: Epoll.batch)

    public init() throws(SystemCallError) {
        descriptor = FileDescriptor(
            owning: Int32(try retryingOnInterrupt("epoll_create") { amos_epoll_create() }))
    }

    /// For a library that waits by itself, and for this as well.
    public var number: Int32 { descriptor.rawValue }

    /// `tag` comes back with every report. A descriptor leaves by itself when its last copy, in whatever
    /// process, is closed.
    public borrowing func add(
        _ fd: borrowing FileDescriptor, tag: UInt64, for interest: Interest = .reading
    ) throws(SystemCallError) {
        try add(number: fd.rawValue, tag: tag, for: interest)
    }

    /// For a descriptor inside an optional, which cannot be borrowed.
    public borrowing func add(
        number: Int32, tag: UInt64, for interest: Interest = .reading
    ) throws(SystemCallError) {
        let epoll = descriptor.rawValue
        try retryingOnInterrupt("epoll_ctl") { amos_epoll_add(epoll, number, interest.rawValue, tag) }
    }

    public borrowing func modify(
        _ fd: borrowing FileDescriptor, tag: UInt64, for interest: Interest
    ) throws(SystemCallError) {
        try modify(number: fd.rawValue, tag: tag, for: interest)
    }

    /// For a descriptor inside an optional, which cannot be borrowed.
    public borrowing func modify(
        number: Int32, tag: UInt64, for interest: Interest
    ) throws(SystemCallError) {
        let epoll = descriptor.rawValue
        try retryingOnInterrupt("epoll_ctl") { amos_epoll_modify(epoll, number, interest.rawValue, tag) }
    }

    /// A descriptor that is not watched is fine.
    public borrowing func remove(_ fd: borrowing FileDescriptor) {
        _ = amos_epoll_remove(descriptor.rawValue, fd.rawValue)
    }

    /// Waits for at most `milliseconds` (nil: for ever) and fills `tags` with what is ready.
    public mutating func wait(milliseconds: UInt64?, tags: inout [UInt64]) throws(SystemCallError) {
        tags.removeAll(keepingCapacity: true)
        let timeout = milliseconds.map { Int32(clamping: $0) } ?? -1
        let fd = descriptor.rawValue
        let count = ready.withUnsafeMutableBufferPointer { buffer in
            amos_epoll_wait(fd, buffer.baseAddress, Int32(buffer.count), timeout)
        }
        if count == -Int(EINTR) { return }
        if count < 0 { throw SystemCallError("epoll_wait", code: Int32(-count)) }
        for index in 0..<count { tags.append(ready[index].tag) }
    }
}
