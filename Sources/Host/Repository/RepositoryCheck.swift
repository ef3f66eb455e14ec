import Foundation
import HostSystem
import Trust

/// Follows a repository as a client that begins at its first root, and looks at every target.
public struct RepositoryCheck {
    public struct Report: Sendable {
        public var rootVersion: Int64
        public var timestampExpiry: Int64
        public var targetCount: Int
        public var byteCount: Int64
    }

    /// - Parameters:
    ///   - root: the root to begin with; nil: the repository's first, which proves less.
    ///   - take: gets each target's name below the targets folder, and its bytes, after they were verified.
    public static func run(
        metadata: Fetcher, targets: Fetcher, root: [UInt8]?, now: Int64,
        takeMetadata: (String, [UInt8]) throws -> Void = { _, _ in },
        takeTarget: (String, [UInt8]) throws -> Void = { _, _ in }
    ) throws -> Report {
        let folder = NSTemporaryDirectory() + "/amos-repo-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = MetadataStore(folder: folder)
        let anchor = try root ?? first(metadata)
        try store.persist("root.json", anchor)
        var client = try RepositoryClient(store: store, metadata: metadata, clock: now)
        try client.refresh()
        guard client.trusted.targets?.delegates != true else {
            throw RepositoryError.delegates(folder: "this repository")
        }
        var report = Report(
            rootVersion: client.rootVersion, timestampExpiry: client.timestampExpiry, targetCount: 0,
            byteCount: 0)
        for target in client.topLevelTargets {
            let bytes = try client.download(target, from: targets)
            try takeTarget(client.fetchName(of: target), bytes)
            report.targetCount += 1
            report.byteCount += target.length
        }
        // A mirror's clients begin at any root, and find the rest by the timestamp, which comes last.
        // Each as it was verified: what the server gives for it now may be another one.
        let firstVersion = client.rootVersion - Int64(client.roots.count - 1)
        for (offset, bytes) in client.roots.enumerated() {
            try takeMetadata("\(firstVersion + Int64(offset)).root.json", bytes)
        }
        for (name, file) in client.publishedNames {
            if let bytes = store.load(file) { try takeMetadata(name, bytes) }
        }
        return report
    }

    private static func first(_ metadata: Fetcher) throws -> [UInt8] {
        switch metadata.fetch("1.root.json", byteLimit: Int64(UpdateLimits().root)) {
        case .bytes(let bytes): return bytes
        case .absent: throw RepositoryError.trust(.unavailable(file: "1.root.json"))
        case .failed(let reason):
            throw RepositoryError.trust(.fetchFailed(file: "1.root.json", reason: reason))
        }
    }
}

extension RepositoryClient {
    public var rootVersion: Int64 { trusted.root.version }
    public var timestampExpiry: Int64 { trusted.timestamp?.expiry ?? 0 }
    public var topLevelTargets: [TargetFile] { trusted.targets?.targets ?? [] }

    /// The files of the newest state: name in the repository, and in the store. The timestamp is the last.
    var publishedNames: [(String, String)] {
        let isConsistent = trusted.root.isConsistent
        let prefix = { (version: Int64?) in isConsistent ? "\(version ?? 0)." : "" }
        return [
            (prefix(trusted.targets?.version) + "targets.json", "targets.json"),
            (prefix(trusted.snapshot?.version) + "snapshot.json", "snapshot.json"),
            ("timestamp.json", "timestamp.json"),
        ]
    }
}
