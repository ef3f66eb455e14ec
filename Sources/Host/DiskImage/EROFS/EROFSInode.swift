/// An inode on its way into the image.
struct EROFSInode {
    let mode: UInt16
    let userID: UInt32
    let groupID: UInt32
    let modificationTime: Int64
    let links: UInt32
    var size: UInt64
    /// The long form: only where the short one cannot hold the owner, the time, the size or the links.
    let isExtended: Bool
    var layout = EROFSFormat.Layout.plain
    /// First block of the content, number of compressed blocks, or the device's number.
    var address: UInt32 = 0
    /// Header and indexes of a compressed file.
    var map: [UInt8] = []
    /// The part of the content that follows the inode.
    var inline: [UInt8] = []
    /// A directory's inline part is known by size before it is known by content.
    var inlineSize = 0
    /// Position in units of 32 bytes from the start of the metadata.
    var slot: UInt32 = 0

    /// - Parameter commonTime: what compact inodes, which hold no time, get from the superblock.
    init(_ node: TreeIndex.Node, _ entry: FileTree.Entry, commonTime: Int64) {
        mode = node.mode
        userID = entry.userID
        groupID = entry.groupID
        modificationTime = entry.modificationTime
        links = node.links
        size =
            switch entry.kind {
            case .file(let content): content.size
            case .symbolicLink(let target): UInt64(target.utf8.count)
            default: 0
            }
        isExtended =
            modificationTime != commonTime || max(userID, groupID, links) > UInt32(UInt16.max)
            || size > UInt64(UInt32.max)
        if case .characterDevice(let major, let minor) = entry.kind {
            address = EROFSFormat.encodeDevice(major: major, minor: minor)
        } else if case .blockDevice(let major, let minor) = entry.kind {
            address = EROFSFormat.encodeDevice(major: major, minor: minor)
        }
    }

    var headSize: Int { isExtended ? EROFSFormat.extendedInodeSize : EROFSFormat.compactInodeSize }
    /// What it takes in the metadata.
    var metadataSize: Int { headSize + map.count + inlineSize }
    var isDirectory: Bool { mode & 0o170000 == 0o040000 }

    /// Splits a content of known size: the last part goes behind the inode if both fit into one block (the
    /// kernel insists), the rest into blocks of its own. Returns the size of that rest.
    mutating func layOutFlat() -> UInt64 {
        let tail = Int(size % UInt64(EROFSFormat.blockSize))
        guard tail > 0, headSize + tail <= EROFSFormat.blockSize else {
            layout = .plain
            return size
        }
        layout = .inline
        inlineSize = tail
        return size - UInt64(tail)
    }

    /// The 32 or 64 bytes of the inode itself.
    ///
    ///     compact   format.2 xattrs.2 mode.2 links.2 size.4 0.4 address.4 ino.4 uid.2 gid.2 0.4
    ///     extended  format.2 xattrs.2 mode.2 0.2 size.8 address.4 ino.4 uid.4 gid.4 mtime.8 nsec.4 links.4
    ///               0.16
    func encoded(number: UInt32) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: layout.rawValue << 1 | (isExtended ? 1 : 0))
        bytes.append(littleEndian: UInt16(0))
        bytes.append(littleEndian: mode)
        if isExtended {
            bytes.append(littleEndian: UInt16(0))
            bytes.append(littleEndian: size)
            bytes.append(littleEndian: address)
            bytes.append(littleEndian: number)
            bytes.append(littleEndian: userID)
            bytes.append(littleEndian: groupID)
            bytes.append(littleEndian: modificationTime)
            bytes.append(littleEndian: UInt32(0))
            bytes.append(littleEndian: links)
        } else {
            bytes.append(littleEndian: UInt16(links))
            bytes.append(littleEndian: UInt32(size))
            bytes.append(littleEndian: UInt32(0))
            bytes.append(littleEndian: address)
            bytes.append(littleEndian: number)
            bytes.append(littleEndian: UInt16(userID))
            bytes.append(littleEndian: UInt16(groupID))
        }
        bytes.pad(to: headSize)
        return bytes
    }
}
