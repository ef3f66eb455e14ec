import Wire

/// A key as metadata lists it. Keys of unknown kinds are kept, and never verify anything.
public struct PublicKey: Sendable {
    public enum Scheme: Equatable, Sendable {
        case ed25519
        case ecdsaP256
        case rsaPSS
        case unknown
    }

    public let id: String
    public let scheme: Scheme
    /// Ed25519: 32 bytes (RFC 8032). The others: a DER SubjectPublicKeyInfo (RFC 5280). Unknown: none.
    public let bytes: [UInt8]

    public init(id: String, scheme: Scheme, bytes: [UInt8]) {
        self.id = id
        self.scheme = scheme
        self.bytes = bytes
    }

    init(id: String, _ fields: FieldReader) throws(TrustError) {
        let type = try fields.text("keytype")
        let scheme = try fields.text("scheme")
        let value = try fields.object("keyval")
        self.id = id
        let (kind, bytes) = Self.read(type, scheme, value["public"]?.text ?? "")
        self.scheme = bytes == nil ? .unknown : kind
        self.bytes = bytes ?? []
    }

    private static func read(_ type: String, _ scheme: String, _ text: String) -> (Scheme, [UInt8]?) {
        let isRSA = UTF8Text.equal(type, "rsa") && UTF8Text.equal(scheme, "rsassa-pss-sha256")
        // The second name of the type is what repositories wrote before specification 1.0.25.
        let isECDSA =
            (UTF8Text.equal(type, "ecdsa") || UTF8Text.equal(type, "ecdsa-sha2-nistp256"))
            && UTF8Text.equal(scheme, "ecdsa-sha2-nistp256")
        if UTF8Text.equal(type, "ed25519"), UTF8Text.equal(scheme, "ed25519") {
            let bytes = Hexadecimal.decode(text)
            return (.ed25519, bytes?.count == 32 ? bytes : nil)
        }
        if isECDSA { return (.ecdsaP256, PEM.publicKey(text)) }
        if isRSA { return (.rsaPSS, PEM.publicKey(text)) }
        return (.unknown, nil)
    }
}

/// Who signs a role, and how many of them must.
public struct RoleKeys: Sendable {
    /// Those of the role's key ids that the delegator lists, each once.
    let keys: [PublicKey]
    let threshold: Int

    /// Key ids that name no listed key cannot sign, and do no harm.
    init(_ fields: FieldReader, of list: [PublicKey]) throws(TrustError) {
        let threshold = try fields.integer("threshold")
        guard threshold >= 1, threshold <= Int64(Int32.max) else {
            throw fields.bad("threshold", "a number of signatures, at least 1")
        }
        self.threshold = Int(threshold)
        let ids = try fields.texts("keyids")
        guard ids.count <= KeyList.limit else {
            throw fields.bad("keyids", "at most " + String(KeyList.limit) + " keys")
        }
        var keys: [PublicKey] = []
        for (index, id) in ids.enumerated() {
            for earlier in ids[..<index] where UTF8Text.equal(earlier, id) {
                throw fields.bad("keyids", "a list that names each key once")
            }
            for key in list where UTF8Text.equal(key.id, id) { keys.append(key) }
        }
        self.keys = keys
    }

    /// Throws unless `threshold` different keys signed. A key counts once, under however many ids it is
    /// listed: key ids are what the delegator says they are, and are not recomputed, because repositories in
    /// use (and python-tuf) compute them in several ways.
    func check(
        _ document: SignedDocument, with cryptography: borrowing some TrustCryptography
    ) throws(TrustError) {
        var signers: [PublicKey] = []
        for key in keys where signers.count < threshold && key.scheme != .unknown {
            guard let signature = document.signature(of: key.id),
                !signers.contains(where: { $0.scheme == key.scheme && $0.bytes == key.bytes }),
                cryptography.accepts(signature, of: document.message, by: key)
            else { continue }
            signers.append(key)
        }
        guard signers.count >= threshold else {
            throw .tooFewSignatures(role: document.role, valid: signers.count, threshold: threshold)
        }
    }
}
