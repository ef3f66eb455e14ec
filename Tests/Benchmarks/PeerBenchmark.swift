import DebianBase
import Foundation
import HostSystem

/// The same files through our writer and through the tools that people use otherwise.
struct PeerBenchmark {
    private static let uuid = "d5b1a1f0-6f0e-4d0a-9a51-0123456789ab"

    let workspace: Workspace
    let runs: Int
    /// The system partition's files, as a folder.
    let tree: String

    private struct Contender {
        let name: String
        let program: String
        let arguments: [String]
        let output: String
        var isCompressed = false
        /// It runs on an emulated processor: its time says nothing.
        var isEmulated = false
    }

    func table() throws -> Table {
        let contenders = try contenders() + [newerContender()].compactMap { $0 }
        var rows = contenders.map { Measurement($0.name, .seconds, []) }
        var sizes = contenders.map { _ in UInt64(0) }
        for run in 0...runs {
            for (index, contender) in contenders.enumerated() where !contender.isEmulated || run == runs {
                try workspace.remove(contender.output)
                let outcome = try MeasuredProcess(environment: ["E2FSPROGS_FAKE_TIME": "1"])
                    .run(contender.program, contender.arguments)
                var status = stat()
                stat(contender.output, &status)
                // Allocated, not nominal: mke2fs makes a sparse file of the size that it is given.
                sizes[index] = UInt64(status.st_blocks) * 512
                guard run > 0 else { continue }
                if !contender.isEmulated { rows[index].add(outcome) }
            }
        }
        for index in rows.indices {
            let base = contenders[index].isCompressed ? 1 : 0
            rows[index].add("size", Measurement.text(Double(sizes[index]), .bytes))
            rows[index].add("size / ours", ratio: Double(sizes[index]) / Double(sizes[base]))
            if contenders[index].isEmulated {
                rows[index].add("remark", "arm64 program under qemu-aarch64: compare sizes only")
            } else {
                rows[index].add("time / ours", ratio: rows[index].result / rows[base].result)
            }
        }
        return Table(
            title: "The files of virt-phone's system partition, whole processes, in turns",
            remark: "Compressed images are compared with our DEFLATE, the others with our plain one.",
            rows: rows)
    }

    private func contenders() throws -> [Contender] {
        func output(_ name: String) -> String { workspace.path("peer-\(name)") }
        func ours(_ name: String, _ mode: String) -> Contender {
            let file = output("ours-\(mode)")
            return Contender(
                name: name, program: "/proc/self/exe", arguments: [FolderTree.word, tree, file, mode],
                output: file, isCompressed: mode == "deflate")
        }
        let erofs = try Tool("mkfs.erofs", package: "erofs-utils").path
        let squash = try Tool("mksquashfs", package: "squashfs-tools").path
        let uuid = Self.uuid
        let plain = ["-no-progress", "-quiet", "-all-root", "-all-time", "0", "-mkfs-time", "0"]
        let raw = ["-noI", "-noId", "-noD", "-noF", "-noX"]
        return [
            ours("amos, EROFS", "none"), ours("amos, EROFS with DEFLATE", "deflate"),
            ours("amos, EROFS and verity tree", "verity"),
            Contender(
                name: "mkfs.erofs", program: erofs,
                arguments: ["--quiet", "-T0", "-U", uuid, "--all-root", output("erofs"), tree],
                output: output("erofs")),
            Contender(
                name: "mke2fs -d (ext4)", program: try Tool("mke2fs", package: "e2fsprogs").path,
                arguments: ["-q", "-t", "ext4", "-b", "4096", "-U", uuid, "-d", tree, output("ext4"), "64M"],
                output: output("ext4")),
            Contender(
                name: "mksquashfs, uncompressed", program: squash,
                arguments: [tree, output("squashfs")] + plain + raw, output: output("squashfs")),
            Contender(
                name: "mksquashfs, gzip (its default)", program: squash,
                arguments: [tree, output("squashfs-gzip")] + plain, output: output("squashfs-gzip"),
                isCompressed: true),
        ]
    }

    private func newerContender() -> Contender? {
        guard let newer = try? newerEROFS() else { return nil }
        let output = workspace.path("peer-erofs-deflate")
        let arguments = ["--quiet", "-T0", "-U", Self.uuid, "--all-root", "-zdeflate,9", "-C131072"]
        return Contender(
            name: "mkfs.erofs 1.8 with DEFLATE", program: newer[0],
            arguments: newer[1...] + arguments + [output, tree], output: output, isCompressed: true,
            isEmulated: true)
    }

    /// The handset Debian's mkfs.erofs, which knows DEFLATE, through its own loader in user-mode emulation;
    /// fetched once into the cache. Nothing without network and cache.
    private func newerEROFS() throws -> [String] {
        let cache = workspace.cache
        let file = cache.path + "/erofs-utils-for-tests.lock"
        let lock: PackageLock
        if let known = try PackageLock.read(from: file) {
            lock = known
        } else {
            let request = PackageRequest(
                suite: "trixie", image: [], kernel: "linux-image-arm64", sysroot: ["erofs-utils"])
            lock = try Resolver(cache: cache).resolve(request, mirror: Mirror.find())
            try lock.write(to: file)
        }
        let store = PackageStore(cache: cache)
        let libraries = try store.sysroot(of: lock).path + "/usr/lib"
        guard let package = lock["erofs-utils"],
            let program = try store.unpacked(package)["usr/bin/mkfs.erofs"]?.storedPath
        else { throw CocoaError(.fileNoSuchFile) }
        // The store's files are not executable, and the emulator insists.
        let loader = workspace.path("loader")
        let bytes = try Data(contentsOf: URL(fileURLWithPath: "\(libraries)/ld-linux-aarch64.so.1"))
        try bytes.write(to: URL(fileURLWithPath: loader))
        chmod(loader, 0o755)
        let emulator = try Tool("qemu-aarch64", package: "qemu-user").path
        return [emulator, loader, "--library-path", "\(libraries)/aarch64-linux-gnu", program]
    }
}
