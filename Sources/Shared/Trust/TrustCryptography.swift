import Wire

/// The one seam to a cryptographic library: the host and the handset each stand it on libcrypto.
public protocol TrustCryptography {
    func hash(_ algorithm: HashAlgorithm, _ bytes: Span<UInt8>) -> [UInt8]

    /// Whether the key signed these bytes. False for whatever is wrong with key or signature: an RSA key
    /// below 2048 bits, a curve other than P-256, a key of another kind than its scheme says.
    func accepts(_ signature: [UInt8], of message: [UInt8], by key: PublicKey) -> Bool
}

public enum HashAlgorithm: Equatable, Sendable, CaseIterable {
    case sha256
    case sha512

    public var name: String {
        switch self {
        case .sha256: "sha256"
        case .sha512: "sha512"
        }
    }

    public var byteCount: Int {
        switch self {
        case .sha256: 32
        case .sha512: 64
        }
    }

    init?(_ name: String) {
        for algorithm in Self.allCases where UTF8Text.equal(algorithm.name, name) {
            self = algorithm
            return
        }
        return nil
    }
}
