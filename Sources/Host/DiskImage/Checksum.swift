import CZlib

/// The two cyclic redundancy checks that the formats of this module use.
enum Checksum {
    /// IEEE 802.3, as in GPT; zlib has it.
    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        UInt32(truncatingIfNeeded: CZlib.crc32(0, bytes, UInt32(bytes.count)))
    }

    /// Castagnoli without the final inversion, as the EROFS superblock uses it; a few kilobytes per image, so
    /// a bit at a time is fast enough.
    static func crc32c(_ bytes: some Sequence<UInt8>) -> UInt32 {
        var crc: UInt32 = 0xffff_ffff
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc >> 1 ^ (crc & 1 == 1 ? 0x82f6_3b78 : 0) }
        }
        return crc
    }
}
