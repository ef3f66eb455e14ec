import Foundation
import HostSystem
import Packages
import Trust

/// Puts packages with all that they need, and the metadata that proves them, into one file.
public enum BundleMaker {
    public struct Report: Sendable {
        public var packages: [String]
        public var byteCount: UInt64
    }

    /// - Parameter address: of the repository, which is followed as a client does and held in memory.
    public static func write(
        _ ids: [PackageID], from address: String, to file: String,
        architecture: PackageManifest.Architecture, root: [UInt8]? = nil, now: Int64
    ) throws -> Report {
        var files: [String: [UInt8]] = [:]
        _ = try RepositoryCheck.run(
            metadata: try Fetcher(address + "/metadata"), targets: try Fetcher(address + "/targets"),
            root: root, now: now, takeMetadata: { files["metadata/\($0)"] = $1 },
            takeTarget: { files["targets/\($0)"] = $1 })
        let isIndex = { (name: String) in name.hasSuffix("." + RepositoryIndex.path) }
        guard let index = files.first(where: { isIndex($0.key) })?.value else {
            throw RepositoryError.trust(.noSuchTarget(path: RepositoryIndex.path))
        }
        let chosen = try choose(ids, try RepositoryIndex.decode(index), architecture)
        let names = Set(chosen.map { "targets/" + fetchName(of: $0) })
        for name in files.keys where name.hasPrefix("targets/") && !isIndex(name) && !names.contains(name) {
            files[name] = nil
        }
        for id in ids { files[RepositoryBundle.wantedName(of: id.text)] = [] }
        let sorted = files.sorted { $0.key < $1.key }
        let head = RepositoryBundle.head(of: sorted.map { ($0.key, UInt64($0.value.count)) })
        let output = try OutputFile(replacing: file)
        try output.write(head, at: 0)
        var offset = UInt64(head.count)
        for (_, bytes) in sorted {
            try output.write(bytes, at: offset)
            offset += UInt64(bytes.count)
        }
        try output.commit(durable: true)
        return Report(packages: chosen.map(\.path).sorted(), byteCount: offset)
    }

    private static func fetchName(of package: IndexedPackage) -> String {
        let name = package.path as NSString
        let digest = package.digest.map { String(format: "%02x", $0) }.joined()
        let folder = name.deletingLastPathComponent
        return (folder.isEmpty ? "" : folder + "/") + digest + "." + name.lastPathComponent
    }

    /// For a handset that has nothing.
    private static func choose(
        _ ids: [PackageID], _ offers: [IndexedPackage], _ architecture: PackageManifest.Architecture
    ) throws -> [IndexedPackage] {
        var universe = Universe()
        var byRelease: [Int: IndexedPackage] = [:]
        for offer in offers {
            let release = universe.add(PackageRelease(try PackageManifest(decoding: offer.manifest)))
            if byRelease[release] == nil { byRelease[release] = offer }
        }
        let request = SolverRequest(
            goals: ids.map { .install($0, .any, allowsDowngrade: false) }, installed: [],
            architecture: architecture, apiLevel: InstallPolicy.systemAPILevel)
        return try Solver.solve(request, in: universe).packages.compactMap { byRelease[$0.release] }
    }
}
