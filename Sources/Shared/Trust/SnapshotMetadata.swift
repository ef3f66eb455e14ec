import Wire

/// `timestamp.json`: the newest snapshot. The only file that a client fetches without knowing its version.
public struct TimestampMetadata: Sendable {
    public let version: Int64
    public let expiry: Int64
    public let snapshot: MetadataDescription
    /// When it was signed, if its repository tells (`x-amos-issued`, a field that other clients ignore).
    public let issued: Int64?

    init(_ document: SignedDocument) throws(TrustError) {
        version = document.version
        expiry = document.expiry
        snapshot = try MetadataDescription(document.signed.object("meta").object("snapshot.json"))
        issued = document.signed["x-amos-issued"]?.text.flatMap { CalendarTime.seconds($0) }
    }
}

/// `snapshot.json`: the versions of all targets roles that belong together.
public struct SnapshotMetadata: Sendable {
    public let version: Int64
    public let expiry: Int64
    /// In the order of the names.
    private let files: [(name: String, description: MetadataDescription)]

    init(_ document: SignedDocument) throws(TrustError) {
        version = document.version
        expiry = document.expiry
        let meta = try document.signed.object("meta")
        let members = meta.value.members ?? []
        var files: [(name: String, description: MetadataDescription)] = []
        files.reserveCapacity(members.count)
        for place in JSONValue.keyOrder(members) {
            let fields = try FieldReader(role: meta.role, path: "meta", members[place].value)
            files.append((members[place].key, try MetadataDescription(fields)))
        }
        self.files = files
    }

    public func description(of role: String) -> MetadataDescription? { description(file: role + ".json") }

    private func description(file name: String) -> MetadataDescription? {
        var range = 0..<files.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if UTF8Text.equal(files[middle].name, name) { return files[middle].description }
            range =
                UTF8Text.precedes(files[middle].name, name)
                ? middle + 1..<range.upperBound : range.lowerBound..<middle
        }
        return nil
    }

    /// Throws where a later snapshot lists an older version of a file than this one, or not at all.
    func refuseRollback(by later: SnapshotMetadata) throws(TrustError) {
        for file in files {
            guard let offered = later.description(file: file.name) else { throw .vanished(role: file.name) }
            guard offered.version >= file.description.version else {
                throw .rollback(
                    role: file.name, trusted: file.description.version, offered: offered.version)
            }
        }
    }
}
