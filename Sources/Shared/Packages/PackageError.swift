import Wire

/// Why a package, a manifest, a version or a generation was refused.
public enum PackageError: Error, Equatable, Sendable {
    /// Bytes that break off, or are no JSON where JSON is asked for.
    case bytes(of: Document, WireError)
    /// `key` is the path of a manifest's key, such as `payload.size` or `dependencies[2][0].id`.
    case unknownKey(String)
    case missingKey(String)
    case wrongType(key: String, expected: String)
    case tooLong(key: String, limit: Int)
    /// The right type, but no value that this key can have.
    case badValue(key: String, value: String, expected: String)
    /// The same content is written differently: there is one sequence of bytes for each manifest.
    case notCanonical(offset: Int)
    /// A package, signature block, statement or generation that breaks its format.
    case badFormat(Document, String)
    case unknownPackage(PackageID)
    /// The generation to go back to holds something older than what this handset still takes.
    case belowFloor(PackageID, code: UInt64, floor: UInt64)
    case signature(SignatureProblem)
    /// This handset does not take it: one sentence.
    case policy(String)
    /// The bytes of the payload are not those that were signed for.
    case payloadDiffers(PackageID)
    /// What is missing on the disk, or with it; `what` was to be done.
    case store(what: String, StoreProblem)

    public enum Document: Sendable {
        case manifest, package, signatureBlock, keyRotation, generation, policy
    }

    public enum SignatureProblem: Sendable {
        /// The manifest was changed after it was signed, or the signature is of another one.
        case doesNotMatch
        /// Signed with another key than the one that this id belongs to, and no statement of the old key says
        /// so.
        case otherKey
        /// A statement about the change of a key that was not signed with the old key.
        case badRotation
    }

    /// Compared by what they say: names and texts as bytes, without the Unicode tables.
    public static func == (left: PackageError, right: PackageError) -> Bool {
        UTF8Text.equal(left.description, right.description)
    }
}

extension PackageError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .bytes(let document, let error): "the " + document.name + ": " + error.description
        case .unknownKey(let key): "the manifest has the unknown key '" + key + "'; take it out"
        case .missingKey(let key): "the manifest lacks the key '" + key + "'; add it"
        case .wrongType(let key, let expected): "'" + key + "' in the manifest must be " + expected
        case .tooLong(let key, let limit):
            "'" + key + "' is longer than " + String(limit) + ", which is the most; shorten it"
        case .badValue(let key, let value, let expected):
            "'" + key + "' cannot be '" + UTF8Text.cut(value, 128) + "': expected " + expected
        case .notCanonical(let offset):
            "the manifest is not in its canonical form (sorted keys, no blanks) from byte " + String(offset)
                + " on; `amos pack` writes it so"
        case .badFormat(let document, let reason): "the " + document.name + " cannot be used: " + reason
        case .unknownPackage(let id): id.text + " is not installed; `amosctl pkg list` shows what is"
        case .belowFloor(let id, let code, let floor):
            "this handset takes no version code of " + id.text + " below " + String(floor) + ", and this is "
                + String(code)
        case .signature(.doesNotMatch):
            "the signature does not belong to this manifest: it was changed after it was signed; "
                + "get the package again"
        case .signature(.otherKey):
            "the package is signed with another key than the one that its id belongs to on this handset; "
                + "only a statement signed with the old key can change that"
        case .signature(.badRotation): "a change of the key is not signed with the old key"
        case .policy(let sentence): sentence
        case .payloadDiffers(let id):
            "the payload of " + id.text + " is not the one that its manifest names; get the package again"
        case .store(let what, let problem): what + ": " + problem.description
        }
    }
}

extension PackageError.Document {
    var name: String {
        switch self {
        case .manifest: "manifest"
        case .package: "package"
        case .signatureBlock: "signature block"
        case .keyRotation: "key rotation statement"
        case .generation: "generation"
        case .policy: "package policy"
        }
    }
}

extension StoreProblem: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noSpace: "no room on data; remove something, or run `amosctl pkg gc`"
        case .noVerity:
            "the file system below has no fs-verity, and without it nothing is installed; "
                + "make it with `mke2fs -t ext4 -b 4096 -O verity`"
        case .notFound: "it is not there"
        case .failed(let reason): reason
        }
    }
}
