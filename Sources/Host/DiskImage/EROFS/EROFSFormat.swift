/// The EROFS on-disk format, as far as it is used here (kernel: fs/erofs/erofs_fs.h,
/// Documentation/filesystems/erofs.rst).
///
///     block 0            1024 bytes for boot code, superblock, compression settings
///     blocks 1…          contents of files and symbolic links, in path order
///     then               contents of directories that are larger than a block
///     meta_blkaddr…      inodes, 32-byte slots; what follows an inode in its block:
///                          inline:     the last part of its content
///                          compressed: map header, one index per 4 KiB, maybe the last compressed cluster
///
/// Metadata comes last, so that an added file or a changed time moves no contents of other files.
enum EROFSFormat {
    static let blockSize = 4096
    static let superblockOffset = 1024
    static let superblockSize = 128
    static let magic: UInt32 = 0xe0f5_e1e2
    static let slotSize = 32
    static let compactInodeSize = 32
    static let extendedInodeSize = 64
    static let directoryEntrySize = 12

    enum CompatibleFeature {
        static let checksum: UInt32 = 0x1
        static let modificationTime: UInt32 = 0x2
    }

    enum Feature {
        /// Compressed clusters are filled up with zeros at the front.
        static let zeroPadding: UInt32 = 0x1
        /// Compression settings follow the superblock, clusters may have several blocks.
        static let compressionSettings: UInt32 = 0x2
        static let tailPacking: UInt32 = 0x10
    }

    enum Layout: UInt16 {
        case plain = 0
        case compressedFull = 1
        case inline = 2
        case compressedCompact = 3
        case chunkBased = 4
    }

    /// Bit number of an algorithm in the superblock, and its number in a map header.
    static let deflateAlgorithm: UInt16 = 2

    /// The map of a compressed file: a header of 16 bytes, then 8 bytes for every 4 KiB (logical cluster).
    enum Map {
        static let headerSize = 16
        static let indexSize = 8
        static let bigClusters: UInt16 = 0x2
        static let inlineTail: UInt16 = 0x8
        /// Marks the first following cluster's distance as the number of compressed blocks.
        static let blockCountFlag: UInt16 = 1 << 11
        static let typePlain: UInt16 = 0
        static let typeHead: UInt16 = 1
        static let typeFollowing: UInt16 = 2
    }

    /// The type in a directory entry.
    static func entryType(mode: UInt16) -> UInt8 {
        switch mode & 0o170000 {
        case 0o100000: 1
        case 0o040000: 2
        case 0o020000: 3
        case 0o060000: 4
        case 0o010000: 5
        case 0o140000: 6
        case 0o120000: 7
        default: 0
        }
    }

    /// `new_encode_dev` of the kernel.
    static func encodeDevice(major: UInt32, minor: UInt32) -> UInt32 {
        minor & 0xff | major << 8 | (minor & ~0xff) << 12
    }

    static func decodeDevice(_ device: UInt32) -> (major: UInt32, minor: UInt32) {
        (device >> 8 & 0xfff, device & 0xff | device >> 12 & ~0xff)
    }
}
