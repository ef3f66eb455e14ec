import Wire

/// `targets.json`, or the metadata of a delegated role: files, and who else may describe files.
public struct TargetsMetadata: Sendable {
    public let version: Int64
    public let expiry: Int64
    /// In the order of their paths.
    public let targets: [TargetFile]
    /// In the order of the document, which is that of their priority.
    let delegations: [Delegation]
    /// Whether others may describe files, too.
    public var delegates: Bool { !delegations.isEmpty }

    init(_ document: SignedDocument) throws(TrustError) {
        version = document.version
        expiry = document.expiry
        let list = try document.signed.object("targets")
        let members = list.value.members ?? []
        var targets: [TargetFile] = []
        targets.reserveCapacity(members.count)
        for place in JSONValue.keyOrder(members) {
            let fields = try FieldReader(role: list.role, path: "targets", members[place].value)
            targets.append(try TargetFile(path: members[place].key, fields))
        }
        self.targets = targets
        delegations = try Self.delegations(document.signed)
    }

    public subscript(_ path: String) -> TargetFile? {
        var range = 0..<targets.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if UTF8Text.equal(targets[middle].path, path) { return targets[middle] }
            range =
                UTF8Text.precedes(targets[middle].path, path)
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    private static func delegations(_ signed: FieldReader) throws(TrustError) -> [Delegation] {
        guard signed["delegations"] != nil else { return [] }
        let fields = try signed.object("delegations")
        let keys = try KeyList.read(fields)
        guard let roles = fields["roles"]?.array else { throw fields.bad("roles", "a list") }
        var delegations: [Delegation] = []
        for role in roles {
            let reader = try FieldReader(role: signed.role, path: "delegations.roles", role)
            let delegation = try Delegation(reader, keys: keys)
            for earlier in delegations where UTF8Text.equal(earlier.name, delegation.name) {
                throw fields.bad("roles", "a list that names each role once")
            }
            delegations.append(delegation)
        }
        return delegations
    }
}

/// One delegation: a role, its keys, and the paths that it is trusted with.
struct Delegation: Sendable {
    /// A name must fit into a file's name with its percent signs, the version and `.json`.
    static let fileNameLimit = 200

    private enum Paths {
        case patterns([PathPattern])
        /// Prefixes of the SHA-256 of the path, in lower-case hexadecimal digits.
        case hashPrefixes([String])
    }

    let name: String
    let keys: RoleKeys
    /// Whether what matches it is looked for nowhere else afterwards.
    let isTerminating: Bool
    private let paths: Paths

    init(_ fields: FieldReader, keys: [PublicKey]) throws(TrustError) {
        name = try fields.text("name")
        for reserved in ["root", "timestamp", "snapshot", "targets"] where UTF8Text.equal(name, reserved) {
            throw fields.bad("name", "another than those of the top-level roles")
        }
        let length = RoleFile.name(of: name).utf8.count
        guard length > 0, length <= Self.fileNameLimit else {
            throw fields.bad("name", "a text of at most \(Self.fileNameLimit) percent-encoded bytes")
        }
        self.keys = try RoleKeys(fields, of: keys)
        guard let isTerminating = fields["terminating"]?.bool else {
            throw fields.bad("terminating", "true or false")
        }
        self.isTerminating = isTerminating
        switch (fields["paths"] != nil, fields["path_hash_prefixes"] != nil) {
        case (true, false): paths = .patterns(try fields.texts("paths").map { PathPattern($0) })
        case (false, true): paths = .hashPrefixes(try fields.texts("path_hash_prefixes"))
        default: throw fields.bad("paths", "there, or path_hash_prefixes, but not both")
        }
    }

    /// - Parameter pathHash: the SHA-256 of the path in hexadecimal digits.
    func covers(_ path: String, pathHash: String) -> Bool {
        switch paths {
        case .patterns(let patterns):
            for pattern in patterns where pattern.matches(path) { return true }
        case .hashPrefixes(let prefixes):
            for prefix in prefixes where pathHash.utf8.starts(with: prefix.utf8) { return true }
        }
        return false
    }
}
