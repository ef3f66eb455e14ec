/// The content of a directory: blocks that each hold sorted entries and, behind them, their names.
///
///     entry: slot.8  where the name starts in this block.2  type.1  0.1
///     | entry 0 | entry 1 | … | name 0 | name 1 | …   (a full block ends in zeros)
struct EROFSDirectory {
    struct Item {
        let name: [UInt8]
        let node: Int
    }

    /// What each block holds.
    private let blocks: [ArraySlice<Item>]
    let size: UInt64

    init(_ node: TreeIndex.Node, number: Int) {
        var items = node.children.map { Item(name: $0.name, node: $0.node) }
        items.append(Item(name: [UInt8(ascii: ".")], node: number))
        items.append(Item(name: Array("..".utf8), node: node.parent))
        items.sort { $0.name.lexicographicallyPrecedes($1.name) }
        var blocks: [ArraySlice<Item>] = []
        var start = 0
        var used = 0
        for (position, item) in items.enumerated() {
            let needed = EROFSFormat.directoryEntrySize + item.name.count
            if used + needed > EROFSFormat.blockSize {
                blocks.append(items[start..<position])
                start = position
                used = 0
            }
            used += needed
        }
        size = UInt64(blocks.count * EROFSFormat.blockSize + used)
        blocks.append(items[start...])
        self.blocks = blocks
    }

    func encoded(_ inodes: [EROFSInode]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(Int(size))
        for (position, items) in blocks.enumerated() {
            bytes.pad(to: position * EROFSFormat.blockSize)
            var nameOffset = items.count * EROFSFormat.directoryEntrySize
            for item in items {
                bytes.append(littleEndian: UInt64(inodes[item.node].slot))
                bytes.append(littleEndian: UInt16(nameOffset))
                bytes.append(EROFSFormat.entryType(mode: inodes[item.node].mode))
                bytes.append(0)
                nameOffset += item.name.count
            }
            for item in items { bytes += item.name }
        }
        return bytes
    }
}
