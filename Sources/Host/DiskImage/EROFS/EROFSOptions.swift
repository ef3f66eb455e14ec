/// What an EROFS image is to be like, apart from its files.
public struct EROFSOptions: Sendable, Equatable {
    public enum Compression: Sendable, Equatable {
        case none
        /// Raw DEFLATE in clusters of up to 128 KiB; `level` as in zlib, 1 (fast) … 9 (small): 9 takes four
        /// times as long as 6 and saves less than a percent.
        case deflate(level: Int32)
    }

    public var uuid: ImageUUID
    /// At most 15 bytes of UTF-8.
    public var volumeName: String
    public var compression: Compression

    public init(uuid: ImageUUID, volumeName: String = "", compression: Compression = .none) {
        self.uuid = uuid
        self.volumeName = volumeName
        self.compression = compression
    }
}

/// What was written.
public struct EROFSStatistics: Sendable, Equatable {
    /// Bytes of the image, a multiple of 4096.
    public var size: UInt64 = 0
    public var metadataSize: UInt64 = 0
    public var inodes = 0
    public var files = 0
    public var directories = 0
    public var symbolicLinks = 0
    /// Sum of the files' sizes, hard links counted once.
    public var contentSize: UInt64 = 0
    public var compressedFiles = 0

    public init() {}
}
