/// What the superblock of an ext2, ext3 or ext4 file system says (kernel: fs/ext4/ext4.h, at byte 1024).
public struct Ext4Superblock: Sendable, Equatable {
    public let label: String
    public let uuid: ImageUUID
    /// In bytes.
    public let blockSize: UInt64
    public let blocks: UInt64
    public let freeBlocks: UInt64
    public let inodes: UInt64
    public let freeInodes: UInt64
    /// Names as `tune2fs` has them; a bit without a name as `compat:0x…`.
    public let features: [String]
    /// Unmounted in order.
    public let isClean: Bool
    /// The journal has to be replayed.
    public let needsRecovery: Bool

    /// Where it starts in the file system.
    public static let offset: UInt64 = 1024
    private static let magic: UInt16 = 0xef53
    private static let checksumAt = 1020

    public static func isThere(_ image: borrowing InputFile, at start: UInt64 = 0) -> Bool {
        guard let bytes = try? image.bytes(at: start + offset, count: 64) else { return false }
        return bytes.field(UInt16.self, at: 56) == magic
    }

    /// - Parameter start: where the file system starts in the image.
    public init(_ image: borrowing InputFile, at start: UInt64 = 0) throws(DiskImageError) {
        let bytes = try image.bytes(at: start + Self.offset, count: 1024)
        func word(_ at: Int) -> UInt32 { bytes.field(UInt32.self, at: at) ?? 0 }
        guard bytes.field(UInt16.self, at: 56) == Self.magic else {
            throw .corrupt(image: image.path, reason: "it has no ext4 superblock")
        }
        let readOnly = Self.names(word(100), Self.readOnlyNames, "ro_compat")
        let incompatible = Self.names(word(96), Self.incompatibleNames, "incompat")
        features = Self.names(word(92), Self.compatibleNames, "compat") + incompatible + readOnly
        if readOnly.contains("metadata_csum"),
            Checksum.crc32c(bytes[..<Self.checksumAt]) != word(Self.checksumAt)
        {
            throw .corrupt(image: image.path, reason: "the checksum of its ext4 superblock is wrong")
        }
        // 64 KiB is the largest block there is.
        guard word(24) <= 6 else {
            throw .corrupt(image: image.path, reason: "its ext4 blocks are too large")
        }
        let isWide = incompatible.contains("64bit")
        func wide(_ low: Int, _ high: Int) -> UInt64 {
            UInt64(word(low)) | (isWide ? UInt64(word(high)) << 32 : 0)
        }
        label = String(decoding: bytes[120..<136].prefix { $0 != 0 }, as: UTF8.self)
        uuid = ImageUUID(bytes: Array(bytes[104..<120]))
        blockSize = 1024 << UInt64(word(24))
        blocks = wide(4, 0x150)
        freeBlocks = wide(12, 0x158)
        inodes = UInt64(word(0))
        freeInodes = UInt64(word(16))
        isClean = (bytes.field(UInt16.self, at: 58) ?? 0) & 1 == 1
        needsRecovery = incompatible.contains("needs_recovery")
        guard blocks < 1 << 48, freeBlocks <= blocks, freeInodes <= inodes else {
            throw .corrupt(image: image.path, reason: "its ext4 superblock counts more free than there is")
        }
    }

    private static let compatibleNames = [
        0: "dir_prealloc", 2: "has_journal", 3: "ext_attr", 4: "resize_inode", 5: "dir_index",
        9: "sparse_super2", 10: "fast_commit", 12: "orphan_file",
    ]
    private static let incompatibleNames = [
        1: "filetype", 2: "needs_recovery", 3: "journal_dev", 4: "meta_bg", 6: "extent", 7: "64bit",
        8: "mmp", 9: "flex_bg", 10: "ea_inode", 13: "metadata_csum_seed", 14: "large_dir",
        15: "inline_data", 16: "encrypt", 17: "casefold",
    ]
    private static let readOnlyNames = [
        0: "sparse_super", 1: "large_file", 3: "huge_file", 4: "uninit_bg", 5: "dir_nlink",
        6: "extra_isize", 8: "quota", 9: "bigalloc", 10: "metadata_csum", 12: "read-only", 13: "project",
        15: "verity", 16: "orphan_present",
    ]

    private static func names(_ bits: UInt32, _ names: [Int: String], _ set: String) -> [String] {
        (0..<32).filter { bits >> UInt32($0) & 1 == 1 }.map {
            names[$0] ?? "\(set):0x\(String(1 << $0, radix: 16))"
        }
    }
}
