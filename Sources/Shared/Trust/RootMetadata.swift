import Wire

/// `root.json`: the keys of the four top-level roles.
public struct RootMetadata: Sendable {
    public let version: Int64
    /// Seconds since 1970.
    public let expiry: Int64
    /// Whether files are named after versions and hashes, so that a publication never changes one in place.
    public let isConsistent: Bool
    let root: RoleKeys
    let timestamp: RoleKeys
    let snapshot: RoleKeys
    let targets: RoleKeys

    init(_ document: SignedDocument) throws(TrustError) {
        let fields = document.signed
        version = document.version
        expiry = document.expiry
        isConsistent = try Self.flag(fields, "consistent_snapshot")
        let keys = try KeyList.read(fields)
        let roles = try fields.object("roles")
        root = try RoleKeys(roles.object("root"), of: keys)
        timestamp = try RoleKeys(roles.object("timestamp"), of: keys)
        snapshot = try RoleKeys(roles.object("snapshot"), of: keys)
        targets = try RoleKeys(roles.object("targets"), of: keys)
    }

    private static func flag(_ fields: FieldReader, _ key: String) throws(TrustError) -> Bool {
        switch fields[key] {
        case nil, .null: return false
        case .bool(let flag): return flag
        default: throw fields.bad(key, "true or false")
        }
    }
}

/// The `keys` of root and of delegations.
enum KeyList {
    /// More than any owner has people; each is compared with each, before anybody's signature is checked.
    static let limit = 256

    static func read(_ fields: FieldReader) throws(TrustError) -> [PublicKey] {
        var keys: [PublicKey] = []
        let members = try fields.object("keys").value.members ?? []
        guard members.count <= limit else { throw fields.bad("keys", "at most " + String(limit) + " keys") }
        for member in members {
            let key = try FieldReader(role: fields.role, path: "keys", member.value)
            keys.append(try PublicKey(id: member.key, key))
        }
        return keys
    }
}
