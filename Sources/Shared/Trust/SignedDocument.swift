import Wire

/// The envelope of all metadata: `{"signatures": [{"keyid", "sig"}, …], "signed": {…}}`.
///
/// Signatures are over the canonical form of `signed`, unknown fields included.
struct SignedDocument {
    /// An object may have as many members as the longest targets metadata (5 MB) can list.
    static let memberLimit = 65_536

    private struct Signature {
        let keyID: String
        /// Empty where the text is not hexadecimal: some tools write an empty text for those yet to sign.
        let bytes: [UInt8]
    }

    /// How messages name it.
    let role: String
    let signed: FieldReader
    let message: [UInt8]
    let version: Int64
    /// Seconds since 1970.
    let expiry: Int64
    /// In the order of their key ids.
    private let signatures: [Signature]

    /// - Parameter type: the value of `_type`; delegated roles have that of `targets`.
    init(_ bytes: Span<UInt8>, role: String, type: String) throws(TrustError) {
        let document: JSONValue
        do throws(WireError) {
            document = try JSONParser.parse(bytes, memberLimit: Self.memberLimit)
        } catch {
            throw .notJSON(role: role, error)
        }
        self.role = role
        let envelope = try FieldReader(role: role, document)
        signed = try envelope.object("signed")
        signatures = try Self.signatures(envelope)
        guard let message = CanonicalJSON.encode(signed.value) else {
            throw .badField(role: role, field: "signed", expected: "free of numbers that are no integers")
        }
        self.message = message
        let found = try signed.text("_type")
        guard UTF8Text.equal(found, type) else { throw .wrongType(role: role, found: found) }
        let specification = try signed.text("spec_version")
        guard Self.isSupported(specification) else {
            throw .unsupportedSpecification(role: role, version: specification)
        }
        version = try signed.version()
        guard let expiry = CalendarTime.seconds(try signed.text("expires")) else {
            throw signed.bad("expires", "a time like 2030-01-31T00:00:00Z")
        }
        self.expiry = expiry
    }

    func signature(of keyID: String) -> [UInt8]? {
        var range = 0..<signatures.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if UTF8Text.equal(signatures[middle].keyID, keyID) { return signatures[middle].bytes }
            range =
                UTF8Text.precedes(signatures[middle].keyID, keyID)
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    private static func signatures(_ envelope: FieldReader) throws(TrustError) -> [Signature] {
        guard let values = envelope["signatures"]?.array else { throw envelope.bad("signatures", "a list") }
        var signatures: [Signature] = []
        for value in values {
            let fields = try FieldReader(role: envelope.role, path: "signatures", value)
            signatures.append(
                Signature(
                    keyID: try fields.text("keyid"), bytes: Hexadecimal.decode(try fields.text("sig")) ?? []))
        }
        signatures.sort { UTF8Text.precedes($0.keyID, $1.keyID) }
        for index in signatures.indices.dropFirst()
        where UTF8Text.equal(signatures[index - 1].keyID, signatures[index].keyID) {
            throw .repeatedSignature(role: envelope.role, keyID: signatures[index].keyID)
        }
        return signatures
    }

    /// `1.0.34`, and the `1.0` of early repositories.
    private static func isSupported(_ version: String) -> Bool {
        let parts = version.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3 else { return false }
        for part in parts where part.isEmpty || !part.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            return false
        }
        return parts[0].elementsEqual("1".utf8)
    }
}
