import Foundation
import HostSystem
import Testing

@testable import DebianBase

struct PackageStoreTests {
    private static func package(_ name: String, kibibytes: Int = 4) -> TestPackage {
        var state = UInt64(name.utf8.reduce(7) { $0 &* 31 &+ Int($1) })
        let bytes = (0..<kibibytes * 1024).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        return TestPackage(name: name, members: [.file("./usr/bin/\(name)", bytes, mode: 0o755)])
    }

    @Test func whatIsCachedNeedsNoMirror() throws {
        let packages = [Self.package("one"), Self.package("two")]
        let archive = try TestArchive(packages)
        let folder = TestFolder()
        let cache = CacheFolder(path: folder.path)
        let locked = packages.map(\.locked)
        #expect(PackageStore(cache: cache).missing(locked).count == 2)
        try PackageStore(cache: cache, mirror: archive.address).fetch(locked)
        let offline = PackageStore(cache: cache, mirror: "file:/nowhere")
        #expect(offline.missing(locked).isEmpty)
        let unpacked = try offline.unpacked(locked)
        #expect(unpacked.map(\.package.name) == ["one", "two"])
        let stored = try #require(unpacked[1]["usr/bin/two"]?.storedPath)
        guard case .file(_, let bytes, _) = packages[1].members[0] else { return }
        #expect(FileManager.default.contents(atPath: stored).map { [UInt8]($0) } == bytes)
    }

    @Test func anInterruptedDownloadIsContinued() throws {
        let package = Self.package("large", kibibytes: 600)
        let archive = try TestArchive([package])
        let server = TestServer(folder: archive.folder.path)
        defer { server.stop() }
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: server.address)
        server.cutAfter = 200_000
        #expect {
            try store.fetch([package.locked])
        } throws: { error in
            guard case DebianError.downloadFailed = error else { return false }
            return true
        }
        #expect(store.missing([package.locked]).count == 1)
        server.cutAfter = nil
        let before = server.requests.count
        try store.fetch([package.locked])
        #expect(store.missing([package.locked]).isEmpty)
        #expect(server.requests.dropFirst(before).map(\.rangeStart) == [200_000])
    }

    @Test func aDamagedDownloadIsFetchedAgain() throws {
        let package = Self.package("one")
        let archive = try TestArchive([package])
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: archive.address)
        try store.fetch([package.locked])
        let name = "packages/\(package.locked.sha256).deb"
        var bytes = try folder.read(name)
        bytes[bytes.count / 2] ^= 1
        try folder.write(bytes, to: name)
        #expect(try store.unpacked(package.locked).damagedFiles().isEmpty)
        #expect(try folder.read(name) == package.bytes)
        // A shorter one is noticed even without hashing.
        try folder.write(Array(bytes.dropLast()), to: name)
        try store.fetch([package.locked])
        #expect(try folder.read(name) == package.bytes)
    }

    @Test func aMirrorThatDeliversOtherBytesIsRefused() throws {
        let package = Self.package("one")
        let archive = try TestArchive([package])
        for damaged in [package.bytes + [0], Array(package.bytes.dropLast()), package.bytes.map { $0 ^ 1 }] {
            try archive.folder.write(damaged, to: package.path)
            let folder = TestFolder()
            let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: archive.address)
            #expect(throws: DebianError.self) { try store.fetch([package.locked]) }
            #expect(store.missing([package.locked]).count == 1)
            try archive.folder.write(package.bytes, to: package.path)
            try store.fetch([package.locked])
        }
    }

    @Test(arguments: [true, false])
    func aVanishedVersionNamesTheWayOut(overHTTP: Bool) throws {
        let package = Self.package("one")
        let archive = try TestArchive([Self.package("two")])
        let server = TestServer(folder: archive.folder.path)
        defer { server.stop() }
        let folder = TestFolder()
        let store = PackageStore(
            cache: CacheFolder(path: folder.path), mirror: overHTTP ? server.address : archive.address)
        #expect {
            try store.fetch([package.locked, Self.package("two").locked])
        } throws: { error in
            guard case DebianError.vanished(["one 1.0"]) = error else { return false }
            return "\(error)".contains("amos lock ") && "\(error)".contains(" --update`")
        }
        // What the mirror still has was taken all the same.
        #expect(store.missing([Self.package("two").locked]).isEmpty)
    }

    @Test func processesTakeTurns() throws {
        let package = Self.package("large", kibibytes: 300)
        let archive = try TestArchive([package])
        let server = TestServer(folder: archive.folder.path)
        defer { server.stop() }
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: server.address)
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            let entries = try? store.unpacked(package.locked).entries.count
            #expect(entries == 1)
        }
        #expect(server.requests.count == 1)
    }

    @Test func anExportCarriesALockToAnotherMachine() throws {
        let packages = [Self.package("one"), Self.package("two")]
        let archive = try TestArchive(packages)
        let (here, there) = (TestFolder(), TestFolder())
        let store = PackageStore(cache: CacheFolder(path: here.path), mirror: archive.address)
        let lock = PackageLock(
            suite: "test", components: ["main"], architecture: "arm64", packages: packages.map(\.locked))
        #expect {
            try store.export(lock, to: here.path + "/a.tar")
        } throws: { error in
            guard case DebianError.notCached(["one", "two"]) = error else { return false }
            return true
        }
        try store.fetch(lock.packages)
        try store.export(lock, to: here.path + "/a.tar")
        try store.export(lock, to: here.path + "/b.tar")
        let bytes = try here.read("a.tar")
        #expect(try here.read("b.tar") == bytes)
        // GNU tar is the referee.
        let listing = try Tool("tar", package: "tar").check(["tf", here.path + "/a.tar"]).text
        #expect(
            listing.split(separator: "\n").sorted()
                == ["amos.lock"] + lock.packages.map { "packages/\($0.sha256).deb" }.sorted())

        let other = PackageStore(cache: CacheFolder(path: there.path), mirror: "file:/nowhere")
        try here.write(Array(bytes.prefix(bytes.count * 2 / 3)), to: "cut.tar")
        #expect(throws: DebianError.self) { try other.importArchive(here.path + "/cut.tar") }
        #expect(try other.importArchive(here.path + "/a.tar") == lock)
        #expect(try other.unpacked(lock.packages).count == 2)
    }

    @Test func garbageIsWhatNoLockNeedsAndNobodyUses() throws {
        let packages = [Self.package("one"), Self.package("two")]
        let archive = try TestArchive(packages)
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: archive.address)
        let locked = packages.map(\.locked)
        _ = try store.unpacked(locked)
        let lock = PackageLock(
            suite: "test", components: ["main"], architecture: "arm64", packages: [locked[0]])
        #expect(try store.collectGarbage(keeping: [lock]) == 0)
        #expect(store.missing(locked).isEmpty)
        let old = [timeval(tv_sec: 1, tv_usec: 0), timeval(tv_sec: 1, tv_usec: 0)]
        for package in locked {
            for name in ["packages/\(package.sha256).deb", "unpacked/\(package.sha256)/index"] {
                #expect(utimes("\(folder.path)/\(name)", old) == 0)
            }
        }
        try folder.write([1], to: "unpacked/.partial-99999999-x/files/0")
        #expect(try store.collectGarbage(keeping: [lock]) > 0)
        #expect(store.missing(locked).map(\.name) == ["two"])
        #expect(UnpackedPackage.exists(locked[0], in: store.cache))
        #expect(!UnpackedPackage.exists(locked[1], in: store.cache))
        #expect(access("\(folder.path)/unpacked/.partial-99999999-x", F_OK) != 0)
    }
}
