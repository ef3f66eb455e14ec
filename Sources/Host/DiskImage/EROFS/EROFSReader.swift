import HostSystem

/// Reads EROFS images as this module writes them, and uncompressed ones of others, for looking at and
/// comparing.
///
/// The image may come from anywhere: every field is checked before it is used, and whatever is wrong is an
/// error. Whether an image is right is judged by `fsck.erofs` and the kernel, not by this.
public struct EROFSReader: ~Copyable {
    /// What the superblock says.
    public struct Volume: Sendable, Equatable {
        public let uuid: ImageUUID
        public let name: String
        /// Bytes of the file system.
        public let size: UInt64
        public let inodes: UInt64
        public let isCompressed: Bool
        /// The time of compact inodes.
        public let time: Int64
    }

    public struct Entry: Sendable, Equatable {
        /// Relative, as in `FileTree`; the root is empty.
        public let path: String
        public let kind: Kind
        public let mode: UInt16
        public let userID: UInt32
        public let groupID: UInt32
        public let modificationTime: Int64
        public let links: UInt32
        public let size: UInt64
        /// What it takes in the image, inode included.
        public let storedSize: UInt64
        /// Entries with the same number are names of the same file.
        public let inode: UInt64
    }

    public enum Kind: Sendable, Equatable {
        case directory
        case file
        case symbolicLink(target: String)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
        case socket
    }

    /// More than any handset has; keeps a forged image from filling the memory.
    private static let entryLimit = 1 << 20
    private static let pathLimit = 4096
    private static let directoryLimit: UInt64 = 64 << 20

    public let volume: Volume
    let source: EROFSSource
    let image: InputFile

    /// - Parameter offset: where the file system starts in the file.
    public init(_ path: String, at offset: UInt64 = 0) throws(DiskImageError) {
        let image = try InputFile(path)
        (source, volume) = try EROFSSource.open(image, offset: offset)
        self.image = image
    }

    /// Every entry, sorted by path.
    public func entries() throws(DiskImageError) -> [Entry] {
        var found: [Entry] = []
        var visited: Set<UInt64> = []
        var waiting: [(path: String, number: UInt64)] = [("", source.rootNumber)]
        while let (path, number) = waiting.popLast() {
            let inode = try source.inode(number, image)
            found.append(try entry(path, inode))
            guard inode.typeBits == 0o040000 else { continue }
            guard visited.insert(number).inserted else {
                throw source.corrupt("the directory /\(path) is in the tree twice")
            }
            for item in try children(inode, path) {
                waiting.append((path.isEmpty ? item.name : "\(path)/\(item.name)", item.number))
            }
            guard waiting.count + found.count <= Self.entryLimit, path.utf8.count <= Self.pathLimit else {
                throw source.corrupt("it has too many entries, or they are nested too deeply")
            }
        }
        return found.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    /// A file's content, piece by piece; the pieces have at most 1 MiB.
    public func read(
        _ entry: Entry, _ receive: ([UInt8]) throws(DiskImageError) -> Void
    ) throws(DiskImageError) {
        let inode = try source.inode(entry.inode, image)
        try read(inode, receive)
    }

    /// A file's whole content, refused where it is larger than `limit`.
    public func contents(of entry: Entry, limit: UInt64 = 64 << 20) throws(DiskImageError) -> [UInt8] {
        guard entry.size <= limit else {
            throw .tooLarge(what: "/\(entry.path)", size: entry.size, limit: limit)
        }
        var bytes: [UInt8] = []
        try read(entry) { (piece) throws(DiskImageError) in bytes += piece }
        return bytes
    }

    private func entry(_ path: String, _ inode: EROFSSource.Inode) throws(DiskImageError) -> Entry {
        let kind: Kind
        let (major, minor) = EROFSFormat.decodeDevice(inode.address)
        switch inode.typeBits {
        case 0o040000: kind = .directory
        case 0o100000: kind = .file
        case 0o020000: kind = .characterDevice(major: major, minor: minor)
        case 0o060000: kind = .blockDevice(major: major, minor: minor)
        case 0o010000: kind = .fifo
        case 0o140000: kind = .socket
        case 0o120000: kind = .symbolicLink(target: String(decoding: try target(inode), as: UTF8.self))
        default: throw source.corrupt("/\(path) is of no known type")
        }
        return Entry(
            path: path, kind: kind, mode: inode.mode & 0o7777, userID: inode.userID, groupID: inode.groupID,
            modificationTime: inode.modificationTime, links: inode.links, size: inode.size,
            storedSize: try storedSize(inode), inode: inode.number)
    }

    private func target(_ inode: EROFSSource.Inode) throws(DiskImageError) -> [UInt8] {
        guard inode.size <= UInt64(Self.pathLimit) else {
            throw source.corrupt("a symbolic link is \(inode.size) bytes long")
        }
        return try all(inode)
    }

    private func all(_ inode: EROFSSource.Inode) throws(DiskImageError) -> [UInt8] {
        var bytes: [UInt8] = []
        try read(inode) { (piece) throws(DiskImageError) in bytes += piece }
        return bytes
    }

    private func storedSize(_ inode: EROFSSource.Inode) throws(DiskImageError) -> UInt64 {
        let head = UInt64(inode.headSize)
        let blockSize = UInt64(EROFSFormat.blockSize)
        guard inode.hasContent, inode.size > 0 else { return head }
        switch inode.layout {
        case .inline: return head + inode.size
        case .compressedFull:
            let map = try source.map(inode, image)
            let indexes = inode.clusters * UInt64(EROFSFormat.Map.indexSize)
            return map.indexStart - inode.position + indexes + UInt64(inode.address) * blockSize
                + UInt64(map.inlineSize)
        default: return head + inode.size.roundedUp(to: blockSize)
        }
    }

    private func children(
        _ inode: EROFSSource.Inode, _ path: String
    ) throws(DiskImageError) -> [(name: String, number: UInt64)] {
        guard inode.size <= Self.directoryLimit else {
            throw source.corrupt("the directory /\(path) has \(inode.size) bytes")
        }
        let bytes = try all(inode)
        var items: [(name: String, number: UInt64)] = []
        for start in stride(from: 0, to: bytes.count, by: EROFSFormat.blockSize) {
            let block = Array(bytes[start..<min(start + EROFSFormat.blockSize, bytes.count)])
            guard let found = EROFSDirectory.decode(block) else {
                throw source.corrupt("the directory /\(path) breaks the rules")
            }
            for item in found where item.name != [0x2e] && item.name != [0x2e, 0x2e] {
                items.append((String(decoding: item.name, as: UTF8.self), item.number))
            }
            guard items.count <= Self.entryLimit else {
                throw source.corrupt("the directory /\(path) has too many entries")
            }
        }
        return items
    }
}

extension EROFSDirectory {
    /// One block of a directory; nil if anything in it is out of bounds.
    static func decode(_ block: [UInt8]) -> [(name: ArraySlice<UInt8>, number: UInt64)]? {
        let step = EROFSFormat.directoryEntrySize
        guard let first = block.field(UInt16.self, at: 8), first > 0, Int(first) % step == 0,
            Int(first) <= block.count
        else { return nil }
        var items: [(name: ArraySlice<UInt8>, number: UInt64)] = []
        let count = Int(first) / step
        for index in 0..<count {
            guard let number = block.field(UInt64.self, at: index * step),
                let start = block.field(UInt16.self, at: index * step + 8)
            else { return nil }
            let isLast = index == count - 1
            let next = isLast ? nil : block.field(UInt16.self, at: (index + 1) * step + 8)
            let end = next.map(Int.init) ?? block.count
            guard start >= first, Int(start) < end, end <= block.count else { return nil }
            var name = block[Int(start)..<end]
            // Only the last name of a block may be followed by zeros.
            if isLast { name = name.prefix { $0 != 0 } }
            guard !name.isEmpty, name.count <= 255, !name.contains(0), !name.contains(UInt8(ascii: "/"))
            else { return nil }
            items.append((name, number))
        }
        return items
    }
}
