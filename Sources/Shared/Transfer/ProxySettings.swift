import Wire

/// The proxy that everything goes through but what is named.
public struct ProxySettings: Sendable {
    public let host: String
    public let port: UInt16
    /// `USER:PASSWORD@`, or nothing.
    public let credentials: String
    /// Hosts, and domains as `.example.com`, that are reached directly.
    private let direct: [String]

    /// - Parameters:
    ///   - text: as in `http_proxy`, the scheme `http://` may be missing.
    ///   - direct: as in `no_proxy`: names and domains with commas between them; `*`: all.
    public init?(_ text: String, except direct: String = "") {
        var bytes = Array(text.utf8)
        if bytes.starts(with: "http://".utf8) { bytes.removeFirst(7) }
        if bytes.last == 0x2f { bytes.removeLast() }
        let start = (bytes.lastIndex(of: 0x40) ?? -1) + 1
        let place = String(decoding: bytes[start...], as: UTF8.self)
        // As an address has it; this also refuses what cannot be sent.
        guard bytes.count <= 200, let address = try? WebAddress("http://" + place) else { return nil }
        (host, port) = (address.host, address.port)
        credentials = String(decoding: bytes[..<start], as: UTF8.self)
        self.direct = Array(direct.utf8).split(separator: 0x2c).map {
            String(decoding: $0.filter { $0 != 0x20 }, as: UTF8.self)
        }
    }

    public func isUsed(for address: WebAddress) -> Bool {
        for name in direct {
            if UTF8Text.equal(name, "*") || UTF8Text.equal(name, address.host) { return false }
            let suffix = name.utf8.first == 0x2e ? Array(name.utf8) : [0x2e] + Array(name.utf8)
            if Array(address.host.utf8).suffix(suffix.count).elementsEqual(suffix) { return false }
        }
        return true
    }
}
