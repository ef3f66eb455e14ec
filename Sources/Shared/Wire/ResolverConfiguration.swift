/// What dhcpcd has learned about an interface (its hook's environment, dhcpcd-run-hooks(8)), and the
/// `/run/resolv.conf` that follows from it. Servers are not trusted: only what looks right gets into the
/// file.
public struct ResolverConfiguration: Equatable, Sendable {
    /// resolv.conf(5), MAXNS: further servers are ignored by the resolver.
    public static let serverLimit = 3

    public enum Change: Equatable, Sendable {
        /// The interface has an address.
        case gained
        case lost
        /// Nothing that concerns names.
        case none
    }

    public let change: Change
    private let servers: [UInt8]
    private let domains: [UInt8]

    /// From `$reason`, `$new_domain_name_servers` and `$new_domain_search` or `$new_domain_name`.
    public init(reason: String, servers: String, domains: String) {
        change = Self.change(reason)
        self.servers = Array(servers.utf8)
        self.domains = Array(domains.utf8)
    }

    public var file: [UInt8] {
        var text = Array("# Written by amos-netconf.\n".utf8)
        guard change == .gained else { return text }
        let names = words(domains, Self.isNameByte, lengthLimit: 253, countLimit: 6)
        if !names.isEmpty {
            text.append(contentsOf: "search".utf8)
            for name in names { text.append(contentsOf: [UInt8(ascii: " ")] + name) }
            text.append(UInt8(ascii: "\n"))
        }
        for server in words(servers, Self.isAddressByte, lengthLimit: 45, countLimit: Self.serverLimit) {
            text.append(contentsOf: Array("nameserver ".utf8) + server + [UInt8(ascii: "\n")])
        }
        return text
    }

    private static func change(_ reason: String) -> Change {
        func isOne(of reasons: [StaticString]) -> Bool {
            reasons.contains { candidate in
                candidate.withUTF8Buffer { reason.utf8.elementsEqual($0) }
            }
        }
        if isOne(of: ["BOUND", "RENEW", "REBIND", "REBOOT", "INFORM", "STATIC", "TIMEOUT"]) {
            return .gained
        }
        if isOne(of: ["EXPIRE", "RELEASE", "STOP", "DEPARTED", "NAK"]) { return .lost }
        return .none
    }

    private func words(
        _ text: [UInt8], _ isAllowed: (UInt8) -> Bool, lengthLimit: Int, countLimit: Int
    ) -> [[UInt8]] {
        var found: [[UInt8]] = []
        for word in text.split(separator: UInt8(ascii: " ")) where found.count < countLimit {
            if word.count <= lengthLimit, word.allSatisfy(isAllowed) { found.append(Array(word)) }
        }
        return found
    }

    private static func isAddressByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: ":"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
