import Foundation
import HostSystem
import Testing

@testable import DebianBase

struct UnpackerTests {
    /// Unpacks in a cache of its own.
    private static func unpack(_ package: TestPackage) throws -> (UnpackedPackage, TestFolder) {
        let archive = try TestArchive([package])
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: archive.address)
        return (try store.unpacked(package.locked), folder)
    }

    @Test func theIndexHoldsWhatTheArchiveSays() throws {
        let (unpacked, folder) = try Self.unpack(
            TestPackage(
                name: "all",
                members: [
                    .folder("./"), .folder("./lib/"), .folder("./lib/sub/"),
                    .file("./lib/sub/a", Array("hello".utf8), mode: 0o644),
                    .file("./bin/tool", [1, 2, 3], mode: 0o4755), .file("./usr/empty", [], mode: 0o600),
                    .link("./etc/absolute", to: "/../../etc/passwd"), .link("./lib/up", to: "../../x"),
                    .hardLink("./usr/lib/sub/b", to: "./lib/sub/a"), .device("./dev/tty"),
                ]))
        #expect(
            unpacked.entries.map(\.path) == [
                "dev/tty", "etc/absolute", "usr/bin/tool", "usr/empty", "usr/lib", "usr/lib/sub",
                "usr/lib/sub/a", "usr/lib/sub/b", "usr/lib/up",
            ])
        let tool = try #require(unpacked["usr/bin/tool"])
        #expect((tool.mode, tool.userID, tool.groupID) == (0o4755, 12, 34))
        #expect(tool.modificationTime == 1_700_000_000)
        #expect(tool.size == 3)
        #expect(unpacked["etc/absolute"]?.kind == .symbolicLink(target: "/../../etc/passwd"))
        #expect(unpacked["usr/lib/sub/b"]?.kind == .hardLink(to: "usr/lib/sub/a"))
        #expect(unpacked["dev/tty"]?.kind == .characterDevice(major: 5, minor: 1))
        #expect(unpacked["nothing"] == nil)
        // On this machine it is an ordinary file.
        var status = stat()
        #expect(stat(try #require(tool.storedPath), &status) == 0 && status.st_mode & 0o7777 == 0o444)
        #expect(unpacked.damagedFiles().isEmpty)
        #expect(tool.storedPath?.hasPrefix(folder.path) == true)
    }

    @Test(arguments: [
        (TestPackage.Member.file("./usr/../../escape", [1], mode: 0o644), "the path"),
        (.file("../escape", [1], mode: 0o644), "the path"),
        (.file("/etc/escape", [1], mode: 0o644), "absolute path"),
        (.folder("./usr/../.."), "the path"),
        (.hardLink("./usr/x", to: "../../etc/passwd"), "the path"),
        (.hardLink("./usr/x", to: "/etc/passwd"), "absolute path"),
        (.hardLink("./usr/x", to: "./usr/later"), "no file before it"),
        (.file("./usr/link/below", [1], mode: 0o644), "is no folder"),
        (.file("./usr/link", [1], mode: 0o644), "twice"),
    ])
    func whatLeavesThePackageIsRefused(member: TestPackage.Member, reason: String) throws {
        let package = TestPackage(
            name: "evil",
            members: [.link("./usr/link", to: "/tmp"), member, .file("./usr/later", [1], mode: 0o644)])
        #expect {
            _ = try Self.unpack(package)
        } throws: { error in
            guard case DebianError.malformed("evil", let said) = error else { return false }
            return said.contains(reason)
        }
    }

    @Test func nothingOfARefusedPackageStays() throws {
        let package = TestPackage(
            name: "evil", members: [.file("./a", [1], mode: 0o644), .file("../b", [1], mode: 0o644)])
        let archive = try TestArchive([package])
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: archive.address)
        #expect(throws: DebianError.self) { try store.unpacked(package.locked) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/unpacked") == [])
    }

    @Test func cutAndChangedPackagesAreRefusedWithoutHarm() throws {
        let good = TestPackage(name: "good", members: [.file("./usr/a", Array("text".utf8), mode: 0o644)])
            .bytes
        let folder = TestFolder()
        let cache = CacheFolder(path: folder.path)
        var seed = UInt64(42)
        for round in 0..<200 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let place = Int(seed >> 33) % good.count
            var bytes = good
            if round % 2 == 0 {
                bytes = Array(good.prefix(place))
            } else {
                bytes[place] ^= UInt8(1 << (seed & 7))
            }
            try folder.write(bytes, to: "bad.deb")
            var package = TestPackage(name: "bad", members: []).locked
            package.sha256 = SHA256Digest.of(bytes).description
            // It may be readable all the same; it must be readable or refused.
            do {
                try Unpacker.unpack(package, deb: folder.path + "/bad.deb", cache: cache)
                _ = try UnpackedPackage(package, in: cache)
            } catch {
                guard case .malformed = error else {
                    Issue.record("\(error)")
                    return
                }
            }
        }
    }

    /// dpkg-deb packs, GNU tar lists what it packed.
    @Test(arguments: ["xz", "gzip", "zstd", "none"])
    func dpkgsPackagesAreUnderstood(compression: String) throws {
        let folder = TestFolder()
        let control =
            "Package: real\nVersion: 1\nArchitecture: arm64\nMaintainer: nobody <n@n>\nDescription: x\n"
        try folder.write(Array(control.utf8), to: "tree/DEBIAN/control")
        let long = String(repeating: "long-name/", count: 20) + "fő"
        for name in ["usr/share/doc/real/copyright", "usr/bin/real", long] {
            try folder.write(Array("content of \(name)".utf8), to: "tree/\(name)")
        }
        #expect(symlink("real", folder.path + "/tree/usr/bin/alias") == 0)
        #expect(chmod(folder.path + "/tree/usr/bin/real", 0o755) == 0)
        let deb = folder.path + "/real.deb"
        let tool = try Tool("dpkg-deb", package: "dpkg")
        try tool.check(["--root-owner-group", "-Z\(compression)", "-b", folder.path + "/tree", deb])
        var package = TestPackage(name: "real", members: []).locked
        package.sha256 = SHA256Digest.of(try folder.read("real.deb")).description
        let cache = CacheFolder(path: folder.path + "/cache")
        try Unpacker.unpack(package, deb: deb, cache: cache)
        let unpacked = try UnpackedPackage(package, in: cache)
        let listing = try tool.check(["--fsys-tarfile", deb]).standardOutput
        try folder.write(listing, to: "data.tar")
        let names = try Tool("tar", package: "tar").check([
            "--quoting-style=literal", "-tf", folder.path + "/data.tar",
        ]).text.split(separator: "\n").map { $0.dropFirst(2) }.map { $0.hasSuffix("/") ? $0.dropLast() : $0 }
        #expect(unpacked.entries.map(\.path) == names.map(String.init).filter { !$0.isEmpty }.sorted())
        #expect(unpacked["usr/bin/alias"]?.kind == .symbolicLink(target: "real"))
        #expect(unpacked["usr/bin/real"]?.mode == 0o755)
        #expect(unpacked["usr/bin/real"]?.userID == 0)
        let stored = try #require(unpacked[long]?.storedPath)
        #expect(textFile(stored) == "content of \(long)")
    }

    @Test func aDamagedIndexIsMadeAnew() throws {
        let package = TestPackage(name: "one", members: [.file("./usr/a", [1], mode: 0o644)])
        let archive = try TestArchive([package])
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: archive.address)
        let entries = try store.unpacked(package.locked).entries
        let name = "unpacked/\(package.locked.sha256)/index"
        let index = try folder.read(name)
        for count in 0..<index.count {
            #expect(Array(index.prefix(count)).withUnsafeBytes { UnpackedIndex.read($0, folder: "") } == nil)
        }
        try folder.write(Array(index.dropLast()), to: name)
        #expect(try store.unpacked(package.locked).entries == entries)
        #expect(try folder.read(name) == index)
    }
}
