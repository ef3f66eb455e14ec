import Assembly
import DiskImage
import Emulator
import Foundation
import HostSystem
import Referees
import Testing

extension DeviceTests {
    /// A built virt-phone before programs that others wrote.
    @Suite struct Referees {
        @Test func thePartitionTableIsRight() throws {
            let image = try Workshop.phone.get()
            let report = try Tool("sgdisk", package: "gdisk").check(["-v", image.diskImage]).text
            #expect(report.contains("No problems found"))
            try Tool("sfdisk", package: "fdisk").check(["--verify", image.diskImage])
            let table = try Tool("sgdisk", package: "gdisk").check(["-p", image.diskImage]).text
            let labels = table.split(whereSeparator: \.isNewline).suffix(7).map {
                String($0.split(separator: " ").last ?? "")
            }
            #expect(labels == ["esp", "boot_a", "boot_b", "system_a", "system_b", "misc", "data"])
        }

        @Test(arguments: ["system_a", "system_b"]) func theSystemIsRight(label: String) throws {
            let image = try Workshop.phone.get()
            let manifest = try ImageManifest.load(image.manifestFile)
            let system = try TestDisk(image).extract(label)
            defer { unlink(system) }
            try Tool("fsck.erofs", package: "erofs-utils").check([system])
            let statistics = try Tool("dump.erofs", package: "erofs-utils").check(["-s", system]).text
            #expect(statistics.contains("0xE0F5E1E2"))
            let size = manifest.verity.dataBlocks * 4096
            try Self.verify(system, manifest.verity.rootHash, hashOffset: size)
            // The referee can say no: another root hash is refused.
            let other = String(manifest.verity.rootHash.reversed())
            #expect(throws: Tool.Failure.self) {
                try Self.verify(system, other, hashOffset: size)
            }
            #expect(manifest.boot.commandLine.contains("amos.root=\(manifest.verity.rootHash):"))
        }

        private static func verify(_ file: String, _ rootHash: String, hashOffset: UInt64) throws {
            try Tool("veritysetup", package: "cryptsetup-bin").check([
                "verify", file, file, rootHash, "--hash-offset=\(hashOffset)",
            ])
        }

        @Test func theDataFileSystemIsRight() throws {
            let data = try TestDisk(try Workshop.phone.get()).extract("data")
            defer { unlink(data) }
            try Tool("e2fsck", package: "e2fsprogs").check(["-fn", data])
            let features = try Tool("dumpe2fs", package: "e2fsprogs").check(["-h", data]).text
            #expect(features.contains("verity") && features.contains("has_journal"))
        }

        @Test func theQcow2ImageIsTheSameDisk() throws {
            let image = try Workshop.phone.get()
            let tool = try Tool("qemu-img", package: "qemu-utils")
            try tool.check(["check", "-f", "qcow2", image.qcow2Image])
            try tool.check([
                "compare", "-f", "raw", "-F", "qcow2", image.diskImage, image.qcow2Image,
            ])
        }

        @Test func theInitramfsIsRight() throws {
            let image = try Workshop.phone.get()
            let folder = Workshop.unusedPath("initramfs")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
            let boot = try VerifiedBootImage(
                file: image.bootImage, limit: 64 << 20, trusting: image.trustedKey)
            try boot.unpack(kernelTo: folder + "/kernel", initramfsTo: folder + "/initramfs")
            let shell = try Tool("sh", package: "dash")
            let list = try shell.check(["-c", "cpio -t --quiet < initramfs"], folder: folder).text
            let names = list.split(whereSeparator: \.isNewline).map(String.init)
            let modules = names.filter { $0.hasPrefix("modules/") && $0.hasSuffix(".ko") }
            #expect(modules.count > 4 && modules == modules.sorted())
            for name in ["init", "pristine.simg", "dev", "proc", "sys", "run", "sysroot"] {
                #expect(names.contains(name))
            }
            // Without the device nodes, which only root can make.
            try shell.check(
                ["-c", "cpio -i --quiet init pristine.simg < initramfs"], folder: folder)
            // The pristine file system is the one that data starts with.
            try Tool("simg2img", package: "android-sdk-libsparse-utils").check(
                ["pristine.simg", "pristine.img"], folder: folder)
            try Tool("e2fsck", package: "e2fsprogs").check(["-fn", folder + "/pristine.img"])
            let size = try InputFile(folder + "/pristine.img").size
            let data = try TestDisk(image).extract("data", size: size)
            defer { unlink(data) }
            try Tool("cmp", package: "diffutils").check([data, folder + "/pristine.img"])
        }

        /// DEFLATE: a fsck.erofs that knows it, and the kernel.
        @Test func aCompressedSystemIsRight() throws {
            let source = try DeviceSource("packed", "storage:\n  compression: deflate\n")
            let image = try Workshop.build(source)
            let disk = try TestDisk(image)
            let system = try disk.extract("system_a")
            defer { unlink(system) }
            let plain = try ImageManifest.load(try Workshop.phone.get().manifestFile).verity.dataBlocks
            let packed = try ImageManifest.load(image.manifestFile).verity.dataBlocks
            #expect(packed < plain)
            if let fsck = NewerFsck.command {
                try fsck.check(["--extract", system])
            } else {
                print("no erofs-utils that knows DEFLATE, here or from Debian: the kernel judges alone")
            }
            let script = ConsoleScript("sha256sum /usr/bin/busybox | cut -c1-64")
            let record = try disk.run { $0.perform(script) }
            #expect(record.boots.count == 1)
            let busybox = try ImageManifest.load(image.manifestFile).files.first {
                $0.path == "/usr/bin/busybox"
            }
            #expect(script.answers().first?.text == busybox?.sha256)
        }
    }
}
