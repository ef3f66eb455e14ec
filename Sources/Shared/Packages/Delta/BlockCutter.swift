/// Cuts bytes into blocks where their content says so: after an insertion the cuts are soon the same again,
/// so that two versions of a file have most blocks in common wherever these lie.
///
/// A rolling hash of the last 64 bytes (a sum of random numbers, one for each byte's value, shifted one place
/// a byte) ends a block when its upper bits are zero. The numbers are part of the format: whoever cuts
/// differently finds nothing in common.
public struct BlockCutter: Sendable {
    /// Shorter ones would cost more in the list than they save.
    public static let shortest = 8 << 10
    /// A whole one is fetched for one byte that changed.
    public static let longest = 128 << 10
    /// 1 in 32,768 places: blocks of some 40 KiB.
    private static let mask: UInt64 = 0x7fff << 49

    private let table: [UInt64]
    private var hash: UInt64 = 0
    private var length = 0

    public init() {
        // SplitMix64 from 0.
        var state: UInt64 = 0
        table = (0..<256).map { _ in
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
    }

    /// How many of the bytes from `start` on belong to the block that is open, and whether it ends there.
    public mutating func scan(_ bytes: Span<UInt8>, from start: Int) -> (count: Int, ends: Bool) {
        // No cut can be there, and 64 bytes before the first possible one the hash begins.
        var index = start + min(max(0, Self.shortest - 64 - length), bytes.count - start)
        let limit = start + min(bytes.count - start, Self.longest - length)
        let first = start + max(0, Self.shortest - length)
        while index < limit {
            hash = hash << 1 &+ table[Int(bytes[index])]
            index += 1
            if index >= first, hash & Self.mask == 0 {
                (hash, length) = (0, 0)
                return (index - start, true)
            }
        }
        length += index - start
        guard length == Self.longest else { return (index - start, false) }
        (hash, length) = (0, 0)
        return (index - start, true)
    }
}
