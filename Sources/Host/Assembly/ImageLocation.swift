import DiskImage
import Foundation
import HostSystem

/// An image that a person named: which file it is and what it starts with.
struct ImageLocation {
    let path: String
    let kind: Inspection.Kind
    let size: UInt64
    let bytesOnDisk: UInt64

    /// A folder stands for the `disk.img` in it.
    init(_ named: String) throws(InspectionError) {
        var status = stat()
        guard stat(named, &status) == 0 else { throw .unreadable(SystemError("read", named)) }
        var path = named
        if status.st_mode & S_IFMT == S_IFDIR {
            path = named.hasSuffix("/") ? named + "disk.img" : named + "/disk.img"
            guard stat(path, &status) == 0 else { throw .noImage(folder: named) }
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        self.path = path
        size = UInt64(status.st_size)
        bytesOnDisk = UInt64(status.st_blocks) * 512
        kind = try Self.kind(of: path)
    }

    /// `image.json` in the same folder.
    var manifestFile: String {
        URL(fileURLWithPath: path).deletingLastPathComponent().path + "/image.json"
    }

    private static func kind(of path: String) throws(InspectionError) -> Inspection.Kind {
        do {
            let image = try InputFile(path)
            let head = try image.bytes(at: 0, count: Int(min(image.size, 4096)))
            if let wrapped = wrapped(path, head) { throw wrapped }
            if head.starts(with: "AMOSBOOT".utf8) { return .bootImage }
            if head.dropFirst(512).starts(with: "EFI PART".utf8) { return .disk }
            // The magic numbers of EROFS (0xe0f5e1e2) and ext4 (0xef53), little-endian.
            if head.dropFirst(1024).starts(with: [0xe2, 0xe1, 0xf5, 0xe0]) { return .systemPartition }
            if Ext4Superblock.isThere(image) { return .dataPartition }
        } catch let error as InspectionError {
            throw error
        } catch let error as DiskImageError {
            throw .damaged(error)
        } catch {
            fatalError("nothing else is thrown above: \(error)")
        }
        throw .notAnImage(path: path)
    }

    private static func wrapped(_ path: String, _ head: [UInt8]) -> InspectionError? {
        if head.starts(with: [0x51, 0x46, 0x49, 0xfb]) {
            let command = "qemu-img convert -O raw \(path) disk.img"
            return .wrapped(path: path, format: "qcow2", unwrap: command)
        }
        if head.starts(with: [0x3a, 0xff, 0x26, 0xed]) {
            return .wrapped(path: path, format: "Android sparse", unwrap: "simg2img \(path) disk.img")
        }
        return nil
    }
}
