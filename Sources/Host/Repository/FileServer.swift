import Foundation
import HostSystem

/// A small web server for one folder, on loopback: GET and HEAD, ranges, one request per connection. For
/// trying a repository; whatever serves files serves millions of handsets better.
public struct FileServer: ~Copyable {
    /// A request's head; longer ones are refused.
    static let headLimit = 16_384
    /// A client that sends or takes nothing for this long is let go.
    static let idleSeconds = 10
    /// The bytes that one read takes from a file.
    private static let pieceSize = 1 << 16

    private let listener: Int32
    private let folder: String
    public let port: UInt16

    /// - Parameter port: 0: a free one.
    public init(folder: String, port: UInt16) throws(RepositoryError) {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard listener >= 0 else { throw .cannotServe(String(cString: strerror(errno))) }
        var yes: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        guard isBound else {
            let reason = String(cString: strerror(errno))
            close(listener)
            throw .cannotServe("port \(port): \(reason)")
        }
        self.listener = listener
        self.folder = folder
        self.port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(listener) }

    /// Until the process ends.
    /// - Parameter log: gets each request's line and status.
    public func run(log: @escaping @Sendable (String, Int) -> Void) {
        // A client that goes away is no reason to end.
        signal(SIGPIPE, SIG_IGN)
        while true {
            let connection = accept(listener, nil, nil)
            guard connection >= 0 else { continue }
            let folder = folder
            DispatchQueue.global().async {
                let (line, status) = Self.answer(connection, folder)
                close(connection)
                log(line, status)
            }
        }
    }

    private static func answer(_ connection: Int32, _ folder: String) -> (String, Int) {
        var patience = timeval(tv_sec: idleSeconds, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(connection, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
        }
        guard let request = FileRequest(readHead(connection)) else {
            send(connection, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return ("unreadable request", 400)
        }
        let file = request.path.map { open("\(folder)/\($0)", O_RDONLY | O_CLOEXEC) } ?? -1
        defer { if file >= 0 { close(file) } }
        var status = stat()
        guard file >= 0, fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            send(connection, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return (request.line, 404)
        }
        let size = Int64(status.st_size)
        let range = request.range(of: size)
        guard let range else {
            send(
                connection,
                "HTTP/1.1 416 Range Not Satisfiable\r\nContent-Range: bytes */\(size)\r\n"
                    + "Content-Length: 0\r\nConnection: close\r\n\r\n")
            return (request.line, 416)
        }
        let isPart = request.hasRange
        let head =
            "HTTP/1.1 \(isPart ? "206 Partial Content" : "200 OK")\r\nAccept-Ranges: bytes\r\n"
            + (isPart ? "Content-Range: bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)\r\n" : "")
            + "Content-Length: \(range.count)\r\nConnection: close\r\n\r\n"
        if send(connection, head), !request.isHead { copy(file, range, to: connection) }
        return (request.line, isPart ? 206 : 200)
    }

    private static func readHead(_ connection: Int32) -> [UInt8] {
        var head: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while head.count < headLimit {
            let count = recv(connection, &piece, piece.count, 0)
            guard count > 0 else { return [] }
            head += piece[..<count]
            if head.suffix(count + 3).contains([13, 10, 13, 10]) { return head }
        }
        return []
    }

    private static func copy(_ file: Int32, _ range: Range<Int64>, to connection: Int32) {
        var piece = [UInt8](repeating: 0, count: pieceSize)
        var place = range.lowerBound
        while place < range.upperBound {
            let count = pread(file, &piece, min(piece.count, Int(range.upperBound - place)), off_t(place))
            guard count > 0, send(connection, piece[..<count]) else { return }
            place += Int64(count)
        }
    }

    @discardableResult
    private static func send(_ connection: Int32, _ text: String) -> Bool {
        send(connection, Array(text.utf8)[...])
    }

    private static func send(_ connection: Int32, _ bytes: ArraySlice<UInt8>) -> Bool {
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Foundation.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}

/// The head of a GET or HEAD request (RFC 9112).
struct FileRequest {
    let line: String
    let isHead: Bool
    /// Below the folder; nil: it would leave it.
    let path: String?
    /// `bytes=first-last`, of which either may be missing.
    private let wanted: (first: Int64?, last: Int64?)?

    init?(_ head: [UInt8]) {
        let lines = String(decoding: head, as: UTF8.self).components(separatedBy: "\r\n")
        let words = lines[0].split(separator: " ")
        guard words.count == 3, words[0] == "GET" || words[0] == "HEAD", words[2].hasPrefix("HTTP/1.") else {
            return nil
        }
        line = lines[0]
        isHead = words[0] == "HEAD"
        let name = String(words[1].prefix { $0 != "?" }).removingPercentEncoding
        let parts = name?.split(separator: "/") ?? [".."]
        path = parts.contains("..") || name?.contains("\0") == true ? nil : parts.joined(separator: "/")
        let field = lines.first { $0.lowercased().hasPrefix("range:") }
        wanted = field.flatMap { Self.range($0.dropFirst("range:".count)) }
    }

    var hasRange: Bool { wanted != nil }

    /// nil: none of the file's bytes.
    func range(of size: Int64) -> Range<Int64>? {
        guard let wanted else { return 0..<size }
        guard let first = wanted.first else {
            let count = min(wanted.last ?? 0, size)
            return count > 0 ? size - count..<size : nil
        }
        let last = min(wanted.last ?? .max, size - 1)
        return first <= last ? first..<last + 1 : nil
    }

    /// Several ranges at once are answered with the whole file, as any server may.
    private static func range(_ field: Substring) -> (first: Int64?, last: Int64?)? {
        let text = field.filter { $0 != " " }
        guard text.hasPrefix("bytes="), !text.contains(",") else { return nil }
        let ends = text.dropFirst("bytes=".count).split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.contains(where: { !$0.isEmpty }),
            ends.allSatisfy({ $0.allSatisfy(\.isNumber) })
        else { return nil }
        return (Int64(ends[0]), Int64(ends[1]))
    }
}
