import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Testing

@testable import Assembly
@testable import DebianBase

@Suite struct SystemTreeTests {
    private let folder = TemporaryFolder()

    init() throws {
        for name in ["devices", "files/etc"] {
            try FileManager.default.createDirectory(
                atPath: folder.file(name), withIntermediateDirectories: true)
        }
    }

    private func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: folder.file(name)))
    }

    /// A device of its own that copies `files` and has these packages.
    private func compose(_ packages: [PackageFixture]) throws -> SystemTree.Result {
        try write(
            """
            name: pocket
            extends: virt-phone
            files:
              copy:
                - {from: ../files, to: /}

            """, to: "devices/pocket.yaml")
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let device = try DeviceRepository(shippedRoot: root + "/rootfs", folder: folder.path)
            .device("pocket", variant: .user)
        let unpacked = try packages.map { try $0.unpacked(in: folder) }
        let kernel = try PackageFixture("linux-image", []).unpacked(in: folder)
        return try SystemTree(
            device: device, packages: ImagePackages(image: unpacked, kernel: kernel, licences: []),
            programs: [], modules: [], bootPlan: [1, 2, 3],
            fingerprints: FingerprintTable(savedAt: folder.file("fingerprints"))
        ).compose()
    }

    private func origins(_ packages: [PackageFixture] = []) throws -> [String: SHA256Digest] {
        Dictionary(
            try compose(packages).digestsByOrigin().map { ($0.origin, $0.digest) },
            uniquingKeysWith: { first, _ in first })
    }

    @Test func laterLayersWin() throws {
        try write("ours\n", to: "files/etc/motd")
        let package = PackageFixture(
            "base",
            [
                .file("etc/motd", Array("theirs".utf8), mode: 0o644),
                .link("etc/hostname", to: "/run/hostname"),
            ])
        let result = try compose([package])
        #expect(result.tree["etc/motd"]?.origin == "copied file etc/motd")
        #expect(result.digests["etc/motd"] == .of("ours\n".utf8))
        #expect(result.tree["etc/hostname"]?.kind == .file(.bytes(Array("pocket\n".utf8))))
        #expect(result.tree["usr/share/amos/boot.plan"]?.kind == .file(.bytes([1, 2, 3])))
        #expect(result.digests["etc/hostname"] == .of("pocket\n".utf8))
    }

    /// The digest that decides whether the image is written anew must be the copied file's.
    @Test func aCopyOverAGeneratedFileCountsWithItsOwnContent() throws {
        try write("one\n", to: "files/etc/hostname")
        let result = try compose([])
        #expect(result.digests["etc/hostname"] == .of("one\n".utf8))
        let before = try origins()
        try write("two\n", to: "files/etc/hostname")
        let after = try origins()
        #expect(before["copied file etc/hostname"] != after["copied file etc/hostname"])
    }

    @Test func everyChangeOfACopiedFolderShows() throws {
        try write("x", to: "files/etc/a")
        symlink("a", folder.file("files/etc/link"))
        var last = try origins()
        func changed(_ name: String) throws -> Bool {
            let now = try origins()
            defer { last = now }
            return last["copied file \(name)"] != now["copied file \(name)"]
        }
        #expect(try !changed("etc/a"))
        chmod(folder.file("files/etc/a"), 0o755)
        #expect(try changed("etc/a"))
        // Only whether its owner may run it counts: a clone has another umask.
        chmod(folder.file("files/etc/a"), 0o700)
        #expect(try !changed("etc/a"))
        unlink(folder.file("files/etc/link"))
        symlink("b", folder.file("files/etc/link"))
        #expect(try changed("etc/link"))
        try write("", to: "files/etc/.hidden")
        #expect(try changed("etc/.hidden"))
        unlink(folder.file("files/etc/.hidden"))
        #expect(try changed("etc/.hidden"))
    }

    @Test func aFileThatAnotherKindReplacesHasNoDigest() throws {
        symlink("elsewhere", folder.file("files/etc/motd"))
        let package = PackageFixture("base", [.file("etc/motd", [1], mode: 0o644)])
        #expect(try compose([package]).digests["etc/motd"] == nil)
    }

    @Test func aPipeIsRefusedAndNotReadFrom() throws {
        mkfifo(folder.file("files/etc/pipe"), 0o600)
        #expect { _ = try compose([]) } throws: { "\($0)".contains("files/etc/pipe is neither a file") }
    }
}
