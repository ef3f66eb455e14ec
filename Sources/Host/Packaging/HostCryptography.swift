import DiskImage
import HostSystem
import Packages

/// libcrypto for the package format.
public struct HostCryptography: PackageCryptography {
    public init() {}

    public func accepts(_ signature: [UInt8], of message: [UInt8], by key: PackageKey) -> Bool {
        switch key.algorithm {
        case .ed25519: VerifyingKey(bytes: key.bytes).accepts(signature, for: message)
        }
    }

    public func sha256(_ bytes: [UInt8]) -> Digest256 { Digest256(SHA256Digest.of(bytes)) }
}

extension PackageKey {
    public init(_ key: VerifyingKey) {
        guard let made = PackageKey(.ed25519, key.bytes) else {
            preconditionFailure("an Ed25519 public key has 32 bytes")
        }
        self = made
    }
}

extension Digest256 {
    public init(_ digest: SHA256Digest) {
        guard let made = Digest256(digest.bytes) else { preconditionFailure("a SHA-256 has 32 bytes") }
        self = made
    }
}
