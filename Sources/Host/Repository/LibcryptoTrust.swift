import CCrypto
import HostSystem
import Trust

/// Hashes and signatures of update metadata, by libcrypto.
public struct LibcryptoTrust: TrustCryptography, Sendable {
    /// The TUF specification refuses shorter RSA keys (4.2).
    static let minimumRSABits: Int32 = 2048

    public init() {}

    public func hash(_ algorithm: HashAlgorithm, _ bytes: Span<UInt8>) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: algorithm.byteCount)
        let isDone = bytes.withUnsafeBufferPointer { buffer in
            EVP_Digest(buffer.baseAddress, buffer.count, &digest, nil, algorithm.libcrypto, nil)
        }
        precondition(isDone == 1, "libcrypto could not compute a digest: out of memory")
        return digest
    }

    public func accepts(_ signature: [UInt8], of message: [UInt8], by key: PublicKey) -> Bool {
        guard let loaded = Self.load(key) else { return false }
        defer { EVP_PKEY_free(loaded) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        // Ed25519 hashes by itself.
        let digest = key.scheme == .ed25519 ? nil : EVP_sha256()
        var options: OpaquePointer?
        guard EVP_DigestVerifyInit(context, &options, digest, nil, loaded) == 1 else { return false }
        if key.scheme == .rsaPSS {
            guard EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING) == 1,
                EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_AUTO) == 1,
                EVP_PKEY_CTX_set_rsa_mgf1_md(options, EVP_sha256()) == 1
            else { return false }
        }
        return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }

    /// nil unless the key is of the kind that its scheme says.
    private static func load(_ key: PublicKey) -> OpaquePointer? {
        if key.scheme == .ed25519 {
            return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, key.bytes, key.bytes.count)
        }
        let loaded = key.bytes.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            let loaded = d2i_PUBKEY(nil, &start, buffer.count)
            // Bytes behind the key mean that it is not what it looks like.
            if let loaded, start != buffer.baseAddress.map({ $0 + buffer.count }) {
                EVP_PKEY_free(loaded)
                return OpaquePointer?.none
            }
            return loaded
        }
        guard let loaded else { return nil }
        let isRight =
            switch key.scheme {
            case .ecdsaP256: EVP_PKEY_get_base_id(loaded) == EVP_PKEY_EC && isP256(loaded)
            case .rsaPSS:
                EVP_PKEY_get_base_id(loaded) == EVP_PKEY_RSA && EVP_PKEY_get_bits(loaded) >= minimumRSABits
            case .ed25519, .unknown: false
            }
        if isRight { return loaded }
        EVP_PKEY_free(loaded)
        return nil
    }

    private static func isP256(_ key: OpaquePointer) -> Bool {
        var name = [CChar](repeating: 0, count: 80)
        var count = 0
        guard EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return false }
        return String(decoding: name[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) == "prime256v1"
    }
}

extension HashAlgorithm {
    var libcrypto: OpaquePointer? {
        switch self {
        case .sha256: EVP_sha256()
        case .sha512: EVP_sha512()
        }
    }
}
