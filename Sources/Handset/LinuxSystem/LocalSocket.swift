import CLinux
import Wire

/// Unix sockets that keep packets apart (`unix(7)`), and pipes.
public struct LocalSocket: ~Copyable {
    public enum Kind: Sendable { case connections, datagrams }

    public struct Packet: ~Copyable {
        public let bytes: [UInt8]
        /// A descriptor that came with it.
        public var passed: FileDescriptor?

        /// Takes the descriptor out; what is not taken is closed.
        public consuming func takePassed() -> FileDescriptor? { passed }
    }

    public let descriptor: FileDescriptor

    public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// How many callers of a socket of Amos's own may wait: as many as PID 1 and the logger serve at once.
    private static let backlog: Int32 = 64

    /// Non-blocking; an old socket at `path` is replaced. Datagrams carry their sender.
    public init(listeningAt path: String, _ kind: Kind, permissions: UInt32) throws(SystemCallError) {
        let type = Int32(kind == .connections ? AMOS_SEQPACKET : AMOS_DGRAM) | Int32(AMOS_NONBLOCK)
        let fd = try retryingOnInterrupt("listen", path) {
            path.withCString { amos_listen_unix($0, type, permissions, 0, 0, Self.backlog) }
        }
        let made = FileDescriptor(owning: Int32(fd))
        if kind == .datagrams {
            try retryingOnInterrupt("listen", path) { amos_pass_credentials(Int32(fd)) }
        }
        descriptor = made
    }

    /// Blocking.
    public init(connectingTo path: String) throws(SystemCallError) {
        let fd = try retryingOnInterrupt("connect", path) {
            path.withCString { amos_connect($0, Int32(AMOS_SEQPACKET)) }
        }
        descriptor = FileDescriptor(owning: Int32(fd))
    }

    /// The next caller, non-blocking; nil when nobody waits.
    public borrowing func accept() -> FileDescriptor? {
        let fd = amos_accept(descriptor.rawValue)
        return fd < 0 ? nil : FileDescriptor(owning: Int32(fd))
    }

    /// As `accept`, but says why there is none.
    public borrowing func acceptOrFail() throws(SystemCallError) -> FileDescriptor? {
        let number = descriptor.rawValue
        do throws(SystemCallError) {
            return FileDescriptor(owning: Int32(try retryingOnInterrupt("accept") { amos_accept(number) }))
        } catch  where error.code == SystemCallError.wouldBlock {
            return nil
        }
    }

    public struct Peer: Sendable {
        public var userID: UInt32 = .max
        /// 0: in a process namespace that this one does not see into.
        public var process: Int32 = 0

        public init() {}
    }

    /// Who has connected at the other end (`SO_PEERCRED`).
    public borrowing func peer() throws(SystemCallError) -> Peer {
        let fd = descriptor.rawValue
        var peer = Peer()
        try retryingOnInterrupt("getsockopt") { amos_peer(fd, &peer.userID, &peer.process) }
        return peer
    }

    /// One packet; false when the other side does not take more at the moment.
    public borrowing func send(
        _ bytes: [UInt8], passing fd: Int32 = -1, waiting: Bool = false
    ) throws(SystemCallError) -> Bool {
        let number = descriptor.rawValue
        do throws(SystemCallError) {
            try retryingOnInterrupt("send") {
                bytes.withUnsafeBytes { amos_send(number, $0.baseAddress, $0.count, fd, waiting ? 1 : 0) }
            }
        } catch  where error.code == SystemCallError.wouldBlock {
            return false
        }
        return true
    }

    /// One packet; nil when there is none yet (non-blocking sockets). Empty bytes: the other side has gone.
    public borrowing func receive(limit: Int) throws(SystemCallError) -> Packet? {
        let number = descriptor.rawValue
        var bytes = [UInt8](repeating: 0, count: limit)
        var passed: Int32 = -1
        let count: Int
        do throws(SystemCallError) {
            count = try retryingOnInterrupt("receive") {
                bytes.withUnsafeMutableBytes {
                    amos_receive(number, $0.baseAddress, $0.count, &passed)
                }
            }
        } catch  where error.code == SystemCallError.wouldBlock {
            return nil
        }
        bytes.removeLast(limit - count)
        return Packet(bytes: bytes, passed: passed < 0 ? nil : FileDescriptor(owning: passed))
    }
}

/// Both ends of a `pipe(2)`; the reading end does not block.
public struct Pipe: ~Copyable {
    public let reading: FileDescriptor
    public let writing: FileDescriptor

    public init() throws(SystemCallError) {
        var (reader, writer) = (Int32(-1), Int32(-1))
        try retryingOnInterrupt("pipe") { amos_pipe(&reader, &writer) }
        reading = FileDescriptor(owning: reader)
        writing = FileDescriptor(owning: writer)
    }
}

extension Pipe {
    /// Both ends of one that was made before.
    public init(reading: consuming FileDescriptor, writing: consuming FileDescriptor) {
        self.reading = reading
        self.writing = writing
    }

    /// Keeps the reading end and closes the writing one.
    public consuming func takeReading() -> FileDescriptor { reading }
}

extension SystemCallError {
    /// Nobody listens at a socket.
    public static let refused = ECONNREFUSED
    /// The other side went without having read everything.
    public static let connectionReset = ECONNRESET
    /// This user may not open it.
    public static let accessDenied = EACCES
}
