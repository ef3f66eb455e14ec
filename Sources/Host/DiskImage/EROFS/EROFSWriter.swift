import HostSystem

/// Writes a tree as an EROFS file system, the way it lies on a handset's system partition.
///
/// The same tree and options always give the same bytes. Contents are streamed; what stays in memory is the
/// metadata, about half a block per file. `EROFSFormat` draws the layout.
public struct EROFSWriter {
    private let options: EROFSOptions

    public init(_ options: EROFSOptions) {
        self.options = options
    }

    /// Writes the image into a region of the output that was not written before.
    /// - Parameter offset: a multiple of 4 KiB.
    public func write(
        _ tree: FileTree, to output: borrowing OutputFile, at offset: UInt64
    ) throws(DiskImageError) -> EROFSStatistics {
        let index = try TreeIndex(tree)
        let commonTime = Self.mostCommonTime(tree)
        var inodes = index.nodes.map { EROFSInode($0, tree.entries[$0.entry], commonTime: commonTime) }
        let region = RegionWriter(output, at: offset)
        // The superblock is written when everything else is known.
        try region.append([0])
        try region.pad(to: EROFSFormat.blockSize)
        var contents = EROFSContentWriter(region, imageOffset: offset)
        if case .deflate(let level) = options.compression {
            try contents.writeCompressed(tree, index, &inodes, level: level)
        } else {
            try contents.write(tree, index, &inodes)
        }
        let directories = try writeMetadata(index, &inodes, region, contents)
        try region.finish()
        let superblock = superblock(
            commonTime: commonTime, rootSlot: inodes[0].slot, inodes: UInt64(inodes.count),
            blocks: contents.blocks(to: region.offset), metadata: directories.metadataBlock)
        try system { () throws(SystemError) in
            try output.write(superblock, at: offset + UInt64(EROFSFormat.superblockOffset))
        }
        var statistics = Self.statistics(inodes)
        statistics.size = region.offset - offset
        statistics.metadataSize = directories.metadataSize
        return statistics
    }

    /// Large directories, then all inodes. A directory names inodes by their place, so places come first.
    private func writeMetadata(
        _ index: TreeIndex, _ inodes: inout [EROFSInode], _ region: RegionWriter,
        _ contents: EROFSContentWriter
    ) throws(DiskImageError) -> (metadataBlock: UInt32, metadataSize: UInt64) {
        var directories: [(number: Int, directory: EROFSDirectory, bodySize: UInt64)] = []
        for number in inodes.indices where inodes[number].isDirectory {
            let directory = EROFSDirectory(index.nodes[number], number: number)
            inodes[number].size = directory.size
            directories.append((number, directory, inodes[number].layOutFlat()))
        }
        var allocator = EROFSMetadataAllocator()
        for number in inodes.indices {
            inodes[number].slot = allocator.allocate(inodes[number].metadataSize)
        }
        for (number, directory, bodySize) in directories {
            let bytes = directory.encoded(inodes)
            inodes[number].inline = Array(bytes[Int(bodySize)..<Int(bodySize) + inodes[number].inlineSize])
            guard bodySize > 0 else { continue }
            inodes[number].address = try contents.block(at: region.offset)
            try region.append(Array(bytes[..<Int(bodySize)]))
            try region.pad(to: EROFSFormat.blockSize)
        }
        let metadataBlock = try contents.block(at: region.offset)
        var metadata: [UInt8] = Array(repeating: 0, count: allocator.blocks * EROFSFormat.blockSize)
        for (number, inode) in inodes.enumerated() {
            let bytes = inode.encoded(number: UInt32(number) + 1) + inode.map + inode.inline
            let start = Int(inode.slot) * EROFSFormat.slotSize
            metadata.replaceSubrange(start..<start + bytes.count, with: bytes)
        }
        try region.append(metadata)
        return (metadataBlock, UInt64(metadata.count))
    }

    /// From its magic number to the end of the first block, which its checksum covers.
    private func superblock(
        commonTime: Int64, rootSlot: UInt32, inodes: UInt64, blocks: UInt64, metadata: UInt32
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: EROFSFormat.magic)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(
            littleEndian: EROFSFormat.CompatibleFeature.checksum
                | EROFSFormat.CompatibleFeature.modificationTime)
        bytes += [12, 0]
        bytes.append(littleEndian: UInt16(rootSlot))
        bytes.append(littleEndian: inodes)
        bytes.append(littleEndian: commonTime)
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: UInt32(blocks))
        bytes.append(littleEndian: metadata)
        bytes.append(littleEndian: UInt32(0))
        bytes += options.uuid.bytes
        bytes += options.volumeName.utf8.prefix(15)
        bytes.pad(to: 80)
        if options.compression != .none {
            bytes.append(
                littleEndian: EROFSFormat.Feature.zeroPadding | EROFSFormat.Feature.compressionSettings
                    | EROFSFormat.Feature.tailPacking)
            bytes.append(littleEndian: UInt16(1 << EROFSFormat.deflateAlgorithm))
            bytes.pad(to: EROFSFormat.superblockSize)
            // Settings: their length, then the size of the window as a power of two and five reserved bytes.
            bytes.append(littleEndian: UInt16(6))
            bytes.append(Deflater.windowBits)
        }
        bytes.pad(to: EROFSFormat.blockSize - EROFSFormat.superblockOffset)
        bytes.store(littleEndian: Checksum.crc32c(bytes), at: 4)
        return bytes
    }

    /// The time that most entries share (the earliest of several), so that most inodes can be compact.
    private static func mostCommonTime(_ tree: FileTree) -> Int64 {
        var counts: [Int64: Int] = [:]
        for entry in tree.entries { counts[entry.modificationTime, default: 0] += 1 }
        return counts.min { ($1.value, $0.key) < ($0.value, $1.key) }?.key ?? 0
    }

    private static func statistics(_ inodes: [EROFSInode]) -> EROFSStatistics {
        var statistics = EROFSStatistics()
        statistics.inodes = inodes.count
        for inode in inodes {
            switch inode.mode & 0o170000 {
            case 0o040000: statistics.directories += 1
            case 0o120000: statistics.symbolicLinks += 1
            case 0o100000:
                statistics.files += 1
                statistics.contentSize += inode.size
                if inode.layout == .compressedFull { statistics.compressedFiles += 1 }
            default: break
            }
        }
        return statistics
    }
}
