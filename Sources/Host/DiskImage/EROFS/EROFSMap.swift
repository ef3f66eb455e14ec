/// The map of a compressed file while it grows: which 4 KiB of the file are in which compressed cluster.
///
///     header   0.2  size of the inline cluster.2  advice.2  algorithm.1  0.1  0.8
///     index    type.2  where the cluster starts in these 4 KiB.2 (always 0 here)
///              head or plain: its first block.4
///              following:     distance back to the head.2 (the first: number of blocks, flagged)
///                             distance forward to the next head.2
struct EROFSMap {
    private typealias Format = EROFSFormat.Map

    private var bytes = [UInt8](repeating: 0, count: EROFSFormat.Map.headerSize)
    private var blocks: UInt32 = 0
    private var firstBlock: UInt32?
    private var isPlain = true
    private var hasInlineTail = false

    /// Whether a file's last cluster can follow its inode: the kernel wants it within one block.
    func fitsInline(_ cluster: [UInt8], _ clusters: Int, _ inode: EROFSInode) -> Bool {
        let head = inode.headSize + bytes.count + clusters * Format.indexSize
        let fits = head % EROFSFormat.blockSize + cluster.count <= EROFSFormat.blockSize
        // A file that fits behind its inode as it is gains only if it becomes clearly smaller.
        let isWorth = UInt64(head + cluster.count - inode.headSize) < inode.size
        return fits && isWorth
    }

    mutating func appendInline(clusters: Int) {
        hasInlineTail = true
        appendIndexes(clusters: clusters, blocks: 1, at: 0)
    }

    mutating func appendHead(clusters: Int, blocks: Int, at block: UInt32) {
        self.blocks += UInt32(blocks)
        appendIndexes(clusters: clusters, blocks: blocks, at: block)
    }

    mutating func appendPlain(clusters: Int, at block: UInt32) {
        blocks += UInt32(clusters)
        if firstBlock == nil { firstBlock = block }
        for cluster in 0..<clusters {
            bytes.append(littleEndian: Format.typePlain)
            bytes.append(littleEndian: UInt16(0))
            bytes.append(littleEndian: block + UInt32(cluster))
        }
    }

    private mutating func appendIndexes(clusters: Int, blocks: Int, at block: UInt32) {
        isPlain = false
        bytes.append(littleEndian: Format.typeHead)
        bytes.append(littleEndian: UInt16(0))
        bytes.append(littleEndian: block)
        for cluster in 1..<max(clusters, 1) {
            bytes.append(littleEndian: Format.typeFollowing)
            bytes.append(littleEndian: UInt16(0))
            bytes.append(
                littleEndian: cluster == 1 ? Format.blockCountFlag | UInt16(blocks) : UInt16(cluster))
            bytes.append(littleEndian: UInt16(clusters - cluster))
        }
    }

    /// Completes the inode of the file; if nothing of it could be compressed it becomes a plain one, since
    /// its blocks lie one after the other.
    consuming func store(in inode: inout EROFSInode) {
        if isPlain {
            inode.layout = .plain
            inode.address = firstBlock ?? 0
            return
        }
        inode.layout = .compressedFull
        inode.address = blocks
        if hasInlineTail { bytes.store(littleEndian: UInt16(inode.inlineSize), at: 2) }
        bytes.store(littleEndian: Format.bigClusters | (hasInlineTail ? Format.inlineTail : 0), at: 4)
        bytes[6] = UInt8(EROFSFormat.deflateAlgorithm)
        inode.map = bytes
    }
}
