import Packages
import Testing

@Suite struct PackageHeadTests {
    static let key = PackageKey(.ed25519, [UInt8](repeating: 1, count: 32))!
    static let older = PackageKey(.ed25519, [UInt8](repeating: 2, count: 32))!

    static func block(rotations: Int = 0) -> SignatureBlock {
        let statement = KeyRotation(
            id: SampleManifest.id("com.example.notes"), oldKey: older, newKey: key, firstVersionCode: 3)
        let rotation = SignatureBlock.SignedRotation(
            statement: statement, signature: [UInt8](repeating: 9, count: 64))
        return SignatureBlock(
            key: key, signature: [UInt8](repeating: 5, count: 64),
            rotations: Array(repeating: rotation, count: rotations))
    }

    static func head(_ block: SignatureBlock) throws -> [UInt8] {
        try PackageHead.encode(
            manifest: SampleManifest.full.encode(), signatures: block, payloadSize: 8192)
    }

    @Test(arguments: [0, 1, SignatureBlock.rotationLimit])
    func comesBackAsItWas(rotations: Int) throws {
        let block = Self.block(rotations: rotations)
        let bytes = try Self.head(block)
        #expect(bytes.count % 4096 == 0)
        let head = try PackageHead(decoding: bytes)
        #expect(head.signatures == block)
        #expect(head.manifestBytes == SampleManifest.full.encode())
        #expect(head.header.payloadOffset == UInt64(bytes.count))
        #expect(head.header.fileSize == UInt64(bytes.count) + 8192)
    }

    @Test func everyCutIsRefused() throws {
        let bytes = try Self.head(Self.block(rotations: 2))
        for count in 0..<bytes.count {
            #expect(throws: PackageError.self) { try PackageHead(decoding: Array(bytes[..<count])) }
        }
        let block = Self.block(rotations: 2).encode()
        for count in 0..<block.count {
            #expect(throws: PackageError.self) { try SignatureBlock(decoding: Array(block[..<count])) }
        }
    }

    /// A changed byte is refused, or it is one of those that only the signature can judge.
    @Test func changedBytesAreRefused() throws {
        let bytes = try Self.head(Self.block())
        let head = try PackageHead(decoding: bytes)
        let trusted = head.header.manifestRange.lowerBound..<head.header.signatureRange.upperBound
        for index in bytes.indices where !trusted.contains(index) {
            var changed = bytes
            changed[index] ^= 0x40
            #expect(throws: PackageError.self, "byte \(index)") { try PackageHead(decoding: changed) }
        }
    }

    @Test(arguments: [
        (12, UInt32(0)), (12, 65_537), (12, .max), (16, 0), (16, .max), (24, 0), (24, 4097), (28, 0x100),
    ])
    func impossibleSizes(offset: Int, value: UInt32) throws {
        var bytes = try Self.head(Self.block())
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
        #expect(throws: PackageError.self) { try PackageHeader(decoding: bytes) }
    }

    @Test func blocksWithWrongPartsAreRefused() throws {
        var bytes = Self.block(rotations: 1).encode()
        let wrong: [(Int, UInt8)] = [
            (0, 2), (1, 9), (1, 2), (2, 2), (99, 255), (101, 0), (99 + 2 + 16, 7), (99 + 2 + 82, 200),
        ]
        for (offset, value) in wrong {
            let before = bytes[offset]
            bytes[offset] = value
            #expect(throws: PackageError.self, "byte \(offset)") { try SignatureBlock(decoding: bytes) }
            bytes[offset] = before
        }
        #expect(throws: PackageError.self) { try SignatureBlock(decoding: bytes + [0]) }
        let same = KeyRotation(
            id: SampleManifest.id("a.b"), oldKey: Self.key, newKey: Self.key, firstVersionCode: 1)
        #expect(throws: PackageError.self) { try KeyRotation(decoding: same.encode()) }
    }
}
