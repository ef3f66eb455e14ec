import Wire

// A package file. All numbers are little-endian.
//
//      0 ┌────────────────────────┐     0   8  magic "AMOSPKG\0"
//        │ header, 64 bytes       │     8   4  version, 1
//     64 ├────────────────────────┤    12   4  size M of the manifest, 1 … 65,536
//        │ manifest, M bytes      │    16   4  size S of the signature block, 1 … its limit
//        ├────────────────────────┤    20   4  zero
//        │ signatures, S bytes    │    24   8  size P of the payload, a multiple of 4,096
//        ├────────────────────────┤    32  32  zero
//        │ zeros                  │
//        ├────────────────────────┤  the next multiple of 4,096
//        │ payload: EROFS, P bytes│
//        └────────────────────────┘  the end of the file
//
// The manifest and the signatures come first: whoever receives a package over a wire knows who made it, how
// large it is and whether it is wanted before the first byte of the payload. The payload starts at a block of
// the file, so that a file system that can share blocks need not copy it.

/// Where everything is in a package file. Says nothing about trust: the signature covers the manifest, the
/// manifest covers the payload, and nothing else in the file means anything.
public struct PackageHeader: Sendable, Equatable {
    public static let byteCount = 64
    public static let alignment: UInt64 = 4_096
    /// What must be read to know everything but the payload, at most.
    public static let headLimit = byteCount + PackageManifest.byteLimit + SignatureBlock.byteLimit
    /// The same as a file: the payload begins on a boundary.
    public static let headFileLimit = headLimit + Int(alignment)
    private static let magic: [UInt8] = [0x41, 0x4d, 0x4f, 0x53, 0x50, 0x4b, 0x47, 0]
    private static let version: UInt32 = 1

    public let manifestSize: Int
    public let signatureSize: Int
    public let payloadSize: UInt64

    /// From sizes that are within their limits.
    public init(manifestSize: Int, signatureSize: Int, payloadSize: UInt64) throws(PackageError) {
        guard manifestSize >= 1, manifestSize <= PackageManifest.byteLimit else {
            throw .badFormat(.package, "its manifest has an impossible size")
        }
        guard signatureSize >= 1, signatureSize <= SignatureBlock.byteLimit else {
            throw .badFormat(.package, "its signature block has an impossible size")
        }
        guard payloadSize > 0, payloadSize <= PackageManifest.payloadLimit, payloadSize % Self.alignment == 0
        else { throw .badFormat(.package, "its payload has an impossible size") }
        self.manifestSize = manifestSize
        self.signatureSize = signatureSize
        self.payloadSize = payloadSize
    }

    public var manifestRange: Range<Int> { Self.byteCount..<Self.byteCount + manifestSize }

    public var signatureRange: Range<Int> {
        manifestRange.upperBound..<manifestRange.upperBound + signatureSize
    }

    public var payloadOffset: UInt64 {
        (UInt64(signatureRange.upperBound) + Self.alignment - 1) / Self.alignment * Self.alignment
    }

    public var fileSize: UInt64 { payloadOffset + payloadSize }

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.byteCount)
        writer.writeRaw(Self.magic)
        writer.write(Self.version)
        writer.write(UInt32(manifestSize))
        writer.write(UInt32(signatureSize))
        writer.write(UInt32(0))
        writer.write(payloadSize)
        writer.writeRaw([UInt8](repeating: 0, count: 32))
        return writer.bytes
    }

    /// From the first 64 bytes of a file.
    public init(decoding bytes: Span<UInt8>) throws(PackageError) {
        guard bytes.count >= Self.byteCount else {
            throw .badFormat(.package, "it is shorter than its header")
        }
        for index in Self.magic.indices where bytes[index] != Self.magic[index] {
            throw .badFormat(.package, "it is not a package")
        }
        var reader = ByteReader(bytes)
        let manifest: UInt32
        let signature: UInt32
        let payload: UInt64
        do throws(WireError) {
            try reader.skip(Self.magic.count)
            guard try reader.readUInt32() == Self.version else {
                throw .malformed(offset: 8, expected: "version 1 of the package format")
            }
            manifest = try reader.readUInt32()
            signature = try reader.readUInt32()
            guard try reader.readUInt32() == 0 else { throw .malformed(offset: 20, expected: "zeros") }
            payload = try reader.readUInt64()
            for _ in 0..<4 {
                guard try reader.readUInt64() == 0 else {
                    throw .malformed(offset: reader.offset - 8, expected: "zeros")
                }
            }
        } catch {
            throw .bytes(of: .package, error)
        }
        try self.init(
            manifestSize: Int(manifest), signatureSize: Int(signature), payloadSize: payload)
    }

    public init(decoding bytes: [UInt8]) throws(PackageError) { try self.init(decoding: bytes.span) }
}

/// Everything of a package file before its payload, read and consistent, but not yet trusted.
public struct PackageHead: Sendable {
    public let header: PackageHeader
    public let manifest: PackageManifest
    public let manifestBytes: [UInt8]
    public let signatures: SignatureBlock

    /// From the first `payloadOffset` bytes of a file, or more of it.
    public init(decoding bytes: Span<UInt8>) throws(PackageError) {
        header = try PackageHeader(decoding: bytes)
        guard UInt64(bytes.count) >= header.payloadOffset else {
            throw .badFormat(.package, "it is cut short")
        }
        manifestBytes = Self.copy(bytes, header.manifestRange)
        manifest = try PackageManifest(decoding: manifestBytes)
        signatures = try SignatureBlock(decoding: bytes.extracting(header.signatureRange))
        guard manifest.payload.size == header.payloadSize else {
            throw .badFormat(.package, "its header and its manifest name different sizes of the payload")
        }
        for index in header.signatureRange.upperBound..<Int(header.payloadOffset) where bytes[index] != 0 {
            throw .badFormat(.package, "bytes that must be zero are not")
        }
    }

    public init(decoding bytes: [UInt8]) throws(PackageError) { try self.init(decoding: bytes.span) }

    /// The bytes before the payload.
    public static func encode(manifest: [UInt8], signatures: SignatureBlock, payloadSize: UInt64)
        throws(PackageError) -> [UInt8]
    {
        let block = signatures.encode()
        let header = try PackageHeader(
            manifestSize: manifest.count, signatureSize: block.count, payloadSize: payloadSize)
        let bytes = header.encode() + manifest + block
        return bytes + [UInt8](repeating: 0, count: Int(header.payloadOffset) - bytes.count)
    }

    private static func copy(_ bytes: Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var copy: [UInt8] = []
        copy.reserveCapacity(range.count)
        for index in range { copy.append(bytes[index]) }
        return copy
    }
}
