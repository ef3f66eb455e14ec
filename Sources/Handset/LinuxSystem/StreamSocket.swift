import CLinux
import Wire

/// Stream sockets that never wait, and that other programs' data passes through.
public enum StreamSocket {
    /// A Unix socket at a path, or in the abstract name space.
    public static func connect(
        toLocal name: [UInt8], isAbstract: Bool
    ) throws(SystemCallError) -> FileDescriptor {
        let number = try retryingOnInterrupt("connect", String(decoding: name, as: UTF8.self)) {
            name.withUnsafeBytes {
                amos_connect_local_stream($0.baseAddress, $0.count, isAbstract ? 1 : 0)
            }
        }
        return FileDescriptor(owning: Int32(number))
    }

    /// 127.0.0.1. The connection may still be under way: `error(of:)` tells once it is writable.
    public static func connect(toLoopback port: UInt16) throws(SystemCallError) -> FileDescriptor {
        let number = try retryingOnInterrupt("connect", "port " + String(port)) {
            amos_connect_loopback(port)
        }
        return FileDescriptor(owning: Int32(number))
    }

    public static func listen(
        atLocal name: [UInt8], isAbstract: Bool
    ) throws(SystemCallError) -> FileDescriptor {
        let number = try retryingOnInterrupt("listen", String(decoding: name, as: UTF8.self)) {
            name.withUnsafeBytes { amos_listen_local_stream($0.baseAddress, $0.count, isAbstract ? 1 : 0) }
        }
        return FileDescriptor(owning: Int32(number))
    }

    /// On 127.0.0.1; port 0: any free one, which is told.
    public static func listen(
        onLoopback port: UInt16, chosen: inout UInt16
    ) throws(SystemCallError) -> FileDescriptor {
        let number = try retryingOnInterrupt("listen", "port " + String(port)) {
            amos_listen_loopback(port, &chosen)
        }
        return FileDescriptor(owning: Int32(number))
    }

    /// The next connection to a listening socket; nil when nobody waits. `address`: 4 or 16 bytes, empty for
    /// Unix sockets.
    public static func accept(
        _ listener: borrowing FileDescriptor, address: inout [UInt8]
    ) throws(SystemCallError) -> FileDescriptor? {
        let number = listener.rawValue
        var bytes = [UInt8](repeating: 0, count: 16)
        var count: Int32 = 0
        do throws(SystemCallError) {
            let peer = try retryingOnInterrupt("accept") { amos_accept_peer(number, &bytes, &count) }
            address = Array(bytes.prefix(Int(count)))
            return FileDescriptor(owning: Int32(peer))
        } catch  where error.code == SystemCallError.wouldBlock || error.code == ECONNABORTED {
            return nil
        }
    }

    /// How a connection attempt ended, once it has: 0, or an errno.
    public static func error(of socket: borrowing FileDescriptor) -> Int32 {
        Int32(-amos_socket_error(socket.rawValue))
    }

    /// No more bytes will be sent (`shutdown(2)`).
    public static func shutWriting(_ socket: borrowing FileDescriptor) {
        _ = amos_shut_writing(socket.rawValue)
    }
}

extension FileDescriptor {
    /// O_NONBLOCK, or not.
    public borrowing func setBlocking(_ blocks: Bool) throws(SystemCallError) {
        let number = rawValue
        try retryingOnInterrupt("fcntl") { amos_set_blocking(number, blocks ? 1 : 0) }
    }

    /// Fills `bytes` from the given place, once; nil: nothing has come yet. 0: the end.
    public borrowing func readIfReady(
        into bytes: inout [UInt8], from start: Int
    ) throws(SystemCallError) -> Int? {
        let number = rawValue
        var span = bytes.mutableSpan
        do throws(SystemCallError) {
            return try span.withUnsafeMutableBytes { buffer throws(SystemCallError) in
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
                return try retryingOnInterrupt("read") { amos_read(number, rest.baseAddress, rest.count) }
            }
        } catch  where error.code == SystemCallError.wouldBlock {
            return nil
        }
    }

    /// How many bytes were taken; 0: none at the moment.
    public borrowing func writeIfReady(_ bytes: Span<UInt8>) throws(SystemCallError) -> Int {
        do throws(SystemCallError) {
            return try writeOnce(bytes)
        } catch  where error.code == SystemCallError.wouldBlock {
            return 0
        }
    }
}

/// Bytes that nobody can foresee (`getrandom(2)`).
public enum RandomBytes {
    public static func make(_ count: Int) throws(SystemCallError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let made = try retryingOnInterrupt("getrandom") {
            bytes.withUnsafeMutableBytes { amos_random($0.baseAddress, $0.count) }
        }
        guard made == count else { throw SystemCallError("getrandom", code: EIO) }
        return bytes
    }
}

extension Array where Element == UInt8 {
    /// All of `bytes` behind what is there.
    public mutating func append(copying bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }

    /// Room for `count` bytes that are written next; until then they hold anything.
    public mutating func grow(by count: Int) {
        self += [UInt8](unsafeUninitializedCapacity: count) { $1 = count }
    }
}

extension FileDescriptor {
    /// FD_CLOEXEC, for descriptors that came from elsewhere.
    public borrowing func closeOnExecute() throws(SystemCallError) {
        let number = rawValue
        try retryingOnInterrupt("fcntl") { amos_close_on_execute(number) }
    }
}

extension LocalSocket {
    public consuming func takeDescriptor() -> FileDescriptor { descriptor }
}

extension SystemCallError {
    /// A connection attempt goes on.
    public var isNotConnectedYet: Bool { code == ENOTCONN || code == EINPROGRESS || code == EALREADY }
}
