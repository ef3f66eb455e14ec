import HostSystem

/// 16 bytes that name a file system, a disk or a partition.
///
/// Derived from a seed text instead of drawn at random: equal inputs must give equal images.
public struct ImageUUID: Hashable, Sendable, CustomStringConvertible {
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        precondition(bytes.count == 16, "a UUID has 16 bytes")
        self.bytes = bytes
    }

    /// The first 16 bytes of the seed's SHA-256, marked as version 8 (RFC 9562: "vendor specific").
    public init(seed: String) {
        var bytes = Array(SHA256Digest.of(seed.utf8).bytes.prefix(16))
        bytes[6] = bytes[6] & 0x0f | 0x80
        bytes[8] = bytes[8] & 0x3f | 0x80
        self.bytes = bytes
    }

    /// From the usual text, 8-4-4-4-12 hex digits; nil if it is anything else.
    public init?(_ text: String) {
        let groups = text.split(separator: "-", omittingEmptySubsequences: false)
        guard groups.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = Array(groups.joined().utf8)
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: 32, by: 2) {
            let pair = String(decoding: digits[index...index + 1], as: UTF8.self)
            guard !pair.hasPrefix("+"), let byte = UInt8(pair, radix: 16) else { return nil }
            bytes.append(byte)
        }
        self.bytes = bytes
    }

    public var description: String {
        let hex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return [hex[0..<4], hex[4..<6], hex[6..<8], hex[8..<10], hex[10..<16]].map { $0.joined() }
            .joined(separator: "-")
    }

    /// As GPT stores it: the first three groups little-endian, the rest as printed (UEFI 2.10, appendix A).
    var mixedEndian: [UInt8] {
        bytes[0..<4].reversed() + bytes[4..<6].reversed() + bytes[6..<8].reversed() + bytes[8...]
    }

    init(mixedEndian stored: some Collection<UInt8>) {
        let raw = Array(stored)
        self.init(
            bytes: raw[0..<4].reversed() + raw[4..<6].reversed() + raw[6..<8].reversed() + raw[8..<16])
    }
}
