import Foundation
import Testing

@testable import DebianBase

struct SysrootTests {
    private static let packages = [
        TestPackage(
            name: "libc6-dev",
            members: [
                .file("./usr/include/aarch64-linux-gnu/bits/wordsize.h", Array("w".utf8), mode: 0o644),
                .file("./usr/lib/aarch64-linux-gnu/libc.so", Array("GROUP".utf8), mode: 0o644),
                .link("./usr/lib/aarch64-linux-gnu/libm.so", to: "/lib/aarch64-linux-gnu/libm.so.6"),
                .link("./usr/lib/outside", to: "../../../../etc/passwd"),
                .file("./usr/share/doc/libc6-dev/copyright", [1], mode: 0o644),
            ]),
        TestPackage(
            name: "libc6",
            members: [.file("./lib/aarch64-linux-gnu/libm.so.6", Array("m".utf8), mode: 0o755)]),
        TestPackage(
            name: "linux-libc-dev",
            members: [
                .file("./usr/include/linux/fs.h", Array("fs".utf8), mode: 0o644),
                .file("./usr/include/aarch64-linux-gnu/asm/stat.h", Array("stat".utf8), mode: 0o644),
                .file("./usr/include/x86_64-linux-gnu/asm/stat.h", Array("no".utf8), mode: 0o644),
                .hardLink("./usr/include/linux/again.h", to: "./usr/include/linux/fs.h"),
            ]),
    ]

    private static func lock(_ packages: [TestPackage]) -> PackageLock {
        PackageLock(
            suite: "test", components: ["main"], architecture: "arm64",
            packages: packages.map {
                var package = $0.locked
                package.sets = [.sysroot]
                return package
            })
    }

    @Test func headersAndLibrariesAreWhereCompilersLook() throws {
        let archive = try TestArchive(Self.packages)
        let folder = TestFolder()
        let store = PackageStore(cache: CacheFolder(path: folder.path), mirror: archive.address)
        let sysroot = try store.sysroot(of: Self.lock(Self.packages))
        #expect(sysroot.path.hasPrefix(folder.path))
        func content(_ name: String) -> String { textFile("\(sysroot.path)/\(name)") }
        #expect(content("lib/aarch64-linux-gnu/libc.so") == "GROUP")
        #expect(content("usr/lib/aarch64-linux-gnu/libm.so") == "m")
        #expect(content("usr/include/linux/again.h") == "fs")
        #expect(content("musl-kernel-headers/linux/fs.h") == "fs")
        #expect(content("musl-kernel-headers/asm/stat.h") == "stat")
        #expect(access(sysroot.path + "/musl-kernel-headers/bits", F_OK) != 0)
        #expect(access(sysroot.path + "/usr/share", F_OK) != 0)
        // A link out of the sysroot would reach this machine's files.
        var status = stat()
        #expect(lstat(sysroot.path + "/usr/lib/outside", &status) != 0)
        // The second time, nothing is needed but the folder.
        let again = PackageStore(cache: CacheFolder(path: folder.path), mirror: "file:/nowhere")
        #expect(try again.sysroot(of: Self.lock(Self.packages)) == sysroot)
        let other = try store.sysroot(of: Self.lock(Array(Self.packages.dropLast())))
        #expect(other.path != sysroot.path)
    }

    @Test(arguments: [
        ("x", "usr/lib/a", "x"), ("../../x", "usr/lib/a", "../../x"), ("../../../x", "usr/lib/a", nil),
        ("/lib/x", "usr/lib/a", "../../lib/x"), ("/../x", "usr/lib/a", nil), ("y/../../x", "a", nil),
        ("y/../x", "a", "y/../x"),
    ])
    func linksStayInside(target: String, path: String, expected: String?) {
        #expect(Sysroot.inside(target, of: path) == expected)
    }
}
