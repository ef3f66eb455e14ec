import CCrypto
import HostSystem

/// An Ed25519 key pair (RFC 8032) that signs boot images. Equal inputs give equal signatures.
public struct SigningKey: Sendable, Equatable {
    /// The 32 secret bytes. They go nowhere but into the key's own file.
    private let secret: [UInt8]
    public let verifying: VerifyingKey

    /// A new one, from libcrypto's random numbers.
    public init() throws(SigningKeyError) {
        guard let context = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil) else { throw .cryptography }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) == 1, EVP_PKEY_keygen(context, &key) == 1 else {
            throw .cryptography
        }
        try self.init(taking: key)
    }

    /// From a PEM file's text (PKCS#8, RFC 8410, as `openssl genpkey -algorithm ed25519` writes it).
    public init(pem: [UInt8], file: String) throws(SigningKeyError) {
        // The source refers to the bytes for as long as it is read.
        let key = pem.withUnsafeBytes { bytes in
            let source = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count))
            defer { BIO_free(source) }
            return PEM_read_bio_PrivateKey(source, nil, nil, nil)
        }
        guard key != nil else { throw .notAKey(file: file) }
        guard EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 else {
            EVP_PKEY_free(key)
            throw .wrongKind(file: file)
        }
        try self.init(taking: key)
    }

    private init(taking key: OpaquePointer?) throws(SigningKeyError) {
        defer { EVP_PKEY_free(key) }
        var secret = [UInt8](repeating: 0, count: 32)
        var publicBytes = secret
        var secretCount = 32
        var publicCount = 32
        guard EVP_PKEY_get_raw_private_key(key, &secret, &secretCount) == 1, secretCount == 32,
            EVP_PKEY_get_raw_public_key(key, &publicBytes, &publicCount) == 1, publicCount == 32
        else { throw .cryptography }
        self.secret = secret
        verifying = VerifyingKey(bytes: publicBytes)
    }

    public func sign(_ message: [UInt8]) throws(SigningKeyError) -> [UInt8] {
        let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, secret, 32)
        defer { EVP_PKEY_free(key) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        var signature = [UInt8](repeating: 0, count: VerifyingKey.signatureByteCount)
        var count = signature.count
        guard EVP_DigestSignInit(context, nil, nil, nil, key) == 1,
            EVP_DigestSign(context, &signature, &count, message, message.count) == 1,
            count == signature.count
        else { throw .cryptography }
        return signature
    }

    /// The PEM text for the key's file.
    func pem() throws(SigningKeyError) -> [UInt8] {
        let key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nil, secret, 32)
        defer { EVP_PKEY_free(key) }
        let sink = BIO_new(BIO_s_mem())
        defer { BIO_free(sink) }
        guard PEM_write_bio_PrivateKey(sink, key, nil, nil, 0, nil, nil) == 1 else { throw .cryptography }
        // An Ed25519 key's PEM has 119 bytes.
        var text = [UInt8](repeating: 0, count: 1024)
        let count = BIO_read(sink, &text, Int32(text.count))
        guard count > 0 else { throw .cryptography }
        return Array(text[0..<Int(count)])
    }
}

/// The public half: what a loader trusts.
public struct VerifyingKey: Sendable, Equatable {
    public static let signatureByteCount = 64
    /// 32 bytes.
    public let bytes: [UInt8]

    public init(bytes: [UInt8]) {
        precondition(bytes.count == 32, "an Ed25519 public key has 32 bytes")
        self.bytes = bytes
    }

    /// SHA-256 of the 32 bytes: how people and boot images name the key.
    public var fingerprint: SHA256Digest { SHA256Digest.of(bytes) }

    public func accepts(_ signature: [UInt8], for message: [UInt8]) -> Bool {
        guard let key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nil, bytes, 32) else { return false }
        defer { EVP_PKEY_free(key) }
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        return EVP_DigestVerifyInit(context, nil, nil, nil, key) == 1
            && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
    }
}

public enum SigningKeyError: Error, Equatable, CustomStringConvertible {
    case cryptography
    case notAKey(file: String)
    case wrongKind(file: String)
    case badName(String)
    case alreadyThere(name: String, file: String)
    case notFound(name: String, folder: String, others: [String])
    case readableByOthers(file: String)
    case system(SystemError)

    public var description: String {
        switch self {
        case .cryptography:
            "libcrypto could not do an Ed25519 operation: it is out of memory or too old (3.0)"
        case .notAKey(let file): "\(file) is not a private key in PEM form; `amos keys new NAME` makes one"
        case .wrongKind(let file): "\(file) is not an Ed25519 key; `amos keys new NAME` makes one"
        case .badName(let name):
            "\"\(name)\" cannot name a key: use lower-case letters, digits and dashes, at most 64 of them"
        case .alreadyThere(let name, let file):
            "key \(name) exists already in \(file); choose another name, a key is never overwritten"
        case .notFound(let name, let folder, let others):
            "no key \(name) in \(folder) (has: \(others.isEmpty ? "none" : others.joined(separator: ", "))); "
                + "`amos keys new \(name)` makes one, $AMOS_KEYS names another folder"
        case .readableByOthers(let file):
            "\(file) can be read by other users, which a signing key must not be; run `chmod 600 \(file)`"
        case .system(let error): error.description
        }
    }
}
