import Wire

/// Who vouches for a manifest: one signature of it, and how the id's key came to be this one.
///
///      0  1  version, 1
///      1  1  number of rotations R, at most 8, oldest first
///      2 33  the signing key: algorithm.1, bytes.32
///     35 64  its signature over "AMOSPKG1" and the manifest's bytes
///     99     R times:  length of the statement.2, statement (KeyRotation), signature of its old key.64
public struct SignatureBlock: Sendable, Equatable {
    static let version: UInt8 = 1
    /// A key changes when it is lost or feared to be: more than a handful of times is no key to trust.
    public static let rotationLimit = 8
    public static let byteLimit = 99 + rotationLimit * (2 + KeyRotation.byteLimit + 64)
    /// Begins no other message that is signed, so that a signature cannot be taken for one of something else.
    static let context = Array("AMOSPKG1".utf8)

    public struct SignedRotation: Sendable, Equatable {
        public var statement: KeyRotation
        /// Of the statement's old key.
        public var signature: [UInt8]

        public init(statement: KeyRotation, signature: [UInt8]) {
            self.statement = statement
            self.signature = signature
        }
    }

    public var key: PackageKey
    public var signature: [UInt8]
    public var rotations: [SignedRotation]

    public init(key: PackageKey, signature: [UInt8], rotations: [SignedRotation] = []) {
        precondition(signature.count == key.algorithm.signatureByteCount, "the algorithm's own length")
        precondition(rotations.count <= Self.rotationLimit, "more rotations than a block takes")
        self.key = key
        self.signature = signature
        self.rotations = rotations
    }

    /// What the key signs.
    public static func message(manifest: [UInt8]) -> [UInt8] { context + manifest }

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 99)
        writer.write(Self.version)
        writer.write(UInt8(rotations.count))
        key.write(to: &writer)
        writer.writeRaw(signature)
        for rotation in rotations {
            let statement = rotation.statement.encode()
            writer.write(UInt16(statement.count))
            writer.writeRaw(statement)
            writer.writeRaw(rotation.signature)
        }
        return writer.bytes
    }

    public init(decoding bytes: Span<UInt8>) throws(PackageError) {
        var reader = ByteReader(bytes)
        let count: Int
        do throws(WireError) {
            guard bytes.count <= Self.byteLimit else { throw .tooLong(offset: 0, limit: Self.byteLimit) }
            guard try reader.readUInt8() == Self.version else {
                throw .malformed(offset: 0, expected: "version 1 of a signature block")
            }
            count = Int(try reader.readUInt8())
            guard count <= Self.rotationLimit else { throw .tooLong(offset: 1, limit: Self.rotationLimit) }
        } catch {
            throw .bytes(of: .signatureBlock, error)
        }
        key = try PackageKey.read(&reader, of: .signatureBlock)
        do throws(WireError) {
            signature = try reader.readBytes(key.algorithm.signatureByteCount)
        } catch {
            throw .bytes(of: .signatureBlock, error)
        }
        rotations = []
        for _ in 0..<count { rotations.append(try Self.readRotation(&reader)) }
        do throws(WireError) { try reader.finish() } catch { throw .bytes(of: .signatureBlock, error) }
    }

    public init(decoding bytes: [UInt8]) throws(PackageError) { try self.init(decoding: bytes.span) }

    private static func readRotation(_ reader: inout ByteReader) throws(PackageError) -> SignedRotation {
        let bytes: [UInt8]
        do throws(WireError) {
            let length = Int(try reader.readUInt16())
            guard length <= KeyRotation.byteLimit else {
                throw .tooLong(offset: reader.offset - 2, limit: KeyRotation.byteLimit)
            }
            bytes = try reader.readBytes(length)
        } catch {
            throw .bytes(of: .signatureBlock, error)
        }
        let statement = try KeyRotation(decoding: bytes)
        do throws(WireError) {
            let signature = try reader.readBytes(statement.oldKey.algorithm.signatureByteCount)
            return SignedRotation(statement: statement, signature: signature)
        } catch {
            throw .bytes(of: .signatureBlock, error)
        }
    }
}

extension SignatureBlock {
    /// Whether this block vouches for the manifest, and the id's key on this handset leads to its key.
    /// - Parameters:
    ///   - manifest: read from `manifestBytes`.
    ///   - owner: the key's fingerprint that the id belongs to here; nil if the id was never here.
    /// - Returns: the fingerprint of the key that the id belongs to from now on.
    public func verify(
        _ manifest: PackageManifest, _ manifestBytes: [UInt8], owner: Digest256?,
        with crypto: some PackageCryptography
    ) throws(PackageError) -> Digest256 {
        guard crypto.accepts(signature, of: Self.message(manifest: manifestBytes), by: key) else {
            throw .signature(.doesNotMatch)
        }
        // All of them, also those that this handset does not need: a wrong one is a wrong package.
        for (index, rotation) in rotations.enumerated() {
            let statement = rotation.statement
            let next = index + 1 < rotations.count ? rotations[index + 1].statement.oldKey : key
            guard statement.id == manifest.id, statement.newKey == next,
                statement.firstVersionCode <= manifest.versionCode,
                crypto.accepts(rotation.signature, of: statement.encode(), by: statement.oldKey)
            else { throw .signature(.badRotation) }
        }
        let signer = crypto.sha256(key.bytes)
        guard let owner, owner != signer else { return signer }
        for rotation in rotations where crypto.sha256(rotation.statement.oldKey.bytes) == owner {
            return signer
        }
        throw .signature(.otherKey)
    }
}
