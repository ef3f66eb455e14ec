import CLinux
import Wire

/// A descriptor that lists can hold: it is closed when the last list has dropped it.
public final class HeldDescriptor {
    public let descriptor: FileDescriptor

    public init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }
}

/// Sockets that PID 1 makes and services use (sd_listen_fds(3)). They block, as programs expect that were not
/// told otherwise; PID 1 itself only watches them.
public enum ServiceSocket {
    public enum Kind: Sendable { case stream, datagram, sequentialPackets }

    /// The one stream socket that PID 1 has passed, which waits for nothing.
    /// - Parameters:
    ///   - folder: for running without PID 1: a socket is made below it instead.
    ///   - name: of that socket, in the folder `ipc`.
    public static func passed(
        orListeningBelow folder: String?, as name: String
    ) throws(SystemCallError) -> FileDescriptor {
        if let folder {
            try Directory.make(folder + "/ipc")
            return try StreamSocket.listen(atLocal: Array((folder + "/" + name).utf8), isAbstract: false)
        }
        let count = ProcessArguments.environment("LISTEN_FDS") ?? ""
        guard Decimal.number(Array(count.utf8)[...]) == 1 else {
            throw SystemCallError("use the socket of PID 1: there is none", "LISTEN_FDS", code: 22)
        }
        let socket = FileDescriptor(owning: 3)
        try socket.setBlocking(false)
        try socket.closeOnExecute()
        return socket
    }

    /// Listens, or receives, at `path`. An old socket there is replaced, any other file is an error. The
    /// owner is set unless both ids are 0, and before anybody can connect.
    public static func listen(
        at path: String, _ kind: Kind, permissions: UInt32, userID: UInt32, groupID: UInt32, backlog: Int32
    ) throws(SystemCallError) -> FileDescriptor {
        let type = Self.type(kind)
        let fd = try retryingOnInterrupt("listen", path) {
            path.withCString { amos_listen_unix($0, type, permissions, userID, groupID, backlog) }
        }
        return FileDescriptor(owning: Int32(fd))
    }

    /// TCP (`stream`) or UDP (`datagram`); `address` has 4 or 16 bytes, in network order. The machine need
    /// not have the address yet (IP_FREEBIND).
    public static func listen(
        onInternet address: [UInt8], port: UInt16, _ kind: Kind, backlog: Int32
    ) throws(SystemCallError) -> FileDescriptor {
        let type = Self.type(kind)
        let fd = try retryingOnInterrupt("listen", "port " + String(port)) {
            address.withUnsafeBytes {
                amos_listen_internet($0.baseAddress, $0.count, port, type, backlog)
            }
        }
        return FileDescriptor(owning: Int32(fd))
    }

    /// Whether a stream socket still takes connections: a service may have shut it down (`shutdown(2)`).
    public static func isListening(_ descriptor: borrowing FileDescriptor) -> Bool {
        amos_is_listening(descriptor.rawValue) != 0
    }

    private static func type(_ kind: Kind) -> Int32 {
        switch kind {
        case .stream: Int32(AMOS_STREAM)
        case .datagram: Int32(AMOS_DGRAM)
        case .sequentialPackets: Int32(AMOS_SEQPACKET)
        }
    }
}

/// A datagram with what the kernel says about its sender (SCM_CREDENTIALS), and the descriptors that came
/// with it (SCM_RIGHTS); those that nobody keeps are closed with it.
public struct NotificationPacket {
    public let bytes: [UInt8]
    public let sender: Int32
    public let userID: UInt32
    public let descriptors: [HeldDescriptor]
    /// There were more descriptors than the limit, or than this process could open.
    public let isCut: Bool
}

extension LocalSocket {
    /// What one message may carry; more are closed unseen. The reference implementation sends one to three.
    public static let descriptorLimit = Int(AMOS_PASSED_LIMIT)

    /// The next notification; nil when there is none. Never waits.
    public borrowing func receiveNotification(limit: Int) throws(SystemCallError) -> NotificationPacket? {
        let number = descriptor.rawValue
        // PID 1 looks before it reaps, and mostly in vain: that must cost no memory.
        guard amos_has_packet(number) != 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: limit)
        var passed = [Int32](repeating: -1, count: Self.descriptorLimit)
        var sender = amos_sender()
        let count: Int
        do throws(SystemCallError) {
            count = try retryingOnInterrupt("receive") {
                bytes.withUnsafeMutableBytes { buffer in
                    passed.withUnsafeMutableBufferPointer { passed in
                        amos_receive_notification(
                            number, buffer.baseAddress, buffer.count, passed.baseAddress, Int32(passed.count),
                            &sender)
                    }
                }
            }
        } catch  where error.code == SystemCallError.wouldBlock {
            return nil
        }
        bytes.removeLast(limit - count)
        var descriptors: [HeldDescriptor] = []
        for index in 0..<Int(sender.passed) {
            descriptors.append(HeldDescriptor(FileDescriptor(owning: passed[index])))
        }
        return NotificationPacket(
            bytes: bytes, sender: sender.process, userID: sender.user, descriptors: descriptors,
            isCut: sender.is_cut != 0)
    }
}

extension ChildProcess {
    /// The leader of a process's session (`getsid(2)`); nil when the process has gone.
    public static func session(of process: Int32) -> Int32? {
        let leader = amos_session_of(process)
        return leader > 0 ? Int32(leader) : nil
    }
}

extension SystemCallError {
    /// This process, or the whole system, may open no more files.
    public var isDescriptorExhaustion: Bool { code == EMFILE || code == ENFILE }
}
