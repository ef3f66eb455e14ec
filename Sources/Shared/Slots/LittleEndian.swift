extension Array where Element == UInt8 {
    mutating func store(_ value: UInt64, at offset: Int) {
        for index in 0..<8 { self[offset + index] = UInt8(truncatingIfNeeded: value >> UInt64(8 * index)) }
    }

    mutating func replace(at offset: Int, with bytes: [UInt8]) {
        for index in 0..<bytes.count { self[offset + index] = bytes[index] }
    }
}

extension Span where Element == UInt8 {
    func load(at offset: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<8 { value |= UInt64(self[offset + index]) << UInt64(8 * index) }
        return value
    }

    func copy(at offset: Int, count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        for index in offset..<offset + count { bytes.append(self[index]) }
        return bytes
    }
}

/// CRC-32C (Castagnoli, reflected, RFC 3720 B.4), bit by bit: half a kilobyte per boot does not earn a table.
func crc32c(_ bytes: Span<UInt8>) -> UInt32 {
    var remainder: UInt32 = 0xffff_ffff
    for index in 0..<bytes.count {
        remainder ^= UInt32(bytes[index])
        for _ in 0..<8 { remainder = remainder >> 1 ^ (remainder & 1 == 1 ? 0x82f6_3b78 : 0) }
    }
    return ~remainder
}
