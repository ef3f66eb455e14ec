import Trust
import Wire

/// An index that is understood is understood in one way: encoded again it is the same bytes.
enum IndexFuzz {
    static func run(_ bytes: [UInt8]) {
        guard let packages = try? RepositoryIndex.decode(bytes.span) else { return }
        demand(RepositoryIndex.encode(packages) == bytes, "an index changes when encoded again")
    }

    static var seeds: [[UInt8]] {
        [[], ["a"], ["a", "b/c"], ["", "é", "z"]].map { paths in
            RepositoryIndex.encode(
                paths.map {
                    IndexedPackage(
                        path: $0, length: 7, digest: [UInt8](repeating: 9, count: 32), manifest: [1, 2],
                        signatures: [3])
                })
        }
    }
}
