import Foundation
import Testing

@testable import DebianBase

struct ResolverTests {
    private static let packages: [TestPackage] = [
        TestPackage(name: "base-files", members: []),
        TestPackage(name: "busybox", depends: "libc6 (>= 1.0)", members: []),
        TestPackage(name: "adduser", depends: "passwd", members: []),
        TestPackage(name: "passwd", depends: "libpam0g", members: []),
        TestPackage(name: "libpam0g", members: []),
        TestPackage(
            name: "dhcp", depends: "adduser, libc6, virtual-tls | other, debconf | cdebconf", members: []),
        TestPackage(name: "tls-b", provides: "virtual-tls", members: []),
        TestPackage(name: "debconf", members: []),
        TestPackage(name: "libc6", depends: "libgcc-s1", members: []),
        TestPackage(name: "libgcc-s1", depends: "gcc-14-base (= 1.0)", source: "gcc-14", members: []),
        TestPackage(name: "gcc-14-base", source: "gcc-14", members: []),
        TestPackage(name: "musl-dev", depends: "gcc-arm | cc, musl", members: []),
        TestPackage(name: "musl", members: []),
        TestPackage(name: "gcc-arm", members: []),
        TestPackage(name: "linux-image-arm64", depends: "linux-image-6-arm64 (= 1.0)", members: []),
        TestPackage(name: "linux-image-6-arm64", depends: "kmod, linux-base, initramfs-tools", members: []),
    ]

    private static func request(_ image: [String], kernel: String = "linux-image-arm64") -> PackageRequest {
        PackageRequest(suite: "test", image: image, kernel: kernel, sysroot: ["musl-dev"])
    }

    @Test func theClosureLeavesMaintainerScriptsOut() throws {
        let archive = try TestArchive(Self.packages)
        let cache = TestFolder()
        let lock = try Resolver(cache: CacheFolder(path: cache.path)).resolve(
            Self.request(["dhcp", "busybox"]), mirror: archive.mirror)
        func names(_ set: PackageSet) -> [String] { lock.packages(in: set).map(\.name) }
        #expect(names(.image) == ["busybox", "dhcp", "libc6", "libgcc-s1", "tls-b"])
        #expect(names(.sysroot) == ["musl", "musl-dev"])
        #expect(names(.kernel) == ["linux-image-6-arm64", "linux-image-arm64"])
        #expect(names(.licences) == ["base-files", "gcc-14-base"])
        #expect(lock["dhcp"]?.needs == ["libc6", "tls-b"])
        #expect(lock.kernelImage(for: "linux-image-arm64")?.name == "linux-image-6-arm64")
        #expect(lock.closure(of: ["busybox"]).map(\.name) == ["busybox", "libc6", "libgcc-s1"])
        try lock.check(covers: Self.request(["dhcp"]), file: "x.lock")
        #expect(!lock.text.contains(archive.folder.path))
        // A package that the device names itself is not dropped.
        let wanting = try Resolver(cache: CacheFolder(path: cache.path)).resolve(
            Self.request(["dhcp", "debconf"]), mirror: archive.mirror)
        #expect(wanting["dhcp"]?.needs == ["debconf", "libc6", "tls-b"])
    }

    @Test func anUnknownPackageIsNamedWithTheNearestOne() throws {
        let archive = try TestArchive(Self.packages)
        let cache = TestFolder()
        #expect {
            try Resolver(cache: CacheFolder(path: cache.path)).resolve(
                Self.request(["busybix", "libc6", "zzzzzz"], kernel: "linux-image-arm46"),
                mirror: archive.mirror)
        } throws: { error in
            guard case DebianError.unknownPackages(let unknown, "test") = error else { return false }
            return unknown == [
                .init(name: "busybix", set: .image, nearest: "busybox"),
                .init(name: "zzzzzz", set: .image, nearest: nil),
                .init(name: "linux-image-arm46", set: .kernel, nearest: "linux-image-arm64"),
            ]
        }
    }

    @Test func whatCannotBeInstalledIsExplained() throws {
        let archive = try TestArchive(
            Self.packages + [TestPackage(name: "broken", depends: "nothing-there", members: [])])
        let cache = TestFolder()
        #expect {
            try Resolver(cache: CacheFolder(path: cache.path)).resolve(
                Self.request(["broken"]), mirror: archive.mirror)
        } throws: { error in
            guard case DebianError.unsatisfiable(["broken"], let message) = error else { return false }
            return message.contains("nothing-there")
        }
    }

    @Test func anArchiveThatIsNotSignedOrNotThereIsRefused() throws {
        let archive = try TestArchive(Self.packages)
        let cache = TestFolder()
        for mirror in [
            Mirror(address: archive.address, keyrings: []), Mirror(address: "file:/nowhere/", keyrings: []),
        ] {
            #expect {
                try Resolver(cache: CacheFolder(path: cache.path)).resolve(
                    Self.request(["busybox"]), mirror: mirror)
            } throws: { error in
                guard case DebianError.updateFailed = error else { return false }
                return true
            }
        }
    }

    @Test(arguments: [
        (
            "http://a/debian-security\tx-security\t$(SIGNED_BY)\nhttp://b/debian/\tx\t/k/a.gpg\n",
            "http://b/debian/"
        ),
        (
            "http://v/apt/\tx\t/v.gpg\nhttp://b/debian\tx-backports\t\nhttp://b/debian\tx\t\n",
            "http://b/debian/"
        ),
        ("http://v/apt/\tx\t/v.gpg\n", nil),
        ("", nil),
    ])
    func theMirrorIsTheMachinesDebianArchive(targets: String, expected: String?) {
        #expect(Mirror.choose(from: targets)?.address == expected)
    }

    @Test func aGivenMirrorWinsOverTheEnvironment() throws {
        let environment = ["AMOS_MIRROR": "http://env/debian"]
        #expect(try Mirror.find(given: "file:/x", environment: environment).address == "file:/x/")
        #expect(try Mirror.find(environment: environment).address == "http://env/debian/")
    }

    @Test(arguments: [
        ("lib*", "libc6", true), ("lib*", "glib", false), ("gcc-*-base", "gcc-14-base", true),
        ("gcc-*-base", "gcc-base", false), ("*", "", true), ("a*b*c", "axxbyyc", true),
        ("a*b*c", "ac", false),
        ("passwd", "passwd", true), ("passwd", "passwd2", false), ("a*a", "a", false),
    ])
    func patternsMatchWhatTheySay(pattern: String, text: String, expected: Bool) {
        #expect(matches(pattern: pattern, text) == expected)
    }

    @Test(arguments: [
        ("libssl3", "libssl3t64"), ("e2fsprog", "e2fsprogs"), ("bsybox", "busybox"), ("completely", nil),
    ])
    func theNearestNameIsTheOneMeant(wanted: String, expected: String?) {
        #expect(
            Resolver.nearest(to: wanted, among: ["busybox", "e2fsprogs", "libssl3t64", "libssh2"]) == expected
        )
    }
}
