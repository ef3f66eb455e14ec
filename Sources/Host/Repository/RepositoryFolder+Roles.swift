import DiskImage
import Foundation
import HostSystem
import Trust

// The roles' files, and who signs them.
extension RepositoryFolder {
    /// Root versions have no gaps.
    func rootVersion() throws -> Int {
        var version = 0
        while access("\(metadata)/\(version + 1).root.json", F_OK) == 0 { version += 1 }
        guard version > 0 else { throw RepositoryError.notARepository(folder: path) }
        return version
    }

    func currentRoot() throws -> RootBody {
        try RootBody.read(try bytes("\(try rootVersion()).root.json"))
    }

    /// What the last publication signed, by the chain from the timestamp; nil before the first.
    func current<Body: RoleBody>(_ role: String) throws -> Body? {
        guard let file = try currentFile(role) else { return nil }
        let body = try Body.read(try bytes(file))
        // Written by another tool: publishing would lose it.
        guard (body as? TargetsBody)?.delegations == nil else {
            throw RepositoryError.delegates(folder: path)
        }
        return body
    }

    func currentFile(_ role: String) throws -> String? {
        guard access("\(metadata)/timestamp.json", F_OK) == 0 else { return nil }
        if role == "timestamp" { return "timestamp.json" }
        let timestamp = try TimestampBody.read(try bytes("timestamp.json"))
        let snapshotFile = "\(timestamp.meta["snapshot.json"]?.version ?? 0).snapshot.json"
        if role == "snapshot" { return snapshotFile }
        let snapshot = try SnapshotBody.read(try bytes(snapshotFile))
        return "\(snapshot.meta["targets.json"]?.version ?? 0).targets.json"
    }

    func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(metadata)/\(file)")))
    }

    func description(of role: String, version: Int) throws -> FileBody {
        try FileBody(of: try bytes("\(version).\(role).json"), version: version)
    }

    /// Gives the role its next version, signs it with every key of it that is here, and writes it.
    func sign<Body: RoleBody>(_ body: inout Body, _ root: RootBody) throws {
        body.version += 1
        // What an interrupted publication left behind is nobody's; a version is never used for two contents.
        while Body.type != "timestamp", access("\(metadata)/\(body.version).\(Body.type).json", F_OK) == 0 {
            body.version += 1
        }
        body.expires = expiry(Body.type)
        let document = try body.signed(by: try signers(Body.type, root))
        let prefix = Body.type == "timestamp" ? "" : "\(body.version)."
        try write(document, "\(metadata)/\(prefix)\(Body.type).json")
    }

    /// The role's keys that the key store has; as many as the role needs, or an error that names the others.
    func signers(_ role: String, _ root: RootBody) throws -> [SigningKey] {
        guard let entry = root.roles[role] else { throw RepositoryError.noKey(role: role) }
        let available = try storedKeys()
        let found = entry.keyids.compactMap { available[$0] }
        guard found.count >= entry.threshold else {
            let missing = entry.keyids.filter { available[$0] == nil }
            throw RepositoryError.keysNotHere(
                role: role, have: found.count, threshold: entry.threshold, missing: missing)
        }
        return found
    }

    /// By their ids.
    private func storedKeys() throws -> [String: SigningKey] {
        var keys: [String: SigningKey] = [:]
        for name in self.keys.list() {
            // Other kinds of keys may lie in the same folder.
            guard let key = try? self.keys.load(name) else { continue }
            keys[try key.verifying.tufID()] = key
        }
        return keys
    }

    /// Whether the current file of a role reaches its threshold with the keys that the root names now.
    func isSigned(_ role: String, by root: RootBody) -> Bool {
        struct Envelope: Codable {
            struct Signature: Codable { var keyid: String }
            var signatures: [Signature]
        }
        guard let file = try? currentFile(role), let data = try? bytes(file), let entry = root.roles[role],
            let envelope = try? JSONDecoder().decode(Envelope.self, from: Data(data))
        else { return false }
        return Set(envelope.signatures.map(\.keyid)).intersection(entry.keyids).count >= entry.threshold
    }

    /// Changes the keys of a role: a new root, signed by the root's old and new keys, and whatever the role
    /// had signed, signed anew.
    public func rotate(
        _ role: String, add added: [String], remove removed: [String], threshold: Int?
    ) throws {
        var root = try currentRoot()
        guard var entry = root.roles[role] else { throw RepositoryError.noRole(role) }
        let oldSigners = try signers("root", root)
        for name in added {
            let key = try keys.load(name).verifying
            let id = try key.tufID()
            root.keys[id] = KeyBody(key)
            if !entry.keyids.contains(id) { entry.keyids.append(id) }
        }
        for name in removed {
            // By name, or by the id of a key that is lost.
            let id = try root.keys[name] != nil ? name : keys.load(name).verifying.tufID()
            guard entry.keyids.contains(id) else { throw RepositoryError.notThatRolesKey(name, role: role) }
            entry.keyids.removeAll { $0 == id }
        }
        entry.threshold = threshold ?? entry.threshold
        guard entry.threshold >= 1, entry.keyids.count >= entry.threshold else {
            throw RepositoryError.tooFewKeys(
                role: role, count: entry.keyids.count, threshold: entry.threshold)
        }
        root.roles[role] = entry
        let used = Set(root.roles.values.flatMap(\.keyids))
        root.keys = root.keys.filter { used.contains($0.key) }
        root.version += 1
        root.expires = expiry("root")
        var signers = try signers("root", root)
        for key in oldSigners where !signers.contains(key) { signers.append(key) }
        // Before clients can see the new root: whatever it makes void can be signed anew.
        for other in Self.roles where other == role || other == "snapshot" || other == "timestamp" {
            _ = try self.signers(other, root)
        }
        try write(try root.signed(by: signers), "\(metadata)/\(root.version).root.json")
        try publish()
    }
}
