import Wire

// What a package's payload is made of: the target PATH.blocks beside the package PATH. All numbers are
// little-endian.
//
//     ┌──────────────────────────────┐  8  magic "AMOSBLK\0"
//     │ header                       │  4  version, 1
//     │                              │  4  number of blocks, at most 262,144
//     ├──────────────────────────────┤  for each, in the order of the payload:
//     │ 4   length                   │  as BlockCutter cuts
//     │ 16  beginning of its SHA-256 │
//     └──────────────────────────────┘
//
// It saves bytes and proves nothing: what was put together by it is judged as a whole, as any package is.

/// A block by its content.
public struct BlockName: Equatable, Comparable, Sendable {
    private let high: UInt64
    private let low: UInt64

    /// From a SHA-256.
    public init(_ digest: [UInt8]) {
        var parts: [UInt64] = [0, 0]
        for index in 0..<min(16, digest.count) {
            parts[index / 8] |= UInt64(digest[index]) << UInt64(8 * (index % 8))
        }
        (high, low) = (parts[0], parts[1])
    }

    init(_ reader: inout ByteReader) throws(WireError) {
        (high, low) = (try reader.readUInt64(), try reader.readUInt64())
    }

    func write(to writer: inout ByteWriter) {
        writer.write(high)
        writer.write(low)
    }

    public static func < (left: Self, right: Self) -> Bool {
        left.high == right.high ? left.low < right.low : left.high < right.high
    }
}

public struct BlockList: Sendable {
    public struct Block: Sendable {
        public let name: BlockName
        public let offset: UInt64
        public let length: UInt32
    }

    /// What stands behind a package's path.
    public static let suffix = ".blocks"
    /// Of 8 GiB.
    public static let blockLimit = 262_144
    private static let magic: [UInt8] = Array("AMOSBLK\0".utf8)
    private static let version: UInt32 = 1

    public private(set) var blocks: [Block] = []
    public private(set) var size: UInt64 = 0

    public init() {}

    public mutating func append(_ name: BlockName, length: Int) {
        blocks.append(Block(name: name, offset: size, length: UInt32(length)))
        size += UInt64(length)
    }

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 16 + blocks.count * 20)
        writer.writeRaw(Self.magic)
        writer.write(Self.version)
        writer.write(UInt32(blocks.count))
        for block in blocks {
            writer.write(block.length)
            block.name.write(to: &writer)
        }
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span) }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.readBytes(Self.magic.count) == Self.magic,
            try reader.readUInt32() == Self.version
        else { throw .malformed(offset: 0, expected: "a block list of version 1") }
        let count = try reader.readUInt32()
        guard count <= Self.blockLimit else { throw .tooLong(offset: 12, limit: Self.blockLimit) }
        for _ in 0..<count {
            let length = Int(try reader.readUInt32())
            guard length > 0, length <= BlockCutter.longest else {
                throw .tooLong(offset: reader.offset - 4, limit: BlockCutter.longest)
            }
            append(try BlockName(&reader), length: length)
        }
        try reader.finish()
    }
}

/// How a payload is put together from what is here and what has to be fetched.
public struct DeltaPlan: Sendable {
    public enum Part: Equatable, Sendable {
        /// Of the installed payload.
        case local(offset: UInt64, count: UInt64)
        /// Of the new payload.
        case remote(offset: UInt64, count: UInt64)
    }

    public private(set) var parts: [Part] = []
    public private(set) var remoteBytes: UInt64 = 0

    /// - Parameter installed: the payload that is here.
    public init(of wanted: BlockList, from installed: BlockList) {
        let known = installed.blocks.sorted { $0.name < $1.name }
        for block in wanted.blocks {
            if let found = Self.find(block, in: known) {
                append(.local(offset: found.offset, count: UInt64(block.length)))
            } else {
                remoteBytes += UInt64(block.length)
                append(.remote(offset: block.offset, count: UInt64(block.length)))
            }
        }
    }

    private static func find(_ block: BlockList.Block, in known: [BlockList.Block]) -> BlockList.Block? {
        var (low, high) = (0, known.count)
        while low < high {
            let middle = (low + high) / 2
            if known[middle].name < block.name { low = middle + 1 } else { high = middle }
        }
        guard low < known.count, known[low].name == block.name, known[low].length == block.length else {
            return nil
        }
        return known[low]
    }

    /// What continues the last part becomes part of it: one request, one copy.
    private mutating func append(_ part: Part) {
        switch (parts.last, part) {
        case (.local(let offset, let count), .local(let next, let more)) where offset + count == next:
            parts[parts.count - 1] = .local(offset: offset, count: count + more)
        case (.remote(let offset, let count), .remote(let next, let more)) where offset + count == next:
            parts[parts.count - 1] = .remote(offset: offset, count: count + more)
        default: parts.append(part)
        }
    }
}
