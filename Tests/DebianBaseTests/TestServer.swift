import Foundation

/// A web server for one folder on the loopback interface that can be told to hang up in the middle of a file.
final class TestServer: @unchecked Sendable {
    struct Request: Equatable {
        var path: String
        var rangeStart: Int?
    }

    let port: UInt16
    private let folder: String
    private let listener: Int32
    private let lock = NSLock()
    private var seen: [Request] = []
    private var limit: Int?

    var address: String { "http://127.0.0.1:\(port)/" }
    var requests: [Request] { lock.withLock { seen } }

    /// How many bytes of a file it sends before it hangs up; a continued download then gets nothing.
    var cutAfter: Int? {
        get { lock.withLock { limit } }
        set { lock.withLock { limit = newValue } }
    }

    init(folder: String) {
        self.folder = folder
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, $0, &size) == 0
            }
        }
        guard bound else { fatalError("no port on the loopback interface") }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in accept() }
    }

    func stop() { shutdown(listener, Int32(SHUT_RDWR)) }

    private func accept() {
        while true {
            let connection = Foundation.accept(listener, nil, nil)
            if connection < 0 { break }
            Thread.detachNewThread { [self] in
                while answer(connection) {}
                close(connection)
            }
        }
        close(listener)
    }

    /// Answers one request; false when the connection is to be closed.
    private func answer(_ connection: Int32) -> Bool {
        var head: [UInt8] = []
        var byte: UInt8 = 0
        while !head.suffix(4).elementsEqual(Array("\r\n\r\n".utf8)) {
            guard recv(connection, &byte, 1, 0) == 1, head.count < 16_384 else { return false }
            head.append(byte)
        }
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        let path = lines[0].split(separator: " ").dropFirst().first.map(String.init) ?? "/"
        let range = lines.first { $0.lowercased().hasPrefix("range: bytes=") }
            .flatMap { Int($0.dropFirst("range: bytes=".count).prefix { $0.isNumber }) }
        lock.withLock { seen.append(Request(path: path, rangeStart: range)) }
        guard let file = FileManager.default.contents(atPath: folder + path) else {
            return send(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", [])
        }
        let start = min(range ?? 0, file.count)
        var head2 = range == nil ? "HTTP/1.1 200 OK\r\n" : "HTTP/1.1 206 Partial Content\r\n"
        if range != nil { head2 += "Content-Range: bytes \(start)-\(file.count - 1)/\(file.count)\r\n" }
        head2 +=
            "Content-Length: \(file.count - start)\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n"
        let body = [UInt8](file[start...])
        guard let limit = cutAfter else { return send(connection, head2, body) }
        _ = send(connection, head2, Array(body.prefix(max(0, limit - start))))
        return false
    }

    private func send(_ connection: Int32, _ head: String, _ body: [UInt8]) -> Bool {
        let bytes = Array(head.utf8) + body
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                Foundation.send(
                    connection, $0.baseAddress! + done, bytes.count - done, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { return false }
            done += count
        }
        return true
    }
}
