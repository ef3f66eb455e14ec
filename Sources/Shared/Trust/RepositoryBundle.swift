import Wire

// A bundle: a part of a repository in one file, for places without a network. All numbers are little-endian.
//
//     ┌──────────────────────────────┐  8  magic "AMOSBND\0"
//     │ head                         │  4  version, 1
//     │                              │  4  number of files, at most 65,536
//     ├──────────────────────────────┤  for each, in the order of the bodies:
//     │ 2 + n  name                  │  metadata/… and targets/… as in the repository, `wanted/ID` for
//     │ 8      length                │  what the bundle was made for
//     ├──────────────────────────────┤
//     │ bodies, one after the other  │
//     └──────────────────────────────┘
//
// Nothing of it is trusted for being in it: a client follows the metadata as it would at a server.
public struct RepositoryBundle: Sendable {
    public struct File: Sendable {
        public let name: String
        public let offset: UInt64
        public let length: UInt64
    }

    /// Of the head, which is read into memory: names of the longest list.
    public static let headLimit = 8 << 20
    private static let magic: [UInt8] = Array("AMOSBND\0".utf8)
    private static let version: UInt32 = 1
    private static let fileLimit = 65_536
    private static let wanted = "wanted/"

    public let files: [File]

    /// What stands before the bodies.
    public static func head(of files: [(name: String, length: UInt64)]) -> [UInt8] {
        precondition(files.count <= fileLimit, "more files than a bundle can have")
        var writer = ByteWriter()
        writer.writeRaw(magic)
        writer.write(version)
        writer.write(UInt32(files.count))
        for file in files {
            writer.write(file.name)
            writer.write(file.length)
        }
        return writer.bytes
    }

    public static func wantedName(of id: String) -> String { wanted + id }

    /// From the beginning of a file of `size` bytes, of which at least the head must be there.
    public init(decoding bytes: [UInt8], size: UInt64) throws(WireError) {
        try self.init(decoding: bytes.span, size: size)
    }

    private init(decoding bytes: Span<UInt8>, size: UInt64) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.readBytes(Self.magic.count) == Self.magic,
            try reader.readUInt32() == Self.version
        else { throw .malformed(offset: 0, expected: "a bundle of version 1") }
        let count = try reader.readUInt32()
        guard count <= Self.fileLimit else { throw .tooLong(offset: 12, limit: Self.fileLimit) }
        var parts: [(String, UInt64)] = []
        for _ in 0..<count { parts.append((try reader.readText(), try reader.readUInt64())) }
        var files: [File] = []
        var offset = UInt64(reader.offset)
        for (name, length) in parts {
            guard length <= size, offset <= size - length else { throw .truncated(offset: reader.offset) }
            files.append(File(name: name, offset: offset, length: length))
            offset += length
        }
        self.files = files
    }

    public subscript(name: String) -> File? { files.first { UTF8Text.equal($0.name, name) } }

    /// Ids of the packages that it was made for.
    public var wanted: [String] {
        var ids: [String] = []
        for file in files where file.name.utf8.starts(with: Self.wanted.utf8) {
            ids.append(
                String(decoding: Array(file.name.utf8).dropFirst(Self.wanted.utf8.count), as: UTF8.self))
        }
        return ids
    }
}
