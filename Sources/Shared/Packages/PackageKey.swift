import Wire

/// A developer's public key. People and files name it by its fingerprint: the SHA-256 of its bytes, the same
/// as `amos keys list` prints.
public struct PackageKey: Sendable, Hashable {
    public enum Algorithm: UInt8, Sendable {
        /// RFC 8032; 32 bytes of key, 64 of signature.
        case ed25519 = 1

        public var keyByteCount: Int { 32 }
        public var signatureByteCount: Int { 64 }
    }

    public let algorithm: Algorithm
    public let bytes: [UInt8]

    /// nil: not as long as the algorithm's keys are.
    public init?(_ algorithm: Algorithm, _ bytes: [UInt8]) {
        guard bytes.count == algorithm.keyByteCount else { return nil }
        self.algorithm = algorithm
        self.bytes = bytes
    }

    func write(to writer: inout ByteWriter) {
        writer.write(algorithm.rawValue)
        writer.writeRaw(bytes)
    }

    static func read(
        _ reader: inout ByteReader, of document: PackageError.Document
    ) throws(PackageError) -> PackageKey {
        do throws(WireError) {
            guard let algorithm = Algorithm(rawValue: try reader.readUInt8()) else {
                throw .malformed(offset: reader.offset - 1, expected: "a known signature algorithm")
            }
            let bytes = try reader.readBytes(algorithm.keyByteCount)
            guard let key = PackageKey(algorithm, bytes) else {
                throw .malformed(offset: reader.offset, expected: "a key")
            }
            return key
        } catch {
            throw .bytes(of: document, error)
        }
    }
}

/// What a crypto library does for this module: libcrypto on both sides, behind each side's own shim.
public protocol PackageCryptography {
    func accepts(_ signature: [UInt8], of message: [UInt8], by key: PackageKey) -> Bool
    func sha256(_ bytes: [UInt8]) -> Digest256
}
