import Foundation
import HostSystem
import Trust

/// Copies a repository into a folder that can be served as it is; only what was verified is written, and
/// `timestamp.json` is written last.
public enum RepositoryMirror {
    /// - Parameters:
    ///   - address: of the repository; its `metadata` and `targets` lie below.
    ///   - root: the root to trust; nil: the oldest that the folder has, or the repository's first.
    public static func copy(
        from address: String, to folder: String, root: [UInt8]?, now: Int64
    ) throws -> RepositoryCheck.Report {
        for name in ["metadata", "targets"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        let known = oldestRoot(in: "\(folder)/metadata")
        return try RepositoryCheck.run(
            metadata: try Fetcher(address + "/metadata"), targets: try Fetcher(address + "/targets"),
            root: root ?? known, now: now,
            takeMetadata: { try write($1, "\(folder)/metadata/\($0)") },
            takeTarget: { name, bytes in
                guard RepositoryFolder.isTargetPath(name) else { throw RepositoryError.badTargetPath(name) }
                try write(bytes, "\(folder)/targets/\(name)")
            })
    }

    /// What the first copy was trusted by.
    private static func oldestRoot(in folder: String) -> [UInt8]? {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let versions = names.filter { $0.hasSuffix(".root.json") }.compactMap {
            Int64($0.dropLast(".root.json".count))
        }
        return versions.min().flatMap { MetadataStore(folder: folder).load("\($0).root.json") }
    }

    private static func write(_ bytes: [UInt8], _ path: String) throws {
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        let output = try OutputFile(replacing: path)
        try output.write(bytes, at: 0)
        try output.commit(durable: true)
    }
}
