/// Reads the Android sparse format, one header at a time: the caller owns the files and does the copying.
///
/// ```
/// file header, 28 bytes                                   chunk header, 12 bytes
/// ┌───────────┬─────┬─────┬──────┬──────┬──────────┐       ┌──────┬─────┬────────┬───────────┐
/// │ 3aff26ed  │ 1.x │     │ 28   │ 12   │block size│       │ type │ 0   │ blocks │ bytes with│ data …
/// │ u32       │ u16 │ u16 │ u16  │ u16  │ u32      │       │ u16  │ u16 │ u32    │ header u32│
/// ├───────────┼─────┴─────┼──────┴──────┼──────────┘       └──────┴─────┴────────┴───────────┘
/// │ blocks u32│ chunks u32│ checksum u32│                  cac1 raw: blocks × block size bytes
/// └───────────┴───────────┴─────────────┘                  cac2 fill: 4 bytes, repeated; cac3 hole: nothing
/// ```
public struct SparseImage: Equatable, Sendable {
    public static let headerBytes = 28
    public static let chunkHeaderBytes = 12
    /// 16 MiB; larger blocks are no file system's.
    static let blockSizeLimit: UInt64 = 1 << 24

    public enum FormatError: Error, Equatable, Sendable {
        case notSparse
        case unknownVersion
        case badBlockSize
        case badChunk(UInt32)
        /// The image, expanded, is larger than the partition.
        case tooLarge
        /// The chunks do not add up to the size in the header, or the file is cut short.
        case incomplete

        public var text: String {
            switch self {
            case .notSparse: "not a sparse image"
            case .unknownVersion: "a sparse image of an unknown version"
            case .badBlockSize: "a sparse image with an impossible block size"
            case .badChunk(let index): "a sparse image with a malformed chunk " + String(index)
            case .tooLarge: "a sparse image larger than its partition"
            case .incomplete: "a sparse image that is cut short"
            }
        }
    }

    /// What to do with a part of the partition. Offsets and lengths are bytes.
    public enum Chunk: Equatable, Sendable {
        /// Copy from the image file.
        case raw(from: UInt64, to: UInt64, length: UInt64)
        /// Repeat the four bytes that stand in the image file at `pattern`.
        case fill(pattern: UInt64, to: UInt64, length: UInt64)
        /// Reads as zero.
        case hole(at: UInt64, length: UInt64)
    }

    public let expandedBytes: UInt64
    /// Where the next chunk header stands in the image file; nil at the end.
    public private(set) var nextHeader: UInt64?

    private let blockSize: UInt64
    private let chunkCount: UInt32
    private let fileBytes: UInt64
    private var chunksRead: UInt32 = 0
    private var position: UInt64 = 0

    /// From the first 28 bytes of an image file of `fileBytes` bytes that must fit into `capacity` bytes.
    public init(header: [UInt8], fileBytes: UInt64, capacity: UInt64) throws(FormatError) {
        guard header.count >= Self.headerBytes, Self.number(header, 0, 4) == 0xed26_ff3a else {
            throw .notSparse
        }
        guard Self.number(header, 4, 2) == 1, Self.number(header, 8, 2) == UInt64(Self.headerBytes),
            Self.number(header, 10, 2) == UInt64(Self.chunkHeaderBytes)
        else { throw .unknownVersion }
        blockSize = Self.number(header, 12, 4)
        guard blockSize > 0, blockSize % 512 == 0, blockSize <= Self.blockSizeLimit else {
            throw .badBlockSize
        }
        expandedBytes = Self.number(header, 16, 4) * blockSize
        guard expandedBytes <= capacity else { throw .tooLarge }
        chunkCount = UInt32(truncatingIfNeeded: Self.number(header, 20, 4))
        self.fileBytes = fileBytes
        nextHeader = chunkCount == 0 ? nil : UInt64(Self.headerBytes)
        if chunkCount == 0, expandedBytes > 0 { throw .incomplete }
    }

    /// The chunk whose header (12 bytes at `nextHeader`) this is; moves on to the next.
    public mutating func next(header: [UInt8]) throws(FormatError) -> Chunk {
        guard let start = nextHeader, header.count >= Self.chunkHeaderBytes else { throw .incomplete }
        let length = Self.number(header, 4, 4) * blockSize
        let payload = Self.number(header, 8, 4)
        let data = start + UInt64(Self.chunkHeaderBytes)
        guard payload >= UInt64(Self.chunkHeaderBytes) else { throw .badChunk(chunksRead) }
        guard start + payload <= fileBytes, position + length <= expandedBytes else { throw .incomplete }
        let target = position
        let chunk: Chunk
        let expected: UInt64
        switch Self.number(header, 0, 2) {
        case 0xcac1: (chunk, expected) = (.raw(from: data, to: target, length: length), length)
        case 0xcac2: (chunk, expected) = (.fill(pattern: data, to: target, length: length), 4)
        case 0xcac3: (chunk, expected) = (.hole(at: target, length: length), 0)
        default: throw .badChunk(chunksRead)
        }
        guard payload == UInt64(Self.chunkHeaderBytes) + expected else { throw .badChunk(chunksRead) }
        position += length
        chunksRead += 1
        if chunksRead < chunkCount {
            nextHeader = start + payload
        } else {
            guard position == expandedBytes else { throw .incomplete }
            nextHeader = nil
        }
        return chunk
    }

    private static func number(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        return value
    }
}
