/// The superblock and inodes of an image that is being read. All positions are bytes of the file, all of them
/// were checked to be small enough not to overflow.
struct EROFSSource {
    struct Inode {
        let number: UInt64
        let position: UInt64
        let layout: EROFSFormat.Layout
        let mode: UInt16
        let userID: UInt32
        let groupID: UInt32
        let modificationTime: Int64
        let links: UInt32
        let size: UInt64
        let address: UInt32
        /// Inode and extended attributes.
        let headSize: Int

        var typeBits: UInt16 { mode & 0o170000 }
        var hasContent: Bool { [0o040000, 0o100000, 0o120000].contains(typeBits) }
        /// How many pieces of 4 KiB a compressed file has.
        var clusters: UInt64 {
            size.roundedUp(to: UInt64(EROFSFormat.blockSize)) / UInt64(EROFSFormat.blockSize)
        }
    }

    /// The header of a compressed file's map.
    struct Map {
        let indexStart: UInt64
        let inlineSize: Int
        let hasInlineTail: Bool
    }

    /// Far above any image, far below overflow.
    private static let sizeLimit: UInt64 = 1 << 44

    let path: String
    let offset: UInt64
    /// Where the file system ends in the file.
    let end: UInt64
    let metadataStart: UInt64
    let rootNumber: UInt64
    let time: Int64

    func corrupt(_ reason: String) -> DiskImageError { .corrupt(image: path, reason: reason) }

    static func open(
        _ image: borrowing InputFile, offset: UInt64
    ) throws(DiskImageError) -> (EROFSSource, EROFSReader.Volume) {
        let path = image.path
        guard offset < sizeLimit, image.size < sizeLimit else {
            throw .corrupt(image: path, reason: "it is too large")
        }
        let superblock = try checkedSuperblock(image, offset: offset)
        guard let root = superblock.field(UInt16.self, at: 14),
            let inodes = superblock.field(UInt64.self, at: 16),
            let time = superblock.field(Int64.self, at: 24),
            let blocks = superblock.field(UInt32.self, at: 36),
            let metadata = superblock.field(UInt32.self, at: 40),
            let features = superblock.field(UInt32.self, at: 80)
        else { throw .corrupt(image: path, reason: "its superblock is cut off") }
        let known =
            EROFSFormat.Feature.zeroPadding | EROFSFormat.Feature.compressionSettings
            | EROFSFormat.Feature.tailPacking
        guard superblock[12] == 12, features & ~known == 0 else {
            throw .corrupt(image: path, reason: "it uses features of EROFS that are not supported here")
        }
        let size = UInt64(blocks) * UInt64(EROFSFormat.blockSize)
        guard size > 0, size <= image.size - offset else {
            throw .corrupt(image: path, reason: "it ends before its file system does")
        }
        let source = EROFSSource(
            path: path, offset: offset, end: offset + size,
            metadataStart: offset + UInt64(metadata) * UInt64(EROFSFormat.blockSize),
            rootNumber: UInt64(root), time: time)
        let name = superblock[64..<80].prefix { $0 != 0 }
        let volume = EROFSReader.Volume(
            uuid: ImageUUID(bytes: Array(superblock[48..<64])), name: String(decoding: name, as: UTF8.self),
            size: size, inodes: inodes,
            isCompressed: features & EROFSFormat.Feature.compressionSettings != 0, time: time)
        return (source, volume)
    }

    /// From the magic number to the end of the first block, its checksum verified if it has one.
    private static func checkedSuperblock(
        _ image: borrowing InputFile, offset: UInt64
    ) throws(DiskImageError) -> [UInt8] {
        let head = try image.bytes(at: offset, count: EROFSFormat.blockSize)
        let superblock = Array(head[EROFSFormat.superblockOffset...])
        guard superblock.field(UInt32.self, at: 0) == EROFSFormat.magic else {
            throw .corrupt(image: image.path, reason: "it has no EROFS superblock")
        }
        var covered = superblock
        covered.store(littleEndian: UInt32(0), at: 4)
        let hasChecksum = (superblock[8] & UInt8(EROFSFormat.CompatibleFeature.checksum)) != 0
        guard !hasChecksum || superblock.field(UInt32.self, at: 4) == Checksum.crc32c(covered) else {
            throw .corrupt(image: image.path, reason: "the checksum of its superblock is wrong")
        }
        return superblock
    }

    /// Bytes that lie within the file system.
    func bytes(
        at position: UInt64, count: Int, _ image: borrowing InputFile
    ) throws(DiskImageError) -> [UInt8] {
        guard position >= offset, position <= end, UInt64(count) <= end - position else {
            throw corrupt("a file points outside of it")
        }
        return try image.bytes(at: position, count: count)
    }

    func inode(_ number: UInt64, _ image: borrowing InputFile) throws(DiskImageError) -> Inode {
        guard number < Self.sizeLimit / UInt64(EROFSFormat.slotSize) else {
            throw corrupt("it names the impossible inode \(number)")
        }
        let position = metadataStart + number * UInt64(EROFSFormat.slotSize)
        var bytes = try bytes(at: position, count: EROFSFormat.compactInodeSize, image)
        let format = bytes.field(UInt16.self, at: 0) ?? 0
        let isExtended = format & 1 == 1
        if isExtended {
            bytes = try self.bytes(at: position, count: EROFSFormat.extendedInodeSize, image)
        }
        guard format >> 4 == 0, let layout = EROFSFormat.Layout(rawValue: format >> 1) else {
            throw corrupt("inode \(number) has the unknown format \(format)")
        }
        guard let inode = decode(bytes, number, position, layout, isExtended) else {
            throw corrupt("inode \(number) is cut off or larger than 16 TiB")
        }
        return inode
    }

    private func decode(
        _ bytes: [UInt8], _ number: UInt64, _ position: UInt64, _ layout: EROFSFormat.Layout,
        _ isExtended: Bool
    ) -> Inode? {
        func short(_ offset: Int) -> UInt32 { UInt32(bytes.field(UInt16.self, at: offset) ?? 0) }
        func word(_ offset: Int) -> UInt32 { bytes.field(UInt32.self, at: offset) ?? 0 }
        let size = isExtended ? bytes.field(UInt64.self, at: 8) ?? 0 : UInt64(word(8))
        guard size < Self.sizeLimit else { return nil }
        let attributes = Int(short(2))
        return Inode(
            number: number, position: position, layout: layout, mode: UInt16(short(4)),
            userID: isExtended ? word(24) : short(24), groupID: isExtended ? word(28) : short(26),
            modificationTime: isExtended ? bytes.field(Int64.self, at: 32) ?? 0 : time,
            links: isExtended ? word(44) : short(6), size: size, address: word(16),
            headSize: bytes.count + (attributes == 0 ? 0 : 12 + (attributes - 1) * 4))
    }

    func map(_ inode: Inode, _ image: borrowing InputFile) throws(DiskImageError) -> Map {
        typealias Format = EROFSFormat.Map
        let start = (inode.position + UInt64(inode.headSize)).roundedUp(to: 8)
        let header = try bytes(at: start, count: Format.headerSize, image)
        guard let inlineSize = header.field(UInt16.self, at: 2),
            let advice = header.field(UInt16.self, at: 4),
            advice & ~(Format.bigClusters | Format.inlineTail) == 0,
            header[6] == UInt8(EROFSFormat.deflateAlgorithm), header[7] == 0
        else { throw corrupt("inode \(inode.number) is compressed in a way that is not supported here") }
        return Map(
            indexStart: start + UInt64(Format.headerSize), inlineSize: Int(inlineSize),
            hasInlineTail: advice & Format.inlineTail != 0)
    }
}
