import CLibcrypto

/// Signatures that handset programs check, with OpenSSL's libcrypto. Nothing here signs.
public enum Signature {
    public enum Scheme: Sendable {
        /// The key is its 32 bytes.
        case ed25519
        /// Over SHA-256. The key is a SubjectPublicKeyInfo in DER (RFC 5480), the signature is DER as well.
        case ecdsaP256
        /// Over SHA-256, with a salt of 32 bytes. The key is a SubjectPublicKeyInfo of 2048 bits or more.
        case rsaPSS
    }

    /// What came of a check. Only `valid` may lead anywhere.
    public enum Outcome: Equatable, Sendable {
        case valid
        case invalid
        /// The key cannot be used for this scheme.
        case wrongKey

        init(_ result: Int32) {
            switch result {
            case 1: self = .valid
            case 0: self = .invalid
            default: self = .wrongKey
            }
        }
    }

    public static func check(
        _ signature: [UInt8], of message: Span<UInt8>, by key: [UInt8], _ scheme: Scheme
    ) -> Outcome {
        let number =
            switch scheme {
            case .ed25519: AMOS_SCHEME_ED25519
            case .ecdsaP256: AMOS_SCHEME_ECDSA_P256
            case .rsaPSS: AMOS_SCHEME_RSA_PSS_SHA256
            }
        let result = message.withUnsafeBytes { message in
            key.withUnsafeBufferPointer { key in
                signature.withUnsafeBufferPointer { signature in
                    amos_verify(
                        Int32(number.rawValue), key.baseAddress, key.count, message.baseAddress,
                        message.count, signature.baseAddress, signature.count)
                }
            }
        }
        return Outcome(result)
    }

    /// RSASSA-PKCS1-v1_5 with a SHA-1 digest that is given: what adb signs its tokens with, and good for
    /// nothing else.
    public static func checkToken(
        _ signature: [UInt8], digest: [UInt8], modulus: [UInt8], exponent: UInt32
    ) -> Outcome {
        let result = modulus.withUnsafeBufferPointer { modulus in
            digest.withUnsafeBufferPointer { digest in
                signature.withUnsafeBufferPointer { signature in
                    amos_verify_rsa_sha1_digest(
                        modulus.baseAddress, modulus.count, exponent, digest.baseAddress, digest.count,
                        signature.baseAddress, signature.count)
                }
            }
        }
        return Outcome(result)
    }
}
