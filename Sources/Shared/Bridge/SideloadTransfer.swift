/// `sideload-host:SIZE:BLOCK`: the handset asks for blocks by number, eight digits each; the peer answers
/// each with that block, the last of which is short; `DONEDONE` and `FAILFAIL` end it.
///
/// This asks for one after the other, once: what a package service reads needs no more.
public struct SideloadTransfer: Sendable {
    public static let blockSizes: ClosedRange<UInt64> = 1...1 << 20
    public static let succeeded: [UInt8] = Array("DONEDONE".utf8)
    public static let failed: [UInt8] = Array("FAILFAIL".utf8)

    public let size: UInt64
    private let blockSize: UInt64
    private var nextBlock: UInt64 = 0
    /// Bytes of the block asked for that have not come.
    private var left: UInt64 = 0

    public init(size: UInt64, blockSize: UInt32) {
        self.size = size
        self.blockSize = UInt64(blockSize)
    }

    public var isComplete: Bool { left == 0 && nextBlock * blockSize >= size }

    /// The number of the next block, as it is sent; nil: one is on its way, or all have come.
    public mutating func nextRequest() -> [UInt8]? {
        // Eight digits name no more blocks than this.
        guard left == 0, !isComplete, nextBlock < 100_000_000 else { return nil }
        left = min(blockSize, size - nextBlock * blockSize)
        let digits = Array(String(nextBlock).utf8)
        nextBlock += 1
        return [UInt8](repeating: 0x30, count: 8 - digits.count) + digits
    }

    /// So many bytes have come; false: more than were asked for.
    public mutating func took(_ count: Int) -> Bool {
        guard UInt64(count) <= left else { return false }
        left -= UInt64(count)
        return true
    }
}
