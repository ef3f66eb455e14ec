import Crypto
import Packages

/// libcrypto for the package format.
public struct HandsetCryptography: StreamCryptography {
    public init() {}

    public final class Running: RunningDigest {
        private var digest = SHA256()

        public func add(_ bytes: Span<UInt8>) { digest.add(bytes) }

        public func finish() -> Digest256? { digest.finish().flatMap { Digest256($0) } }
    }

    public func accepts(_ signature: [UInt8], of message: [UInt8], by key: PackageKey) -> Bool {
        switch key.algorithm {
        case .ed25519: Signature.check(signature, of: message.span, by: key.bytes, .ed25519) == .valid
        }
    }

    /// Without memory for it there is no digest; zeros are no file's, so that nothing is found by them.
    public func sha256(_ bytes: [UInt8]) -> Digest256 {
        SHA256.of(bytes.span).flatMap { Digest256($0) } ?? .zero
    }

    public func beginSHA256() -> Running { Running() }
}
