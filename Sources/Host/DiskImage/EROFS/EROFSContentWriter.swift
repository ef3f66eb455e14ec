import Dispatch
import Foundation

/// Writes the contents of files and symbolic links, and records in their inodes where they are.
struct EROFSContentWriter {
    /// What is compressed at once, and what a handset reads and unpacks at least to get one byte: larger
    /// saves little more space, smaller is quicker to read at random.
    static let segmentSize = 128 << 10
    /// Segments in memory at a time: 4 MiB read and at most as much compressed.
    static let batchSize = 64

    let region: RegionWriter
    private let imageOffset: UInt64
    /// Of the file that is being compressed.
    private var map = EROFSMap()

    init(_ region: RegionWriter, imageOffset: UInt64) {
        self.region = region
        self.imageOffset = imageOffset
    }

    func blocks(to offset: UInt64) -> UInt64 { (offset - imageOffset) / UInt64(EROFSFormat.blockSize) }

    /// The number of the block that starts at a position of the file.
    func block(at offset: UInt64) throws(DiskImageError) -> UInt32 {
        guard let block = UInt32(exactly: blocks(to: offset)) else {
            throw .tooLarge(what: "the file system", size: offset - imageOffset, limit: 1 << 44)
        }
        return block
    }

    /// Everything uncompressed.
    mutating func write(
        _ tree: FileTree, _ index: TreeIndex, _ inodes: inout [EROFSInode]
    ) throws(DiskImageError) {
        for number in inodes.indices {
            guard let content = tree.entries[index.nodes[number].entry].kind.content else { continue }
            try writeFlat(content, &inodes[number])
        }
    }

    private func writeFlat(
        _ content: FileTree.Content, _ inode: inout EROFSInode
    ) throws(DiskImageError) {
        guard inode.size > 0 else { return }
        let bodySize = inode.layOutFlat()
        let reader = try ContentReader(content)
        if bodySize > 0 {
            inode.address = try block(at: region.offset)
            try region.append(reader, from: 0, count: bodySize)
            try region.pad(to: EROFSFormat.blockSize)
        }
        if inode.inlineSize > 0 { inode.inline = try reader.bytes(at: bodySize, count: inode.inlineSize) }
    }

    /// A piece of a file that is compressed by itself.
    private struct Segment {
        let number: Int
        let content: FileTree.Content
        let offset: UInt64
        let count: Int
        var isLast: Bool { offset + UInt64(count) == content.size }
    }

    /// Files in clusters of DEFLATE where that saves blocks; all processors compress, the order of the output
    /// does not depend on them.
    mutating func writeCompressed(
        _ tree: FileTree, _ index: TreeIndex, _ inodes: inout [EROFSInode], level: Int32
    ) throws(DiskImageError) {
        var batch: [Segment] = []
        for number in inodes.indices {
            let kind = tree.entries[index.nodes[number].entry].kind
            guard let content = kind.content else { continue }
            guard case .file = kind, content.size > 0 else {
                try writeFlat(content, &inodes[number])
                continue
            }
            for offset in stride(from: 0, to: content.size, by: Self.segmentSize) {
                let count = Int(min(UInt64(Self.segmentSize), content.size - offset))
                batch.append(Segment(number: number, content: content, offset: offset, count: count))
                if batch.count == Self.batchSize { try flush(&batch, &inodes, level: level) }
            }
        }
        try flush(&batch, &inodes, level: level)
    }

    private mutating func flush(
        _ batch: inout [Segment], _ inodes: inout [EROFSInode], level: Int32
    ) throws(DiskImageError) {
        for (segment, result) in zip(batch, Self.compress(batch, level: level)) {
            try append(segment, try result.get(), &inodes[segment.number])
        }
        batch.removeAll(keepingCapacity: true)
    }

    private struct Compressed {
        let plain: [UInt8]
        /// Nil where it would save nothing.
        let deflated: [UInt8]?
    }

    private static func compress(
        _ batch: [Segment], level: Int32
    ) -> [Result<Compressed, DiskImageError>] {
        let empty = Result<Compressed, DiskImageError>.success(Compressed(plain: [], deflated: nil))
        var results = Array(repeating: empty, count: batch.count)
        let workers = min(batch.count, ProcessInfo.processInfo.activeProcessorCount)
        results.withUnsafeMutableBufferPointer { results in
            nonisolated(unsafe) let results = results
            DispatchQueue.concurrentPerform(iterations: workers) { worker in
                let deflater = Deflater(level: level)
                for position in stride(from: worker, to: batch.count, by: workers) {
                    let segment = batch[position]
                    results[position] = Result { () throws(DiskImageError) in
                        let reader = try ContentReader(segment.content)
                        let plain = try reader.bytes(at: segment.offset, count: segment.count)
                        return Compressed(plain: plain, deflated: deflater.compress(plain))
                    }
                }
            }
        }
        return results
    }

    /// Writes one segment and extends the file's map by it.
    private mutating func append(
        _ segment: Segment, _ result: Compressed, _ inode: inout EROFSInode
    ) throws(DiskImageError) {
        let size = EROFSFormat.blockSize
        if segment.offset == 0 { map = EROFSMap() }
        let clusters = (segment.count + size - 1) / size
        if segment.isLast, let deflated = result.deflated, map.fitsInline(deflated, clusters, inode) {
            map.appendInline(clusters: clusters)
            inode.inline = deflated
            inode.inlineSize = deflated.count
        } else if let deflated = result.deflated, (deflated.count + size - 1) / size < clusters {
            let blocks = (deflated.count + size - 1) / size
            map.appendHead(clusters: clusters, blocks: blocks, at: try block(at: region.offset))
            try region.append(Array(repeating: 0, count: blocks * size - deflated.count))
            try region.append(deflated)
        } else if segment.offset == 0, segment.isLast {
            return try writeFlat(segment.content, &inode)
        } else {
            map.appendPlain(clusters: clusters, at: try block(at: region.offset))
            try region.append(result.plain)
            try region.pad(to: size)
        }
        if segment.isLast { map.store(in: &inode) }
    }
}

extension FileTree.Kind {
    /// The bytes that a file or a symbolic link holds.
    var content: FileTree.Content? {
        switch self {
        case .file(let content): content
        case .symbolicLink(let target): .bytes(Array(target.utf8))
        default: nil
        }
    }
}
