import Wire

/// Why metadata, or what it describes, was refused. Every case is final for this update; the next one begins
/// again with what was trusted before.
public enum TrustError: Error, Equatable, Sendable {
    case notJSON(role: String, WireError)
    case badField(role: String, field: String, expected: String)
    case wrongType(role: String, found: String)
    case unsupportedSpecification(role: String, version: String)
    /// Two signatures with one key id (specification 4.2).
    case repeatedSignature(role: String, keyID: String)
    case tooFewSignatures(role: String, valid: Int, threshold: Int)
    case wrongVersion(role: String, expected: Int64, found: Int64)
    case rollback(role: String, trusted: Int64, offered: Int64)
    /// A role that the trusted snapshot lists is not in the new one.
    case vanished(role: String)
    case notInSnapshot(role: String)
    case tooLong(file: String, limit: Int64)
    case wrongLength(file: String, expected: Int64, found: Int64)
    case wrongHash(file: String, HashAlgorithm)
    /// None of the hashes is of a kind that we can compute.
    case unknownHash(file: String)
    case expired(role: String, expiry: Int64, time: Int64)
    case unavailable(file: String)
    case fetchFailed(file: String, reason: String)
    case noSuchTarget(path: String)
    /// The search visited as many roles as it may.
    case tooManyRoles(path: String, limit: Int)
}

extension TrustError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notJSON(let role, let reason): "\(role): \(reason.description); nothing of it is used"
        case .badField(let role, let field, let expected):
            "\(role): \(field) must be \(expected); the repository's owner has to publish it again"
        case .wrongType(let role, let found): "\(role): its _type is \"\(found)\", not \"\(role)\""
        case .unsupportedSpecification(let role, let version):
            "\(role): written for version \(version) of the TUF specification; this client reads 1.x"
        case .repeatedSignature(let role, let keyID): "\(role): key \(keyID) signed it more than once"
        case .tooFewSignatures(let role, let valid, let threshold):
            "\(role): \(valid) valid signatures of \(threshold) that are needed: its signers are not who "
                + "they must be, or it was changed"
        case .wrongVersion(let role, let expected, let found):
            "\(role): version \(found) where version \(expected) was announced"
        case .rollback(let role, let trusted, let offered):
            "\(role): version \(offered) is older than \(trusted), which this client has seen: a rollback"
        case .vanished(let role): "snapshot: \(role) is no longer listed: a rollback"
        case .notInSnapshot(let role): "\(role): delegated, but not listed in the snapshot"
        default: fileDescription
        }
    }

    private var fileDescription: String {
        switch self {
        case .tooLong(let file, let limit): "\(file): longer than \(limit) bytes; the rest was not read"
        case .wrongLength(let file, let expected, let found):
            "\(file): \(found) bytes where \(expected) were announced"
        case .wrongHash(let file, let algorithm): "\(file): its \(algorithm.name) is not the announced one"
        case .unknownHash(let file): "\(file): announced with neither sha256 nor sha512, so nothing checks it"
        case .expired(let role, let expiry, let time):
            "\(role): expired at \(CalendarTime.text(expiry)); it is \(CalendarTime.text(time)). The "
                + "repository is no longer maintained, somebody withholds its updates, or the clock is wrong"
        case .unavailable(let file): "\(file): the repository does not have it"
        case .fetchFailed(let file, let reason): "\(file): could not be fetched: \(reason)"
        case .noSuchTarget(let path): "the repository has no target \(path)"
        case .tooManyRoles(let path, let limit):
            "target \(path) was not found in the \(limit) roles that a search may visit"
        default: ""
        }
    }
}
