import Foundation
import HostSystem
import Packages
import Packaging
import Referees
import Repository
import Testing
import Trust

@testable import amos_pkgd

@Suite struct RepositoryTests {
    @Test func packagesComeFromARepository() throws {
        let made = try MadeRepository()
        let tool = PackedPackage(
            id: "com.example.tool", code: 3, description: "Counts Sheep", needs: ["com.example.base"])
        try made.publish(tool, PackedPackage(id: "com.example.base", code: 2), PackedPackage(code: 7))
        let rig = try RepositoryRig([made.place])
        #expect(rig.folder.amosctl("search", "sheep").errors.contains("pkg refresh"))
        let refreshed = rig.folder.amosctl("refresh")
        #expect(refreshed.status == 0 && refreshed.output.contains("r0"), "\(refreshed.errors)")
        let found = try rig.folder.json("search", "SHEEP", "tool") as? [[String: Any]]
        #expect(found?.map { $0["id"] as? String } == ["com.example.tool"])
        let planned = rig.folder.amosctl("install", "com.example.tool", "--dry-run")
        #expect(planned.output == "install com.example.base 1.2.0\ninstall com.example.tool 1.3.0\n")
        #expect(try rig.installed().isEmpty)
        let installed = rig.folder.amosctl("install", "com.example.tool")
        #expect(installed.status == 0, "\(installed.errors)")
        #expect(try rig.installed() == ["com.example.tool": "1.3.0", "com.example.base": "1.2.0"])
        let list = try rig.folder.json("list") as? [[String: Any]]
        #expect(list?.map { $0["is_requested"] as? Bool } == [false, true])
        // Sideloading is still denied, also to one who says that it is a repository.
        #expect(try rig.folder.install(TestPackage(id: "org.other.x").bytes).contains("repositories only"))
        #expect(rig.folder.amosctl("install", "com.example.nothing").errors.contains("com.example.nothing"))
        #expect(rig.folder.amosctl("install", "com.example.tool").output.hasPrefix("nothing changes\n"))
    }

    @Test func upgradesComeWhenTheyArePublished() throws {
        let made = try MadeRepository()
        try made.publish(PackedPackage(), PackedPackage(id: "org.other.tool", key: "two"))
        let rig = try RepositoryRig([made.place])
        #expect(rig.folder.amosctl("install", "com.example.notes", "org.other.tool").status == 0)
        #expect(rig.folder.amosctl("upgrade").output.hasPrefix("nothing changes\n"))
        try made.publish(
            PackedPackage(code: 2), PackedPackage(id: "org.other.tool", code: 2, key: "two"),
            // Somebody else's under an id that has an owner.
            PackedPackage(id: "org.other.tool", code: 9, key: "three"))
        let one = rig.folder.amosctl("upgrade", "com.example.notes")
        #expect(one.status == 0, "\(one.errors)")
        #expect(try rig.installed() == ["com.example.notes": "1.2.0", "org.other.tool": "1.1.0"])
        #expect(rig.folder.amosctl("upgrade").status == 0)
        #expect(try rig.installed()["org.other.tool"] == "1.2.0")
    }

    /// Repositories of The Update Framework's reference implementation, with every kind of key.
    @Test(arguments: ["ed25519", "ecdsa", "rsa"])
    func aRepositoryOfPythonTUFIsFollowed(kind: String) throws {
        let path = "/tmp/repo-\(UUID().uuidString.prefix(13))"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let package = try TestPackage().bytes
        let head = try PackageHead(decoding: package)
        let index = RepositoryIndex.encode([
            IndexedPackage(
                path: "notes.amospkg", length: UInt64(package.count),
                digest: SHA256Digest.of(package).bytes, manifest: head.manifestBytes,
                signatures: head.signatures.encode())
        ])
        try Data(package).write(to: URL(fileURLWithPath: path + "/notes"))
        try Data(index).write(to: URL(fileURLWithPath: path + "/index"))
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Python/publish.py").path
        try PythonTUF().run(
            script, [path + "/r", kind, "index=\(path)/index", "notes.amospkg=\(path)/notes"])
        let rig = try RepositoryRig([path + "/r"])
        let installed = rig.folder.amosctl("install", "com.example.notes")
        #expect(installed.status == 0, "\(installed.errors)")
        #expect(try rig.installed() == ["com.example.notes": "1.1.0"])
    }

    /// Each change is made to a repository that was followed before; nothing may come of it.
    @Test(arguments: ["package", "timestamp", "snapshot", "targets", "rollback", "index", "vanished"])
    func attackedRepositoriesGiveNothing(attack: String) throws {
        let made = try MadeRepository()
        try made.publish(PackedPackage())
        let rig = try RepositoryRig([made.place])
        #expect(rig.folder.amosctl("refresh").status == 0)
        let timestamp = made.place + "/metadata/timestamp.json"
        let old = try Data(contentsOf: URL(fileURLWithPath: timestamp))
        try made.publish(PackedPackage(code: 2))
        switch attack {
        case "package": try Self.flip(made.place + "/targets", "notes-2-one.amospkg")
        case "index": try Self.flip(made.place + "/targets", ".index")
        case "timestamp": try Self.flip(made.place + "/metadata", "timestamp.json")
        case "snapshot": try Self.flip(made.place + "/metadata", "3.snapshot.json")
        case "targets": try Self.flip(made.place + "/metadata", "3.targets.json")
        case "rollback":
            #expect(rig.folder.amosctl("refresh").status == 0)
            try old.write(to: URL(fileURLWithPath: timestamp))
        default: try FileManager.default.removeItem(atPath: timestamp)
        }
        let outcome = rig.folder.amosctl("install", "com.example.notes")
        #expect(outcome.status != 0 && !outcome.errors.isEmpty)
        #expect(try rig.installed().isEmpty)
        // Nothing is left of it in the store.
        let left = try FileManager.default.contentsOfDirectory(atPath: rig.folder.path + "/packages/payloads")
        #expect(left.isEmpty)
    }

    /// Changes a byte in the middle of every file whose name ends so.
    private static func flip(_ folder: String, _ suffix: String) throws {
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where name.hasSuffix(suffix) {
            let file = URL(fileURLWithPath: "\(folder)/\(name)")
            var data = try Data(contentsOf: file)
            data[data.count / 2] ^= 1
            try data.write(to: file)
        }
    }

    /// The server gives a fifth of a package at most: the transfer service goes on by itself until it has
    /// tried often enough, and the next attempt begins where that one ended.
    @Test func aPackageComesInSeveralAttempts() throws {
        let made = try MadeRepository()
        try made.publish(PackedPackage(files: ["noise": PackedPackage.noise(400_000, seed: 1)]))
        let rig = try RepositoryRig([made.place])
        #expect(rig.folder.amosctl("refresh").status == 0)
        try "30000".write(toFile: made.place + "/break", atomically: true, encoding: .utf8)
        let first = rig.folder.amosctl("install", "com.example.notes")
        #expect(first.status != 0)
        try FileManager.default.removeItem(atPath: made.place + "/break")
        let second = rig.folder.amosctl("install", "com.example.notes")
        #expect(second.status == 0, "\(second.errors)")
        let ranges = rig.requests().filter { $0.contains("notes-1-one.amospkg ") }
        #expect(ranges.count == 7 && ranges.last?.contains("bytes=180000-") == true, "\(ranges)")
        let files = try FileManager.default.contentsOfDirectory(
            atPath: rig.folder.path + "/packages/repositories/r0")
        #expect(!files.contains { $0.hasPrefix("partial") })
    }

    /// One byte more in one file of many.
    @Test func anUpgradeFetchesOnlyWhatIsNew() throws {
        let made = try MadeRepository()
        var package = PackedPackage()
        for index in 0..<20 {
            package.files["f\(index)"] = PackedPackage.noise(100_000, seed: UInt64(index + 1))
        }
        try made.publish(package)
        let rig = try RepositoryRig([made.place])
        #expect(rig.folder.amosctl("install", "com.example.notes").status == 0)
        package.code = 2
        package.files["f7"]?.insert(0x55, at: 50_000)
        try made.publish(package)
        let upgrade = try rig.folder.json("upgrade") as? [String: Any]
        let fetched = try #require(upgrade?["fetched_bytes"] as? Int)
        #expect(fetched < 300_000, "\(fetched)")
        #expect(try rig.installed() == ["com.example.notes": "1.2.0"])
        #expect(rig.requests().allSatisfy { !$0.contains("notes-2-one.amospkg ") || $0.contains("bytes=") })
        // The same through a server that breaks off, and a service that starts anew in between.
        package.code = 3
        for index in 0..<6 {
            package.files["f\(index)"] = PackedPackage.noise(100_000, seed: UInt64(index + 90))
        }
        try made.publish(package)
        try "20000".write(toFile: made.place + "/break", atomically: true, encoding: .utf8)
        #expect(rig.folder.amosctl("upgrade").status != 0)
        try FileManager.default.removeItem(atPath: made.place + "/break")
        let resumed = try rig.folder.json("upgrade") as? [String: Any]
        #expect((resumed?["fetched_bytes"] as? Int).map { $0 < 700_000 && $0 > 300_000 } == true)
        #expect(try rig.installed() == ["com.example.notes": "1.3.0"])
    }

    /// A list that says what is not so costs a second attempt, and nothing else.
    @Test func aWrongBlockListIsNoHarm() throws {
        let made = try MadeRepository()
        var package = PackedPackage(files: ["noise": PackedPackage.noise(600_000, seed: 1)])
        try made.publish(package)
        let rig = try RepositoryRig([made.place])
        #expect(rig.folder.amosctl("install", "com.example.notes").status == 0)
        let lists = try FileManager.default.contentsOfDirectory(atPath: made.place + "/targets")
            .filter { $0.hasSuffix("notes-1-one.amospkg.blocks") }
        let list = made.place + "/targets/" + (try #require(lists.first))
        package.code = 2
        package.files["noise"] = PackedPackage.noise(600_000, seed: 2)
        try made.publish(package)
        // The old version's list, signed as the new one's.
        let copy = made.path + "/list"
        try FileManager.default.copyItem(atPath: list, toPath: copy)
        try made.folder.add([("com.example.notes-2-one.amospkg.blocks", copy)])
        try made.folder.publish()
        #expect(rig.folder.amosctl("upgrade").status == 0)
        #expect(try rig.installed() == ["com.example.notes": "1.2.0"])
    }

    /// Without a network: the transfer service is asked for nothing.
    @Test func aBundleInstallsByItself() throws {
        let made = try MadeRepository()
        try made.publish(
            PackedPackage(id: "com.example.tool", needs: ["com.example.base"]),
            PackedPackage(id: "com.example.base"), PackedPackage(id: "com.example.other"))
        let bundle = made.path + "/a bundle"
        let report = try BundleMaker.write(
            [PackageID("com.example.tool")!], from: made.place, to: bundle, architecture: .x86_64,
            now: RepositoryClient.clock)
        #expect(report.packages.count == 2)
        let rig = try RepositoryRig([made.place])
        let good = rig.folder.amosctl("install-bundle", bundle)
        #expect(good.status == 0, "\(good.errors)")
        #expect(try rig.installed() == ["com.example.tool": "1.1.0", "com.example.base": "1.1.0"])
        #expect(rig.requests().isEmpty)
        // One changed byte of a package, of metadata, of the list; and of another repository.
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: bundle)))
        let other = try RepositoryRig([made.place])
        let timestamp = try #require(
            Data(bytes).range(of: Data("snapshot.json\"".utf8), options: .backwards)?.lowerBound)
        for place in [bytes.count - 5000, timestamp, 9] {
            var changed = bytes
            changed[place] ^= 1
            try Data(changed).write(to: URL(fileURLWithPath: bundle))
            #expect(other.folder.amosctl("install-bundle", bundle).status != 0, "\(place)")
        }
        let foreign = try MadeRepository()
        try foreign.publish(PackedPackage(id: "com.example.tool"))
        _ = try BundleMaker.write(
            [PackageID("com.example.tool")!], from: foreign.place, to: bundle, architecture: .x86_64,
            now: RepositoryClient.clock)
        #expect(other.folder.amosctl("install-bundle", bundle).status != 0)
        #expect(other.folder.amosctl("install-bundle", "/nonexistent").status != 0)
        #expect(try other.installed()["com.example.tool"] == nil)
    }
}
