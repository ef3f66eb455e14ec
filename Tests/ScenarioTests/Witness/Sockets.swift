import Glibc

/// A socket address of either family.
struct Address {
    private var storage = sockaddr_storage()
    private(set) var size: socklen_t

    /// A path, or a port of this machine.
    init(_ text: String) {
        if let port = UInt16(text) {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            size = socklen_t(MemoryLayout<sockaddr_in>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_in.self) }
        } else {
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { field in
                field.copyBytes(from: text.utf8.prefix(field.count - 1))
                // The abstract namespace.
                if text.hasPrefix("@") { field[0] = 0 }
            }
            let used = MemoryLayout.offset(of: \sockaddr_un.sun_path)! + text.utf8.count
            size = socklen_t(text.hasPrefix("@") ? used : MemoryLayout<sockaddr_un>.size)
            withUnsafeMutableBytes(of: &storage) { $0.storeBytes(of: address, as: sockaddr_un.self) }
        }
    }

    func with<Value>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Value) -> Value {
        withUnsafePointer(to: storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, size) }
        }
    }
}

enum Sockets {
    /// sd_listen_fds(3): the first descriptor that is handed over.
    static let first: Int32 = 3

    private static func variable(_ name: String) -> String {
        getenv(name).map { String(cString: $0) } ?? ""
    }

    static var count: Int32 { Int32(variable("LISTEN_FDS")) ?? 0 }

    /// Names, number, and the text of those that are files.
    static func handedOver() -> String {
        var text = "names=\(variable("LISTEN_FDNAMES")) count=\(count)"
        if count > 0, Int32(variable("LISTEN_PID")) != getpid() { text += " for-another-process" }
        for descriptor in first..<(first + count) {
            var buffer = [UInt8](repeating: 0, count: 256)
            let length = pread(descriptor, &buffer, buffer.count, 0)
            if length > 0 { text += " \"" + Bytes(Array(buffer[..<length])).text + "\"" }
        }
        return text
    }

    private static func option(_ descriptor: Int32, _ name: Int32) -> Int32 {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, name, &value, &size)
        return value
    }

    /// One request after the other, from all of them.
    static func serve(count limit: Int) {
        var entries = (first..<(first + count)).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        var served = 0
        while served < limit, poll(&entries, nfds_t(entries.count), -1) >= 0 {
            for entry in entries where entry.revents != 0 && served < limit {
                served += 1
                if option(entry.fd, SO_ACCEPTCONN) != 0 {
                    let connection = accept(entry.fd, nil, nil)
                    answer(connection)
                    close(connection)
                } else {
                    answer(entry.fd)
                }
            }
        }
    }

    private static func answer(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 4096)
        var sender = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &sender) { sender in
            sender.withMemoryRebound(to: sockaddr.self, capacity: 1) { sender in
                let length = recvfrom(descriptor, &buffer, buffer.count, 0, sender, &size)
                guard length > 0 else { return }
                let text = Array("\(getpid()): ".utf8) + buffer[..<length]
                if size > 2 {
                    sendto(descriptor, text, text.count, 0, sender, size)
                } else {
                    write(descriptor, text, text.count)
                }
            }
        }
    }

    /// Sends, and keeps the connection.
    static func send(_ kind: String, _ address: String, _ bytes: [UInt8]) -> Int32 {
        let types = ["stream": SOCK_STREAM, "datagram": SOCK_DGRAM, "packets": SOCK_SEQPACKET]
        guard let type = types[kind] else { Witness.fail("witness: no kind '\(kind)'") }
        let family = UInt16(address) == nil ? AF_UNIX : AF_INET
        let descriptor = socket(family, Int32(type.rawValue), 0)
        if kind == "datagram", family == AF_UNIX {
            // Only who has an address gets an answer; this one goes with the socket.
            Address("@witness-\(getpid())").with { _ = bind(descriptor, $0, $1) }
        }
        guard Address(address).with({ connect(descriptor, $0, $1) }) == 0 else {
            Witness.fail("witness: cannot connect to \(address): \(String(cString: strerror(errno)))")
        }
        guard Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else {
            Witness.fail("witness: cannot send: \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    /// Sends, and waits for one answer.
    static func exchange(_ kind: String, _ address: String, _ bytes: [UInt8]) -> Bytes {
        let descriptor = send(kind, address, bytes)
        var buffer = [UInt8](repeating: 0, count: 8192)
        let length = recv(descriptor, &buffer, buffer.count, 0)
        guard length >= 0 else { Witness.fail("witness: no answer: \(String(cString: strerror(errno)))") }
        return Bytes(Array(buffer[..<length]))
    }
}

/// sd_notify(3).
enum Notification {
    static func send(_ text: String) { send(text, with: nil) }

    /// A file without a name, for FDSTORE=1.
    static func store(name: String, text: String) {
        var path = Array("/tmp/witness.XXXXXX".utf8CString)
        let file = mkstemp(&path)
        unlink(path)
        let bytes = Array(text.utf8)
        write(file, bytes, bytes.count)
        send("FDSTORE=1\nFDNAME=\(name)", with: file)
        close(file)
    }

    private static func send(_ text: String, with passed: Int32?) {
        guard let path = getenv("NOTIFY_SOCKET").map({ String(cString: $0) }) else {
            Witness.fail("witness: no NOTIFY_SOCKET")
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        defer { close(descriptor) }
        guard Address(path).with({ connect(descriptor, $0, $1) }) == 0 else {
            Witness.fail("witness: cannot connect to \(path): \(String(cString: strerror(errno)))")
        }
        var bytes = Array(text.utf8)
        // `struct cmsghdr` and one descriptor, rounded up to eight bytes.
        var control = [UInt8](repeating: 0, count: 24)
        control.withUnsafeMutableBytes {
            $0.storeBytes(of: 20, toByteOffset: 0, as: UInt64.self)
            $0.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
            $0.storeBytes(of: 1, toByteOffset: 12, as: Int32.self)  // SCM_RIGHTS
            $0.storeBytes(of: passed ?? -1, toByteOffset: 16, as: Int32.self)
        }
        let sent = bytes.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var part = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &part) { part in
                    var message = msghdr()
                    message.msg_iov = part
                    message.msg_iovlen = 1
                    if passed != nil {
                        message.msg_control = control.baseAddress
                        message.msg_controllen = control.count
                    }
                    return sendmsg(descriptor, &message, 0)
                }
            }
        }
        if sent < 0 { Witness.fail("witness: cannot notify: \(String(cString: strerror(errno)))") }
    }
}
