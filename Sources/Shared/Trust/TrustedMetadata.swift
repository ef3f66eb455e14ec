/// The metadata of one repository that is trusted at this moment of an update, and the rules by which more
/// becomes so (TUF specification 1.0, section 5). It fetches and stores nothing.
///
/// ```
///   root N ── updateRoot ──▶ root N+1 … ── endRoots ──▶ timestamp ──▶ snapshot ──▶ targets ──▶ delegated
/// ```
/// - Files come in this order, each by what came before; a call out of order is a mistake in the caller, and
///   traps.
/// - **Root.** The first one is trusted because the caller does, and must be signed by itself. Each next one
///   has the version after, and is signed by the keys of the old one and by its own. Only the last one must
///   not be expired, which `endRoots` checks; an expired one can still be followed by its successor.
/// - **Timestamp.** Signed by keys of the root, not older than the cached one, its snapshot's version not
///   older either, not expired. The cached one with the same version goes on being used.
/// - **Snapshot.** Of the timestamp's version, length and hashes; signed by keys of the root; lists every
///   role of the cached one in no older version; not expired.
/// - **Targets, delegated roles.** Of the snapshot's version, length and hashes, signed by the keys of the
///   role that delegates *now*, not expired. Being verified once through another delegator counts for
///   nothing: nothing that was delegated is kept here.
/// - **Cached files** (`recall…`) are verified as if they came from the network, but may be expired and need
///   not be what the newer file announces: they are the memory that rollbacks are noticed by. Cached files
///   whose keys the root no longer names are what an attacker may have fast-forwarded: they are forgotten,
///   the timestamp and the snapshot together (5.3.11).
/// - **Time** is fixed at the beginning, so that a slow update does not expire on the way.
public struct TrustedMetadata<Cryptography: TrustCryptography> {
    public private(set) var root: RootMetadata
    public private(set) var timestamp: TimestampMetadata?
    public private(set) var snapshot: SnapshotMetadata?
    public private(set) var targets: TargetsMetadata?
    /// Seconds since 1970: `TimeFloor.now` when the update began.
    public let time: Int64
    let cryptography: Cryptography
    private var hasAllRoots = false
    private var cachedTimestamp: TimestampMetadata?
    private var cachedSnapshot: SnapshotMetadata?

    public init(
        trusting root: Span<UInt8>, at time: Int64, cryptography: Cryptography
    ) throws(TrustError) {
        let document = try SignedDocument(root, role: "root", type: "root")
        self.root = try RootMetadata(document)
        try self.root.root.check(document, with: cryptography)
        self.time = time
        self.cryptography = cryptography
    }

    public mutating func updateRoot(_ bytes: Span<UInt8>) throws(TrustError) {
        precondition(!hasAllRoots, "a root after the roots")
        let document = try SignedDocument(bytes, role: "root", type: "root")
        let next = try RootMetadata(document)
        try root.root.check(document, with: cryptography)
        try next.root.check(document, with: cryptography)
        // It cannot overflow: a root of the last version has no successor that could be asked for.
        guard next.version == root.version &+ 1 else {
            throw .wrongVersion(role: "root", expected: root.version &+ 1, found: next.version)
        }
        root = next
    }

    /// No later root is to be had.
    public mutating func endRoots() throws(TrustError) {
        hasAllRoots = true
        guard root.expiry > time else { throw .expired(role: "root", expiry: root.expiry, time: time) }
    }

    /// The timestamp and the snapshot that earlier updates stored; nil for those that are not there.
    ///
    /// Returns whether they may stay stored: they may not if root no longer names their keys.
    public mutating func recall(timestamp: [UInt8]?, snapshot: [UInt8]?) -> Bool {
        precondition(hasAllRoots && self.timestamp == nil, "cached files at the wrong time")
        do throws(TrustError) {
            if let timestamp { cachedTimestamp = try verifiedTimestamp(timestamp.span) }
            if let snapshot { cachedSnapshot = try verifiedSnapshot(snapshot.span) }
        } catch {
            cachedTimestamp = nil
            cachedSnapshot = nil
            return false
        }
        return true
    }

    /// Returns whether it is a new one, to be stored.
    public mutating func updateTimestamp(_ bytes: Span<UInt8>) throws(TrustError) -> Bool {
        precondition(hasAllRoots && timestamp == nil, "a timestamp at the wrong time")
        let new = try verifiedTimestamp(bytes)
        if let cached = cachedTimestamp {
            guard new.version >= cached.version else {
                throw .rollback(role: "timestamp", trusted: cached.version, offered: new.version)
            }
            guard new.version > cached.version else {
                try requireFresh("timestamp", cached.expiry)
                timestamp = cached
                return false
            }
            guard new.snapshot.version >= cached.snapshot.version else {
                throw .rollback(
                    role: "snapshot", trusted: cached.snapshot.version, offered: new.snapshot.version)
            }
        }
        try requireFresh("timestamp", new.expiry)
        timestamp = new
        return true
    }

    /// Whether these bytes, which `recall` has verified, are the snapshot that the timestamp announces. Then
    /// nothing has to be fetched.
    public mutating func reuseSnapshot(_ bytes: Span<UInt8>) -> Bool {
        guard let timestamp, let cached = cachedSnapshot, cached.version == timestamp.snapshot.version,
            cached.expiry > time
        else { return false }
        do throws(TrustError) {
            try timestamp.snapshot.check(bytes, file: "snapshot", with: cryptography)
        } catch {
            return false
        }
        snapshot = cached
        return true
    }

    public mutating func updateSnapshot(_ bytes: Span<UInt8>) throws(TrustError) {
        guard let timestamp, snapshot == nil else { preconditionFailure("a snapshot at the wrong time") }
        try timestamp.snapshot.check(bytes, file: "snapshot", with: cryptography)
        let new = try verifiedSnapshot(bytes)
        guard new.version == timestamp.snapshot.version else {
            throw .wrongVersion(
                role: "snapshot", expected: timestamp.snapshot.version, found: new.version)
        }
        try cachedSnapshot?.refuseRollback(by: new)
        try requireFresh("snapshot", new.expiry)
        snapshot = new
    }

    public mutating func updateTargets(_ bytes: Span<UInt8>) throws(TrustError) {
        precondition(targets == nil, "targets at the wrong time")
        targets = try verifiedTargets(bytes, role: "targets", signedBy: root.targets)
    }

    /// A targets role, by the keys of the role that delegates to it.
    func verifiedTargets(
        _ bytes: Span<UInt8>, role: String, signedBy keys: RoleKeys
    ) throws(TrustError) -> TargetsMetadata {
        let description = try description(of: role)
        try description.check(bytes, file: role, with: cryptography)
        let document = try SignedDocument(bytes, role: role, type: "targets")
        try keys.check(document, with: cryptography)
        guard document.version == description.version else {
            throw .wrongVersion(role: role, expected: description.version, found: document.version)
        }
        try requireFresh(role, document.expiry)
        return try TargetsMetadata(document)
    }

    /// What the snapshot says of a targets role.
    func description(of role: String) throws(TrustError) -> MetadataDescription {
        guard let snapshot else { preconditionFailure("targets before the snapshot") }
        guard let description = snapshot.description(of: role) else { throw .notInSnapshot(role: role) }
        return description
    }

    private func verifiedTimestamp(_ bytes: Span<UInt8>) throws(TrustError) -> TimestampMetadata {
        let document = try SignedDocument(bytes, role: "timestamp", type: "timestamp")
        try root.timestamp.check(document, with: cryptography)
        return try TimestampMetadata(document)
    }

    private func verifiedSnapshot(_ bytes: Span<UInt8>) throws(TrustError) -> SnapshotMetadata {
        let document = try SignedDocument(bytes, role: "snapshot", type: "snapshot")
        try root.snapshot.check(document, with: cryptography)
        return try SnapshotMetadata(document)
    }

    private func requireFresh(_ role: String, _ expiry: Int64) throws(TrustError) {
        guard expiry > time else { throw .expired(role: role, expiry: expiry, time: time) }
    }
}
