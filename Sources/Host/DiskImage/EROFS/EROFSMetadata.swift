/// Finds places for inodes in the metadata area.
///
/// An inode and what follows it stay within one block where they fit into one; the smallest gap that is large
/// enough is taken, so that hardly any space is lost.
struct EROFSMetadataAllocator {
    private static let slotsPerBlock = EROFSFormat.blockSize / EROFSFormat.slotSize

    private(set) var blocks = 0
    /// Blocks by the number of free slots at their end.
    private var open: [[Int]] = Array(repeating: [], count: slotsPerBlock)

    /// Slot 0 stays empty: 0 as an inode number means "none" to too many programs.
    init() {
        blocks = 1
        open[Self.slotsPerBlock - 1] = [0]
    }

    /// Returns the first slot of a free range of `size` bytes.
    mutating func allocate(_ size: Int) -> UInt32 {
        let slots = (size + EROFSFormat.slotSize - 1) / EROFSFormat.slotSize
        if slots < Self.slotsPerBlock {
            for free in slots..<Self.slotsPerBlock {
                guard let block = open[free].popLast() else { continue }
                leave(free - slots, in: block)
                return UInt32((block + 1) * Self.slotsPerBlock - free)
            }
        }
        let first = blocks
        blocks += (slots + Self.slotsPerBlock - 1) / Self.slotsPerBlock
        leave(blocks * Self.slotsPerBlock - first * Self.slotsPerBlock - slots, in: blocks - 1)
        return UInt32(first * Self.slotsPerBlock)
    }

    private mutating func leave(_ free: Int, in block: Int) {
        if free > 0 { open[free].append(block) }
    }
}
