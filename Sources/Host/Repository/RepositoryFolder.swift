import DiskImage
import Foundation
import HostSystem
import Packages
import Packaging
import Trust

/// A repository as its owner has it: a folder that any web server can offer as it is.
///
/// ```
///   metadata/1.root.json …      every root there ever was
///   metadata/N.targets.json     metadata/N.snapshot.json     metadata/timestamp.json
///   targets/HASH.name           each file under its SHA-256
///   targets/HASH.index          what the packages among them say of themselves
///   targets/HASH.name.blocks    beside each package, what its payload is made of
///   staged.json                 what `publish` will sign; clients never ask for it
/// ```
/// A publication adds files and replaces `timestamp.json` last, so whoever reads meanwhile sees all of the
/// old state or all of the new one. Nothing here is secret: keys stay in the key store, and are found there
/// by the public halves that the root lists.
public struct RepositoryFolder {
    /// How long what a publication signs is good for, in days: the timestamp's is how long a withheld update
    /// goes unnoticed, the root's how long its keys can stay locked away.
    public struct Lifetimes: Sendable {
        public var root = 365
        public var targets = 90
        public var snapshot = 30
        public var timestamp = 7

        public init() {}

        subscript(_ role: String) -> Int {
            switch role {
            case "root": root
            case "targets": targets
            case "snapshot": snapshot
            default: timestamp
            }
        }
    }

    static let roles = ["root", "targets", "snapshot", "timestamp"]
    static let dayCount: Int64 = 86_400

    public let path: String
    let keys: SigningKeyStore
    let now: Int64
    public var lifetimes = Lifetimes()

    /// - Parameter now: seconds since 1970.
    public init(path: String, keys: SigningKeyStore, now: Int64) {
        self.path = path
        self.keys = keys
        self.now = now
    }

    var metadata: String { "\(path)/metadata" }
    var targets: String { "\(path)/targets" }
    private var stagedFile: String { "\(path)/staged.json" }

    /// Makes a repository with nothing in it.
    /// - Parameter names: the key's name for each role; `root` stands for those that are not named.
    public func create(keys names: [String: String]) throws {
        guard (try? FileManager.default.contentsOfDirectory(atPath: path))?.isEmpty ?? true else {
            throw RepositoryError.notEmpty(folder: path)
        }
        for folder in [metadata, targets] {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        }
        var root = RootBody(expires: expiry("root"))
        var signers: [SigningKey] = []
        for role in Self.roles {
            guard let name = names[role] ?? names["root"] else { throw RepositoryError.noKey(role: role) }
            let key = try keys.load(name)
            let id = try key.verifying.tufID()
            root.keys[id] = KeyBody(key.verifying)
            root.roles[role] = RootBody.Role(keyids: [id], threshold: 1)
            if role == "root" { signers = [key] }
        }
        try write(try root.signed(by: signers), "\(metadata)/1.root.json")
        try publish()
    }

    /// Takes files into what the next publication offers. A path that is there already gets the new file.
    public func add(_ files: [(path: String, file: String)]) throws {
        _ = try rootVersion()
        var staged = try staged()
        for (target, file) in files {
            guard Self.isTargetPath(target), target != RepositoryIndex.path else {
                throw RepositoryError.badTargetPath(target)
            }
            let package = PackageFile.isPackage(file) ? try Self.sound(file) : nil
            let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file), options: .alwaysMapped))
            let body = try FileBody(of: bytes)
            let place = "\(targets)/\(body.fetchName(of: target))"
            try FileManager.default.createDirectory(
                atPath: (place as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try write(bytes, place)
            staged[target] = body
            guard let package else { continue }
            let list = Self.blockList(of: bytes, package).encode()
            let listBody = try FileBody(of: list)
            try write(list, "\(targets)/\(listBody.fetchName(of: target + BlockList.suffix))")
            staged[target + BlockList.suffix] = listBody
        }
        try stage(staged)
    }

    public func remove(_ paths: [String]) throws {
        _ = try rootVersion()
        var staged = try staged()
        for path in paths {
            guard staged.removeValue(forKey: path) != nil else {
                throw RepositoryError.trust(.noSuchTarget(path: path))
            }
            staged.removeValue(forKey: path + BlockList.suffix)
        }
        try stage(staged)
    }

    /// Signs what is staged, or the same as before with later expiries.
    public func publish() throws {
        let root = try currentRoot()
        let old: TargetsBody? = try current("targets")
        let staged = try staged()
        var targets = old ?? TargetsBody(expires: "")
        targets.targets = staged
        targets.targets[RepositoryIndex.path] = try makeIndex(of: staged)
        let hasChanged = old == nil || old?.targets != targets.targets
        if hasChanged || isAging(targets.expires, "targets") || !isSigned("targets", by: root) {
            try sign(&targets, root)
        }
        var snapshot: SnapshotBody = try current("snapshot") ?? SnapshotBody(expires: "")
        snapshot.meta = ["targets.json": try description(of: "targets", version: targets.version)]
        try sign(&snapshot, root)
        var timestamp: TimestampBody =
            try current("timestamp") ?? TimestampBody(expires: "", issued: "")
        timestamp.meta = ["snapshot.json": try description(of: "snapshot", version: snapshot.version)]
        timestamp.issued = CalendarTime.text(now)
        try sign(&timestamp, root)
        unlink(stagedFile)
    }

    /// Every target that the next publication will offer.
    func staged() throws -> [String: FileBody] {
        if let data = FileManager.default.contents(atPath: stagedFile) {
            return try JSONDecoder().decode([String: FileBody].self, from: data)
        }
        let body: TargetsBody? = try current("targets")
        // The index is made, not added.
        return (body?.targets ?? [:]).filter { $0.key != RepositoryIndex.path }
    }

    private func stage(_ files: [String: FileBody]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
        try write([UInt8](try encoder.encode(files)), stagedFile)
    }

    func expiry(_ role: String) -> String {
        CalendarTime.text(now + Int64(lifetimes[role]) * Self.dayCount)
    }

    /// Whether half of a role's life is over.
    private func isAging(_ expires: String, _ role: String) -> Bool {
        (CalendarTime.seconds(expires) ?? 0) - now < Int64(lifetimes[role]) * Self.dayCount / 2
    }

    func write(_ bytes: [UInt8], _ file: String) throws {
        let output = try OutputFile(replacing: file)
        try output.write(bytes, at: 0)
        try output.commit(durable: true)
    }

    /// Relative, without empty or dotted components and characters that a URL or a terminal takes for more.
    static func isTargetPath(_ path: String) -> Bool {
        let parts = path.split(separator: "/", omittingEmptySubsequences: false)
        return !parts.contains { $0.isEmpty || $0 == "." || $0 == ".." }
            && path.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !"?#%\\\"".utf8.contains($0) }
    }
}

extension FileBody {
    init(of bytes: [UInt8], version: Int? = nil) throws {
        self.version = version
        length = Int64(bytes.count)
        hashes = ["sha256": SHA256Digest.of(bytes).description]
    }

    func fetchName(of path: String) -> String {
        let name = path as NSString
        let file = "\(hashes["sha256"] ?? "").\(name.lastPathComponent)"
        return name.deletingLastPathComponent.isEmpty ? file : "\(name.deletingLastPathComponent)/\(file)"
    }
}
