import DiskImage
import Foundation
import HostSystem

/// What a handset carries.
struct SizeBenchmark {
    let workspace: Workspace
    let dev: BuiltHandset
    let user: BuiltHandset
    /// The files of dev's system partition, as a folder.
    let tree: String

    func tables() throws -> [Table] { [try images(), try programs()] }

    private func images() throws -> Table {
        var rows: [Measurement] = []
        for (name, handset) in [("dev", dev), ("user", user)] {
            let system = try handset.partition("system_a")
            let reader = try EROFSReader(handset.image.diskImage, at: system.offset)
            rows.append(
                Measurement(
                    "system partition, \(name)", .bytes, [Double(reader.volume.size)], below: 16_000_000))
            if name == "dev" {
                let tree = DMVerity.treeSize(dataSize: reader.volume.size)
                rows.append(Measurement("  its verity tree", .bytes, [Double(tree)]))
                rows.append(Measurement("  with DEFLATE instead", .bytes, [try deflatedSize()]))
            }
            rows.append(Measurement("boot image, \(name)", .bytes, [try size(of: handset.image.bootImage)]))
            rows.append(
                Measurement(
                    "disk.img on this disk, \(name)", .bytes, [Double(handset.image.bytesOnDisk)]))
        }
        return Table(title: "Sizes of virt-phone", rows: rows)
    }

    private func programs() throws -> Table {
        let system = try dev.partition("system_a")
        let reader = try EROFSReader(dev.image.diskImage, at: system.offset)
        var rows: [Measurement] = []
        for entry in try reader.entries() {
            guard case .file = entry.kind, entry.path.split(separator: "/").last?.hasPrefix("amos") == true
            else { continue }
            let limit: Double? = entry.path.hasSuffix("/amos-init") ? 300_000 : nil
            rows.append(Measurement("/" + entry.path, .bytes, [Double(entry.size)], below: limit))
        }
        rows.append(Measurement("/init of the initramfs (amos-stage1)", .bytes, [try stage1Size()]))
        return Table(title: "Programs of the handset", rows: rows)
    }

    private func stage1Size() throws -> Double {
        let initramfs = dev.image.folder + "/.amos/initramfs.cpio"
        let listing = try Tool("cpio", package: "cpio").check(["-itv", "--quiet", "-F", initramfs]).text
        let line = listing.split(separator: "\n").first { $0.hasSuffix(" init") }
        let fields = line?.split(separator: " ") ?? []
        return fields.count > 4 ? Double(fields[4]) ?? .nan : .nan
    }

    private func deflatedSize() throws -> Double {
        let output = workspace.path("deflated")
        _ = try MeasuredProcess().run("/proc/self/exe", [FolderTree.word, tree, output, "deflate"])
        return try size(of: output)
    }

    private func size(of path: String) throws -> Double {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError("read", path) }
        return Double(status.st_size)
    }
}
