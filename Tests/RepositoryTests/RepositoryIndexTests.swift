import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Packages
import Packaging
import Testing
import Trust
import Wire

@testable import Repository

@Suite struct RepositoryIndexTests {
    private func package(_ path: String) -> IndexedPackage {
        IndexedPackage(
            path: path, length: 7, digest: [UInt8](repeating: 9, count: 32), manifest: [1, 2], signatures: [3]
        )
    }

    @Test func indexesReadBackInOrder() throws {
        let packages = ["b", "a/ü", "", "a"].map(package)
        let bytes = RepositoryIndex.encode(packages)
        let read = try RepositoryIndex.decode(bytes)
        #expect(read.map(\.path) == ["", "a", "a/ü", "b"])
        #expect(RepositoryIndex.encode(read) == bytes)
        for count in bytes.indices {
            #expect(throws: WireError.self) { try RepositoryIndex.decode(Array(bytes[..<count])) }
        }
        #expect(throws: WireError.self) { try RepositoryIndex.decode(bytes + [0]) }
    }

    @Test func aPathTwiceIsRefused() {
        let bytes = RepositoryIndex.encode([package("a"), package("a")])
        #expect(throws: WireError.self) { try RepositoryIndex.decode(bytes) }
    }

    /// From `amos pack` to what a client's solver gets.
    @Test func packagesAreIndexed() throws {
        let folder = NSTemporaryDirectory() + "/amos-index-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let keys = SigningKeyStore(folder: folder + "/keys")
        _ = try keys.create("all")
        let file = try pack(in: folder, keys)
        var repository = RepositoryFolder(
            path: folder + "/repository", keys: keys, now: RepositoryClient.clock)
        repository.lifetimes.timestamp = 1
        try repository.create(keys: ["root": "all"])
        try Data("no package".utf8).write(to: URL(fileURLWithPath: folder + "/other"))
        try repository.add([("apps/notes", file), ("other", folder + "/other")])
        try repository.publish()
        let indexed = try index(of: repository, folder)
        #expect(indexed.map(\.path) == ["apps/notes"])
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
        #expect(indexed.first?.length == UInt64(bytes.count))
        #expect(indexed.first?.digest == SHA256Digest.of(bytes).bytes)
        let manifest = try PackageManifest(decoding: try #require(indexed.first).manifest)
        #expect("\(manifest.id)" == "com.example.notes")
        let signatures = try SignatureBlock(decoding: try #require(indexed.first).signatures)
        #expect(signatures.key.bytes == (try keys.load("all").verifying.bytes))
        // One changed byte of the payload.
        var changed = bytes
        changed[changed.count - 4096] ^= 1
        try Data(changed).write(to: URL(fileURLWithPath: file))
        #expect(throws: RepositoryError.self) { try repository.add([("apps/notes", file)]) }
        try repository.remove(["apps/notes"])
        try repository.publish()
        #expect(try index(of: repository, folder).isEmpty)
    }

    private func pack(in folder: String, _ keys: SigningKeyStore) throws -> String {
        let source = folder + "/source"
        try FileManager.default.createDirectory(
            atPath: source + "/files/bin", withIntermediateDirectories: true)
        let yaml = """
            id: com.example.notes
            version: 1.4.0
            version-code: 7
            kind: app
            architecture: any
            name: Notes
            licence: MIT
            entry: bin/notes

            """
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: source + "/package.yaml"))
        try Data("#!/bin/sh\n".utf8).write(to: URL(fileURLWithPath: source + "/files/bin/notes"))
        chmod(source + "/files/bin/notes", 0o755)
        let file = folder + "/notes.amospkg"
        let description = try PackageDescription(folder: source)
        _ = try PackageBuilder(description, keys: keys, keyName: "all").build(to: file)
        return file
    }

    private func index(of repository: RepositoryFolder, _ folder: String) throws -> [IndexedPackage] {
        let store = MetadataStore(folder: folder)
        try store.persist(
            "root.json", try #require(MetadataStore(folder: repository.metadata).load("1.root.json")))
        var client = try RepositoryClient(
            store: store, metadata: try Fetcher(repository.metadata), clock: RepositoryClient.clock)
        try client.refresh()
        let target = try client.find(RepositoryIndex.path)
        return try RepositoryIndex.decode(
            try client.download(target, from: try Fetcher(repository.targets)))
    }
}
