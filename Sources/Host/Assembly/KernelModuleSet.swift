import DeviceSpec
import Foundation
import HostSystem

/// The modules that a device's images carry, decompressed, without signatures and in load order, kept in the
/// cache under what they were made from.
struct KernelModuleSet: Equatable {
    struct File: Equatable {
        let name: String
        /// Below `/usr/lib/modules`: `6.12…-arm64/kernel/fs/ext4/ext4.ko`.
        let path: String
        /// In the cache.
        let file: String
    }

    let release: String
    /// For the initramfs: what the root and `data` need.
    let early: [File]
    /// For PID 1, while services start.
    let late: [File]

    /// Extracts the closures into `folder`, which appears whole or not at all.
    static func extract(_ modules: KernelModules, for kernel: Device.Kernel, to folder: String) throws {
        let early = try modules.closure(of: kernel.earlyModules)
        let late = try modules.closure(of: kernel.lateModules, excluding: Set(early.map(\.name)))
        let partial = "\(folder).\(getpid()).partial"
        try? FileManager.default.removeItem(atPath: partial)
        try FileManager.default.createDirectory(atPath: partial, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: partial) }
        var index = "release\t\(modules.release)\n"
        for (stage, list) in [("early", early), ("late", late)] {
            for module in list {
                try OutputFile.write(module.bytes, to: "\(partial)/\(module.name).ko")
                index += "\(stage)\t\(module.name)\t\(modules.release)/\(module.path)\n"
            }
        }
        try OutputFile.write(index, to: "\(partial)/index")
        // Somebody else may have been first; theirs has the same bytes.
        if rename(partial, folder) != 0, !FileManager.default.fileExists(atPath: folder + "/index") {
            throw SystemError("rename to", folder)
        }
    }

    init(folder: String) throws {
        let index = folder + "/index"
        guard let text = try? String(contentsOfFile: index, encoding: .utf8) else {
            throw SystemError("read", index, code: ENOENT)
        }
        var release = ""
        var early: [File] = []
        var late: [File] = []
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t").map(String.init)
            if fields.count == 2 { release = fields[1] }
            guard fields.count == 3 else { continue }
            let file = File(name: fields[1], path: fields[2], file: "\(folder)/\(fields[1]).ko")
            if fields[0] == "early" { early.append(file) } else { late.append(file) }
        }
        self.release = release
        self.early = early
        self.late = late
    }
}
