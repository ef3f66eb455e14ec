import Wire

/// A numeric IPv4 or IPv6 address.
public struct NetworkAddress: Equatable, Sendable {
    /// 4 or 16, in network order.
    public let bytes: [UInt8]

    public init?(_ text: String) {
        let characters = Array(text.utf8)
        guard characters.count <= 45 else { return nil }
        let found = characters.contains(0x3a) ? Self.six(characters) : Self.four(characters[...])
        guard let found else { return nil }
        bytes = found
    }

    private static func four(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        let parts = text.split(separator: 0x2e, omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            guard part.count <= 3, let value = WebAddress.number(part), value < 256 else { return nil }
            bytes.append(UInt8(value))
        }
        return bytes
    }

    /// RFC 4291, section 2.2: groups, `::` once for groups of zeros, the last four bytes perhaps as IPv4.
    private static func six(_ text: [UInt8]) -> [UInt8]? {
        var front: [UInt8] = []
        var back: [UInt8]?
        var rest = text[...]
        if rest.starts(with: "::".utf8) { (back, rest) = ([], rest.dropFirst(2)) }
        while !rest.isEmpty {
            let group = rest.prefix { $0 != 0x3a }
            let isLast = group.endIndex == rest.endIndex
            guard let value = group.contains(0x2e) && isLast ? four(group) : hexadecimal(group) else {
                return nil
            }
            if back == nil { front += value } else { back?.append(contentsOf: value) }
            if isLast { break }
            rest = rest[(group.endIndex + 1)...]
            guard !rest.isEmpty else { return nil }
            if rest.first == 0x3a {
                guard back == nil else { return nil }
                (back, rest) = ([], rest.dropFirst())
            }
        }
        guard let back else { return front.count == 16 ? front : nil }
        let missing = 16 - front.count - back.count
        return missing >= 2 ? front + [UInt8](repeating: 0, count: missing) + back : nil
    }

    private static func hexadecimal(_ group: ArraySlice<UInt8>) -> [UInt8]? {
        guard !group.isEmpty, group.count <= 4 else { return nil }
        var value: UInt16 = 0
        for byte in group {
            let small = byte | 0x20
            switch small {
            case 0x30...0x39 where byte == small: value = value << 4 | UInt16(small - 0x30)
            case 0x61...0x66: value = value << 4 | UInt16(small - 0x61 + 10)
            default: return nil
            }
        }
        return [UInt8(value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    /// Whether it belongs to somebody else's network (IANA's special-purpose registries): not this machine,
    /// not the network at home, nobody's, everybody's.
    public var isPublic: Bool {
        bytes.count == 4 ? Self.isPublicFour(bytes) : isPublicSix
    }

    private static func isPublicFour(_ bytes: [UInt8]) -> Bool {
        switch (bytes[0], bytes[1], bytes[2]) {
        case (0, _, _), (10, _, _), (127, _, _), (224..., _, _): false
        case (100, 64...127, _), (169, 254, _), (172, 16...31, _), (192, 168, _), (198, 18...19, _): false
        case (192, 0, 0), (192, 0, 2), (198, 51, 100), (203, 0, 113): false
        default: true
        }
    }

    private var isPublicSix: Bool {
        let isMapped = bytes[..<10].allSatisfy { $0 == 0 } && bytes[10] == 0xff && bytes[11] == 0xff
        if isMapped { return Self.isPublicFour(Array(bytes[12...])) }
        // NAT64: the IPv4 address behind it counts (RFC 6052).
        let isTranslated =
            bytes[..<4].elementsEqual([0, 0x64, 0xff, 0x9b]) && bytes[4..<12].allSatisfy { $0 == 0 }
        if isTranslated { return Self.isPublicFour(Array(bytes[12...])) }
        // All of today's Internet is in 2000::/3; documentation, 6to4 and Teredo lie in it.
        guard bytes[0] & 0xe0 == 0x20 else { return false }
        let isDocumentation = bytes[..<4].elementsEqual([0x20, 0x01, 0x0d, 0xb8])
        let isTunnel =
            bytes[..<2].elementsEqual([0x20, 0x02]) || bytes[..<4].elementsEqual([0x20, 0x01, 0, 0])
        return !isDocumentation && !isTunnel
    }
}
