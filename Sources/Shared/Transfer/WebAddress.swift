import Wire

/// An http or https address (RFC 3986, RFC 9110), in the parts that a client needs.
public struct WebAddress: Equatable, Sendable {
    /// Longer than any address that a repository or an app has; what a server may redirect to ends here, too.
    public static let byteLimit = 2000
    private static let hostLimit = 253

    public let isSecure: Bool
    /// A name or a numeric address; IPv6 without brackets.
    public let host: String
    public let port: UInt16
    /// From the first slash on, with the query.
    public let path: String

    init(isSecure: Bool, host: String, port: UInt16, path: String) {
        (self.isSecure, self.host, self.port, self.path) = (isSecure, host, port, path)
    }

    public init(_ text: String) throws(TransferError) {
        let bytes = Array(text.utf8)
        guard bytes.count <= Self.byteLimit, bytes.allSatisfy(Self.isAllowed) else {
            throw .badAddress(UTF8Text.cut(text, 100))
        }
        let isSecure = Self.starts(bytes, "https://")
        guard isSecure || Self.starts(bytes, "http://") else { throw .badAddress(UTF8Text.cut(text, 100)) }
        let rest = bytes[(isSecure ? 8 : 7)...]
        let end = rest.firstIndex { $0 == 0x2f || $0 == 0x3f || $0 == 0x23 } ?? rest.endIndex
        guard let (host, port) = Self.authority(rest[..<end], isSecure ? 443 : 80) else {
            throw .badAddress(UTF8Text.cut(text, 100))
        }
        // What stands behind # is the reader's own, and is not sent.
        let path = rest[end...].prefix { $0 != 0x23 }
        let slash: [UInt8] = path.first == 0x2f ? [] : [0x2f]
        self.init(
            isSecure: isSecure, host: host, port: port,
            path: String(decoding: slash + Array(path), as: UTF8.self))
    }

    public static func == (left: Self, right: Self) -> Bool {
        left.isSecure == right.isSecure && left.port == right.port && UTF8Text.equal(left.host, right.host)
            && UTF8Text.equal(left.path, right.path)
    }

    /// Printable ASCII without what ends a line or a field.
    private static func isAllowed(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f }

    private static func starts(_ bytes: [UInt8], _ prefix: StaticString) -> Bool {
        let wanted = Array(prefix.description.utf8)
        guard bytes.count >= wanted.count else { return false }
        for (index, byte) in wanted.enumerated() where lower(bytes[index]) != byte { return false }
        return true
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte }

    /// No user or password: they would end up in logs.
    private static func authority(_ bytes: ArraySlice<UInt8>, _ standard: UInt16) -> (String, UInt16)? {
        guard !bytes.contains(0x40) else { return nil }
        var host = bytes
        var port = standard
        let last = bytes.last { $0 == 0x3a || $0 == 0x5d }
        if last == 0x3a, let colon = bytes.lastIndex(of: 0x3a) {
            host = bytes[..<colon]
            let digits = bytes[(colon + 1)...]
            if !digits.isEmpty {
                guard digits.count <= 5, let number = number(digits), number > 0, number < 65_536 else {
                    return nil
                }
                port = UInt16(number)
            }
        }
        if host.first == 0x5b {
            guard host.last == 0x5d else { return nil }
            host = host.dropFirst().dropLast()
            guard host.allSatisfy({ isHexadecimal($0) || $0 == 0x3a || $0 == 0x2e }) else { return nil }
        } else {
            guard host.allSatisfy(isName) else { return nil }
        }
        guard !host.isEmpty, host.count <= hostLimit else { return nil }
        return (String(decoding: host.map(lower), as: UTF8.self), port)
    }

    static func number(_ digits: some Sequence<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        var count = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39, count < 18 else { return nil }
            value = value * 10 + UInt64(digit - 0x30)
            count += 1
        }
        return count == 0 ? nil : value
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        let small = lower(byte)
        return byte >= 0x30 && byte <= 0x39 || small >= 0x61 && small <= 0x66
    }

    private static func isName(_ byte: UInt8) -> Bool {
        let small = lower(byte)
        return small >= 0x61 && small <= 0x7a || byte >= 0x30 && byte <= 0x39
            || byte == 0x2d || byte == 0x2e || byte == 0x5f
    }
}

extension WebAddress {
    /// What connections are kept for: `https://host:port`.
    public var origin: String {
        (isSecure ? "https://" : "http://") + bracketed + ":" + String(port)
    }

    /// As the field Host has it.
    public var hostField: String {
        port == (isSecure ? 443 : 80) ? bracketed : bracketed + ":" + String(port)
    }

    private var bracketed: String { host.utf8.contains(0x3a) ? "[" + host + "]" : host }

    /// Where a redirection leads (RFC 3986, section 5.2, as far as servers use it). Never from https to http:
    /// whoever sits on the way could read and change everything then.
    public func redirected(to location: String) throws(TransferError) -> WebAddress {
        let bytes = Array(location.utf8)
        let target: WebAddress
        if Self.starts(bytes, "http://") || Self.starts(bytes, "https://") {
            target = try WebAddress(location)
        } else if Self.starts(bytes, "//") {
            target = try WebAddress((isSecure ? "https:" : "http:") + location)
        } else if bytes.first == 0x2f {
            target = try WebAddress(origin + location)
        } else {
            guard !bytes.isEmpty, !Self.hasScheme(bytes) else {
                throw .badAddress(UTF8Text.cut(location, 100))
            }
            let own = Array(path.utf8).prefix { $0 != 0x3f }
            let folder = own[...(own.lastIndex(of: 0x2f) ?? 0)]
            target = try WebAddress(origin + String(decoding: folder, as: UTF8.self) + location)
        }
        guard target.isSecure || !isSecure else { throw .insecureRedirect(host: target.host) }
        return target
    }

    private static func hasScheme(_ bytes: [UInt8]) -> Bool {
        guard let colon = bytes.firstIndex(of: 0x3a) else { return false }
        return !bytes[..<colon].contains { $0 == 0x2f || $0 == 0x3f }
    }
}
