import HostSystem

@testable import DebianBase

/// A Debian archive in a folder, unsigned, for a `file:` mirror.
struct TestArchive {
    let folder = TestFolder()
    let suite = "test"

    init(_ packages: [TestPackage]) throws { try publish(packages) }

    var address: String { "file:\(folder.path)/" }
    var mirror: Mirror { Mirror(address: address, keyrings: [], isTrusted: true) }

    /// Replaces what the archive has.
    func publish(_ packages: [TestPackage]) throws {
        let list = Array(packages.map(\.stanza).joined().utf8)
        try folder.write(list, to: "dists/\(suite)/main/binary-arm64/Packages")
        let release = """
            Suite: \(suite)
            Codename: \(suite)
            Architectures: arm64
            Components: main
            Date: Thu, 01 Jan 2026 00:00:00 UTC
            SHA256:
             \(SHA256Digest.of(list)) \(list.count) main/binary-arm64/Packages

            """
        try folder.write(Array(release.utf8), to: "dists/\(suite)/Release")
        for package in packages { try folder.write(package.bytes, to: package.path) }
    }
}
