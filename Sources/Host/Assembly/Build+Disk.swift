import DebianBase
import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Slots

extension Build {
    /// Both slots filled with the same system; `data` small, because it grows on the first boot.
    func writeDisk(
        _ boot: BootImageFacts, _ system: SystemImage, _ data: (image: String, pristine: String)
    ) throws -> GPTDisk {
        let layout = try DiskLayout.make(for: device)
        var inputs = try inputs()
        inputs.add("boot image", boot.digest)
        inputs.add("system image", system.digest)
        inputs.add("data file system", try graph.fingerprints.digest(of: data.image))
        for partition in layout.partitions { inputs.add("size of \(partition.label)", "\(partition.size)") }
        let output = folder + "/disk.img"
        try graph.step("assemble disk", inputs: inputs, outputs: [output]) {
            let disk = try DiskAssembler(replacing: output, layout: layout)
            for slot in Slot.allCases {
                try disk.fill("boot_\(slot.name)", fromFile: boot.file)
                try disk.fill("system_\(slot.name)", fromFile: system.file)
            }
            try disk.fill("misc", with: SlotMetadata.freshMisc())
            try disk.fill("data", fromFile: data.image)
            try disk.commit()
        }
        return layout
    }

    private var qcow2File: String { folder + "/disk.qcow2" }

    var hasQcow2: Bool { access(qcow2File, F_OK) == 0 }

    func writeQcow2() throws {
        let output = qcow2File
        var inputs = try inputs()
        inputs.add("disk image", try graph.fingerprints.digest(of: folder + "/disk.img"))
        try graph.step("convert to qcow2", inputs: inputs, outputs: [output]) {
            let file = try OutputFile(replacing: output)
            try QCOW2Writer().write(folder + "/disk.img", to: file)
            try file.commit()
        }
    }

    func writeManifest(
        _ packages: ImagePackages, _ system: SystemTree.Result, _ image: SystemImage, _ boot: BootImageFacts,
        _ layout: GPTDisk
    ) throws {
        let output = folder + "/image.json"
        var inputs = try inputs()
        inputs.add("boot image", boot.digest)
        inputs.add("system image", image.digest)
        inputs.add("device", SHA256Digest.of("\(device.machine) \(device.model) \(layout)".utf8))
        try addDeviceFiles(to: &inputs)
        // Two versions of a package can bring the same files, and files the image leaves out are inputs too.
        for unpacked in packages.image + [packages.kernel] {
            inputs.add("\(unpacked.package.name) \(unpacked.package.version)", unpacked.package.sha256)
        }
        for (origin, digest) in system.digestsByOrigin() { inputs.add(origin, digest) }
        inputs.add(
            "device's files",
            try graph.fingerprints.digest(ofTree: device.inputs, relativeTo: home.path + "/"))
        try graph.step("write image.json", inputs: inputs, outputs: [output]) {
            let manifest = try manifest(packages, system, image, boot, layout)
            try OutputFile.write(try manifest.encoded(), to: output)
        }
    }

    private func manifest(
        _ packages: ImagePackages, _ system: SystemTree.Result, _ image: SystemImage, _ boot: BootImageFacts,
        _ layout: GPTDisk
    ) throws -> ImageManifest {
        var installed: [String: UInt64] = [:]
        for entry in system.tree.entries {
            if case .file(let content) = entry.kind { installed[entry.origin, default: 0] += content.size }
        }
        let machine = device.machine
        return ImageManifest(
            device: device.name, model: device.model, variant: device.variant.rawValue,
            architecture: device.architecture, suite: device.base.suite,
            machine: .init(
                cpu: machine.cpu, cpus: machine.cpus, memoryMebibytes: machine.memoryMebibytes,
                displayWidth: machine.display.width, displayHeight: machine.display.height),
            boot: .init(
                kernelRelease: boot.kernelRelease, kernelSHA256: boot.kernelDigest.description,
                initramfsSHA256: boot.initramfsDigest.description, commandLine: boot.commandLine,
                rollbackIndex: device.rollbackIndex, key: boot.key.verifying.fingerprint.description,
                isDevelopmentKey: boot.isDevelopmentKey),
            verity: .init(
                rootHash: image.verity.rootHash.description, salt: image.verity.salt.description,
                dataBlocks: image.verity.dataBlocks),
            diskSize: layout.size, partitions: try partitions(layout, image, boot),
            packages: (packages.image + [packages.kernel]).map { unpacked in
                let package = unpacked.package
                return .init(
                    name: package.name, version: package.version, architecture: package.architecture,
                    sha256: package.sha256, installedSize: installed["package:\(package.name)"] ?? 0)
            },
            files: system.tree.entries.filter { $0.path != "" }.map {
                .init($0, digest: system.digests[$0.path])
            },
            inputs: try FingerprintTable.filesBelow(device.inputs).map {
                .init(name: displayName($0), sha256: try graph.fingerprints.digest(of: $0).description)
            }.sorted { $0.name < $1.name })
    }

    private func partitions(
        _ layout: GPTDisk, _ image: SystemImage, _ boot: BootImageFacts
    ) throws -> [ImageManifest.Partition] {
        let misc = SlotMetadata.freshMisc()
        let data = workFolder + "/data.img"
        let contents: [String: (size: UInt64, digest: SHA256Digest)] = [
            "boot_a": (boot.size, boot.digest), "boot_b": (boot.size, boot.digest),
            "system_a": (image.size, image.digest), "system_b": (image.size, image.digest),
            "misc": (UInt64(misc.count), .of(misc)),
            "data": (try fileSize(of: data), try graph.fingerprints.digest(of: data)),
        ]
        return layout.partitions.map { partition in
            let content = contents[partition.label] ?? (0, .of([]))
            return .init(
                label: partition.label, offset: partition.offset, size: partition.size,
                contentSize: content.size, sha256: content.digest.description)
        }
    }
}

extension ImageManifest.File {
    init(_ entry: FileTree.Entry, digest: SHA256Digest?) {
        var size: UInt64 = 0
        var target: String?
        var type = "device"
        switch entry.kind {
        case .directory: type = "directory"
        case .file(let content):
            type = "file"
            size = content.size
        case .symbolicLink(let destination): (type, target) = ("link", destination)
        case .hardLink(let path): (type, target) = ("hard link", path)
        case .characterDevice, .blockDevice, .fifo: break
        }
        self.init(
            path: "/" + entry.path, type: type, mode: String(entry.mode, radix: 8),
            owner: "\(entry.userID):\(entry.groupID)", size: size, sha256: digest?.description,
            target: target,
            origin: entry.origin)
    }
}
