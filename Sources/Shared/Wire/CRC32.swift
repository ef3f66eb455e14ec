/// CRC-32 (IEEE 802.3, reflected, as in gzip and GPT): finds torn and rotten bytes, not malice.
public struct CRC32: Sendable {
    private var state: UInt32 = 0xffff_ffff

    public init() {}

    public mutating func update(_ byte: UInt8) {
        state ^= UInt32(byte)
        state = Self.nibble(state & 15) ^ (state >> 4)
        state = Self.nibble(state & 15) ^ (state >> 4)
    }

    public mutating func update(_ bytes: Span<UInt8>) {
        for index in bytes.indices { update(bytes[index]) }
    }

    public var value: UInt32 { ~state }

    public static func of(_ bytes: [UInt8]) -> UInt32 { of(bytes.span) }

    public static func of(_ bytes: Span<UInt8>) -> UInt32 {
        var sum = CRC32()
        sum.update(bytes)
        return sum.value
    }

    /// One step for four bits; sixteen cases instead of a 1 KiB table that every small program would carry.
    private static func nibble(_ index: UInt32) -> UInt32 {
        switch index {
        case 0: 0x0000_0000
        case 1: 0x1db7_1064
        case 2: 0x3b6e_20c8
        case 3: 0x26d9_30ac
        case 4: 0x76dc_4190
        case 5: 0x6b6b_51f4
        case 6: 0x4db2_6158
        case 7: 0x5005_713c
        case 8: 0xedb8_8320
        case 9: 0xf00f_9344
        case 10: 0xd6d6_a3e8
        case 11: 0xcb61_b38c
        case 12: 0x9b64_c2b0
        case 13: 0x86d3_d2d4
        case 14: 0xa00a_e278
        default: 0xbdbd_f21c
        }
    }
}
