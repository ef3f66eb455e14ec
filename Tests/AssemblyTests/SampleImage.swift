import DiskImage
import Foundation
import HostSystem
import Slots

/// A folder that is gone when the test is.
final class TemporaryFolder {
    let path: String

    init() {
        path = NSTemporaryDirectory() + "/amos-assembly-\(UUID().uuidString)"
        try! FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: [UInt8], to name: String) -> String {
        _ = FileManager.default.createFile(atPath: file(name), contents: Data(bytes))
        return file(name)
    }
}

/// A whole disk image, small: everything in it can be varied.
struct SampleImage {
    static let mebibyte: UInt64 = 1 << 20

    var files: [FileTree.Entry] = [
        file("etc/hosts", "127.0.0.1 localhost\n"),
        file("usr/bin/tool", String(repeating: "tool ", count: 20_000)),
        FileTree.Entry(path: "bin", kind: .symbolicLink(target: "usr/bin"), mode: 0o777, origin: "test"),
    ]
    var initramfs: [FileTree.Entry] = [file("init", "stage 1"), file("modules/000-ext4.ko", "ext4")]
    var compression = EROFSOptions.Compression.none
    var isDebuggable = true
    var rollbackIndex: UInt64 = 7
    var misc = SlotMetadata.freshMisc()
    var dataLabel = "data"

    static func file(_ path: String, _ text: String, mode: UInt16 = 0o644) -> FileTree.Entry {
        FileTree.Entry(path: path, kind: .file(.bytes(Array(text.utf8))), mode: mode, origin: "test")
    }

    /// Leaves `NAME.system`, `NAME.boot`, `NAME.data` and `NAME.img` in the folder.
    @discardableResult
    func write(_ name: String, in folder: TemporaryFolder, key: SigningKey) throws -> String {
        let system = folder.file("\(name).system")
        let tree = try writeSystem(to: system)
        let cpio = folder.file("\(name).cpio")
        let output = try OutputFile(replacing: cpio)
        try CPIOWriter().write(FileTree(initramfs), to: output)
        try output.commit()
        let size = try FileManager.default.attributesOfItem(atPath: cpio)[.size] as! Int
        let boot = folder.file("\(name).boot")
        try BootImage(
            kernel: .bytes([UInt8](repeating: 7, count: 10_000)),
            initramfs: .stored(path: cpio, size: UInt64(size)),
            commandLine: "quiet amos.root=\(tree.rootHash):\(tree.dataBlocks):00", rootHash: tree.rootHash,
            rollbackIndex: rollbackIndex, isDebuggable: isDebuggable
        ).write(to: boot, signedWith: key)
        let data = folder.file("\(name).data")
        try DataFileSystem(label: dataLabel, uuid: ImageUUID(seed: "data")).write(to: data)
        return try writeDisk(folder.file("\(name).img"), boot: boot, system: system, data: data)
    }

    private func writeSystem(to path: String) throws -> DMVerity.Tree {
        let output = try OutputFile(replacing: path)
        let options = EROFSOptions(
            uuid: ImageUUID(seed: "system"), volumeName: "system", compression: compression)
        let size = try EROFSWriter(options).write(FileTree(files), to: output, at: 0).size
        let tree = try DMVerity(uuid: ImageUUID(seed: "verity"), salt: [1, 2, 3])
            .append(to: output, dataOffset: 0, dataSize: size)
        try output.commit()
        return tree
    }

    private func writeDisk(_ path: String, boot: String, system: String, data: String) throws -> String {
        let small = ["esp", "boot_a", "boot_b", "system_a", "system_b", "misc"].map {
            GPTDisk.Request(label: $0, size: Self.mebibyte)
        }
        let layout = try GPTDisk(
            seed: "test", partitions: small + [GPTDisk.Request(label: "data", size: 32 * Self.mebibyte)])
        let disk = try DiskAssembler(replacing: path, layout: layout)
        for slot in ["a", "b"] {
            try disk.fill("boot_\(slot)", fromFile: boot)
            try disk.fill("system_\(slot)", fromFile: system)
        }
        try disk.fill("misc", with: misc)
        try disk.fill("data", fromFile: data)
        try disk.commit()
        return path
    }
}

/// Changes bytes of a file in place.
func patch(_ path: String, at offset: UInt64, with bytes: [UInt8]) throws {
    let file = try FileHandle(forUpdating: URL(fileURLWithPath: path))
    try file.seek(toOffset: offset)
    try file.write(contentsOf: Data(bytes))
    try file.close()
}
