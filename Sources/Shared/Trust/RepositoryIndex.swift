import Wire

// A repository's index: the target `index`, which the repository's owner makes at each publication. One
// fetch tells a client all that its solver needs. All numbers are little-endian.
//
//     ┌──────────────────────────────┐  8  magic "AMOSIDX\0"
//     │ header                       │  4  version, 1
//     │                              │  4  number of entries, at most 65,536
//     ├──────────────────────────────┤  for each, in the order of the paths' bytes:
//     │ 2 + n  path of the target    │
//     │ 8      its length            │
//     │ 32     its SHA-256           │
//     │ 4 + m  manifest              │  as in the package file, with what was signed over it, so that the
//     │ 4 + s  signature block       │  developer's key is known before the payload is fetched
//     └──────────────────────────────┘
//
// It is as trustworthy as any target: its length and hash are signed. What it says of a target must be what
// the targets metadata says, which is asked again before the target is fetched.

/// A package that a repository offers.
public struct IndexedPackage: Sendable, Equatable {
    public let path: String
    public let length: UInt64
    /// 32 bytes.
    public let digest: [UInt8]
    public let manifest: [UInt8]
    public let signatures: [UInt8]

    public init(path: String, length: UInt64, digest: [UInt8], manifest: [UInt8], signatures: [UInt8]) {
        precondition(digest.count == RepositoryIndex.digestByteCount, "a SHA-256 has 32 bytes")
        self.path = path
        self.length = length
        self.digest = digest
        self.manifest = manifest
        self.signatures = signatures
    }

    public static func == (left: Self, right: Self) -> Bool {
        UTF8Text.equal(left.path, right.path) && left.length == right.length && left.digest == right.digest
            && left.manifest == right.manifest && left.signatures == right.signatures
    }
}

public enum RepositoryIndex {
    /// The path of the index among the targets.
    public static let path = "index"
    /// As many as one targets role can list.
    public static let packageLimit = 65_536
    /// A manifest's own limit; signature blocks are shorter.
    static let partLimit = 65_536
    static let digestByteCount = 32
    private static let magic: [UInt8] = Array("AMOSIDX\0".utf8)
    private static let version: UInt32 = 1

    /// The packages may come in any order; paths are different.
    public static func encode(_ packages: [IndexedPackage]) -> [UInt8] {
        precondition(packages.count <= packageLimit, "more packages than a repository can have")
        var writer = ByteWriter()
        writer.writeRaw(magic)
        writer.write(version)
        writer.write(UInt32(packages.count))
        for package in packages.sorted(by: { UTF8Text.precedes($0.path, $1.path) }) {
            writer.write(package.path)
            writer.write(package.length)
            writer.writeRaw(package.digest)
            for part in [package.manifest, package.signatures] {
                writer.write(UInt32(part.count))
                writer.writeRaw(part)
            }
        }
        return writer.bytes
    }

    public static func decode(_ bytes: [UInt8]) throws(WireError) -> [IndexedPackage] {
        try decode(bytes.span)
    }

    public static func decode(_ bytes: Span<UInt8>) throws(WireError) -> [IndexedPackage] {
        var reader = ByteReader(bytes)
        guard try reader.readBytes(magic.count) == magic, try reader.readUInt32() == version else {
            throw .malformed(offset: 0, expected: "a repository index of version 1")
        }
        let count = try reader.readUInt32()
        guard count <= packageLimit else { throw .tooLong(offset: 12, limit: packageLimit) }
        var packages: [IndexedPackage] = []
        for _ in 0..<count {
            let start = reader.offset
            let package = IndexedPackage(
                path: try reader.readText(), length: try reader.readUInt64(),
                digest: try reader.readBytes(digestByteCount), manifest: try readPart(&reader),
                signatures: try readPart(&reader))
            if let last = packages.last, !UTF8Text.precedes(last.path, package.path) {
                throw .malformed(offset: start, expected: "paths in their order, each once")
            }
            packages.append(package)
        }
        try reader.finish()
        return packages
    }

    private static func readPart(_ reader: inout ByteReader) throws(WireError) -> [UInt8] {
        let start = reader.offset
        let count = try reader.readUInt32()
        guard count <= partLimit else { throw .tooLong(offset: start, limit: partLimit) }
        return try reader.readBytes(Int(count))
    }
}
