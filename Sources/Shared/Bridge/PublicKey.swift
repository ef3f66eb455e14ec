/// The key of a person's adb, as it comes in AUTH and stands in `adbkey.pub`: base64 of 524 bytes, then
/// usually a space and `user@host`.
///
///     524 bytes   u32 words = 64 | u32 −1/n mod 2³² | modulus, 256 bytes, least significant first
///                 | R² mod n, 256 bytes | u32 exponent
///
/// The two derived numbers are for devices without a library; nothing here uses them.
public struct PublicKey: Equatable, Sendable {
    public static let encodedSize = 524
    static let wordCount: UInt32 = 64
    static let modulusSize = 256
    /// Base64 of the key, a comment, and a NUL: the longest text that is looked at.
    public static let textLimit = 1024
    public static let commentLimit = 128

    /// The 524 bytes: what fingerprints are made of.
    public let encoded: [UInt8]
    /// Most significant byte first, as libraries want it.
    public let modulus: [UInt8]
    public let exponent: UInt32
    /// Who says to have it; printable ASCII.
    public let comment: [UInt8]

    /// nil: not a key, or one that nobody should use (an even modulus, an exponent other than 3 or 65537).
    public init?(text: [UInt8]) {
        guard text.count <= Self.textLimit else { return nil }
        let end = text.firstIndex { $0 == 0 || $0 == 0x0a || $0 == 0x0d } ?? text.count
        let line = text[..<end]
        let space = line.firstIndex { $0 == 0x20 || $0 == 0x09 } ?? line.endIndex
        guard let encoded = Base64.decode(line[..<space]), encoded.count == Self.encodedSize,
            Self.number(encoded, 0) == Self.wordCount
        else { return nil }
        var modulus: [UInt8] = []
        for index in 0..<Self.modulusSize { modulus.append(encoded[8 + Self.modulusSize - 1 - index]) }
        exponent = Self.number(encoded, Self.encodedSize - 4)
        // The top bit is what makes it a key of 2048 bits.
        guard modulus[0] & 0x80 != 0, modulus[Self.modulusSize - 1] & 1 == 1,
            exponent == 65537 || exponent == 3
        else { return nil }
        self.encoded = encoded
        self.modulus = modulus
        var comment: [UInt8] = []
        for byte in line[space...].dropFirst().prefix(Self.commentLimit) {
            comment.append(byte > 0x20 && byte < 0x7f ? byte : UInt8(ascii: "?"))
        }
        self.comment = comment
    }

    /// As a line of a key file, without its end.
    public var line: [UInt8] {
        let key = Base64.encode(encoded)
        return comment.isEmpty ? key : key + [0x20] + comment
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
            | UInt32(bytes[offset + 3]) << 24
    }

    public static func == (left: PublicKey, right: PublicKey) -> Bool { left.encoded == right.encoded }
}

/// RFC 4648, with padding.
public enum Base64 {
    private static let alphabet: StaticString =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

    public static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        var index = 0
        let letters = alphabet.utf8Start
        while index < bytes.count {
            let count = min(3, bytes.count - index)
            var group = UInt32(bytes[index]) << 16
            if count > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if count > 2 { group |= UInt32(bytes[index + 2]) }
            for place in 0..<4 {
                text.append(place <= count ? letters[Int(group >> UInt32(18 - 6 * place) & 63)] : 0x3d)
            }
            index += 3
        }
        return text
    }

    /// nil unless every byte belongs there and what is left over is zero.
    public static func decode(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        guard text.count % 4 == 0 else { return nil }
        let padding = text.suffix(2).reversed().prefix { $0 == 0x3d }.count
        var bytes: [UInt8] = []
        var (group, bits): (UInt32, UInt32) = (0, 0)
        for letter in text.dropLast(padding) {
            guard let value = value(letter) else { return nil }
            group = group << 6 | value
            bits += 6
            if bits >= 8 {
                bits -= 8
                bytes.append(UInt8(truncatingIfNeeded: group >> bits))
            }
        }
        return group & (1 << bits - 1) == 0 ? bytes : nil
    }

    private static func value(_ letter: UInt8) -> UInt32? {
        switch letter {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): UInt32(letter - UInt8(ascii: "A"))
        case UInt8(ascii: "a")...UInt8(ascii: "z"): UInt32(letter - UInt8(ascii: "a")) + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(letter - UInt8(ascii: "0")) + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
