import DiskImage
import HostSystem
import Packages
import Packaging
import Testing

/// Whose package it is: the rules of `SignatureBlock.verify`, with real keys.
@Suite struct IdentityTests {
    static let keys = try! (0..<4).map { _ throws(SigningKeyError) in try SigningKey() }
    static let id = PackageID("com.example.notes")!

    static let manifest: PackageManifest = {
        let digest = Digest256(SHA256Digest.of([]))
        return PackageManifest(
            id: id, version: PackageVersion(1, 0, 0), versionCode: 10, architecture: .any, kind: .library,
            name: "Notes", licence: "MIT", payload: .init(size: 4096, sha256: digest, verity: digest))
    }()

    static func rotation(
        _ old: Int, _ new: Int, code: UInt64 = 5, id: PackageID = id, signer: Int? = nil
    ) throws -> SignatureBlock.SignedRotation {
        let statement = KeyRotation(
            id: id, oldKey: PackageKey(keys[old].verifying), newKey: PackageKey(keys[new].verifying),
            firstVersionCode: code)
        return .init(statement: statement, signature: try keys[signer ?? old].sign(statement.encode()))
    }

    static func verify(
        owner: Int?, signer: Int, _ rotations: [SignatureBlock.SignedRotation] = []
    ) throws -> Digest256 {
        let bytes = manifest.encode()
        let block = SignatureBlock(
            key: PackageKey(keys[signer].verifying),
            signature: try keys[signer].sign(SignatureBlock.message(manifest: bytes)), rotations: rotations)
        return try SignatureBlock(decoding: block.encode()).verify(
            manifest, bytes, owner: owner.map(fingerprint), with: HostCryptography())
    }

    static func fingerprint(_ key: Int) -> Digest256 { Digest256(keys[key].verifying.fingerprint) }

    @Test func theFirstKeyAndTheSameKeyAreTaken() throws {
        #expect(try Self.verify(owner: nil, signer: 0) == Self.fingerprint(0))
        #expect(try Self.verify(owner: 0, signer: 0) == Self.fingerprint(0))
    }

    @Test func anotherKeyIsNot() {
        #expect(throws: PackageError.signature(.otherKey)) { try Self.verify(owner: 1, signer: 0) }
    }

    @Test func oldKeysLeadToNewOnes() throws {
        let one = try Self.rotation(0, 1)
        let two = try Self.rotation(1, 2)
        #expect(try Self.verify(owner: 0, signer: 1, [one]) == Self.fingerprint(1))
        // A handset that missed the one in between, and one that is up to date.
        for owner in 0...2 {
            #expect(try Self.verify(owner: owner, signer: 2, [one, two]) == Self.fingerprint(2))
        }
        #expect(throws: PackageError.signature(.otherKey)) {
            try Self.verify(owner: 3, signer: 2, [one, two])
        }
        // The old key does not come back.
        #expect(throws: PackageError.signature(.otherKey)) { try Self.verify(owner: 1, signer: 0) }
    }

    @Test func wrongStatementsAreRefused() throws {
        let other = try #require(PackageID("com.example.other"))
        let wrong = try [
            [Self.rotation(0, 1, signer: 1)], [Self.rotation(0, 1, signer: 2)],
            [Self.rotation(0, 1, id: other)], [Self.rotation(0, 1, code: 11)], [Self.rotation(0, 2)],
            [Self.rotation(1, 2), Self.rotation(0, 1)], [Self.rotation(0, 2), Self.rotation(3, 1)],
        ]
        for rotations in wrong {
            for owner in [nil, 0, 1] {
                #expect(throws: PackageError.signature(.badRotation)) {
                    try Self.verify(owner: owner, signer: 1, rotations)
                }
            }
        }
    }

    @Test func aSignatureOfSomethingElseIsRefused() throws {
        let bytes = Self.manifest.encode()
        // Without what tells a package's signature from every other one.
        for message in [bytes, Array("AMOSROT1".utf8) + bytes, SignatureBlock.message(manifest: bytes + [0])]
        {
            let block = SignatureBlock(
                key: PackageKey(Self.keys[0].verifying), signature: try Self.keys[0].sign(message))
            #expect(throws: PackageError.signature(.doesNotMatch)) {
                try block.verify(Self.manifest, bytes, owner: nil, with: HostCryptography())
            }
        }
    }
}
