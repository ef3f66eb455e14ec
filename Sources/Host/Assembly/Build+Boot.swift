import DebianBase
import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Slots

/// The signed boot image and what is known of it without reading it.
struct BootImageFacts {
    let file: String
    let size: UInt64
    let digest: SHA256Digest
    let commandLine: String
    let kernelDigest: SHA256Digest
    let initramfsDigest: SHA256Digest
    let key: SigningKey
    let isDevelopmentKey: Bool
    let kernelRelease: String
}

extension Build {
    /// The empty `data` file system, and its sparse copy for factory resets.
    func writeData() throws -> (image: String, pristine: String) {
        let image = workFolder + "/data.img"
        let pristine = workFolder + "/pristine.simg"
        var inputs = try inputs()
        inputs.add("device name", device.name)
        inputs.add("mke2fs", try graph.fingerprints.digest(of: DataFileSystem.tool().path))
        try graph.step("make data file system", inputs: inputs, outputs: [image, pristine]) {
            try DataFileSystem(uuid: ImageUUID(seed: "amos/\(device.name)/data")).write(to: image)
            let sparse = try OutputFile(replacing: pristine)
            try AndroidSparseWriter().write(image, to: sparse)
            try sparse.commit()
        }
        return (image, pristine)
    }

    func writeInitramfs(
        _ programs: [(program: HandsetProgram, file: String)], _ modules: KernelModuleSet,
        _ data: (image: String, pristine: String)
    ) throws -> String {
        guard let stage1 = programs.first(where: { $0.program.imagePath == nil })?.file else {
            preconditionFailure("no handset program is stage 1")
        }
        var inputs = try inputs()
        inputs.add("amos-stage1", try graph.fingerprints.digest(of: stage1))
        inputs.add("pristine data", try graph.fingerprints.digest(of: data.pristine))
        for module in modules.early {
            inputs.add(module.name, try graph.fingerprints.digest(of: module.file))
        }
        inputs.add("order of modules", modules.early.map(\.name).joined(separator: " "))
        let output = workFolder + "/initramfs.cpio"
        try graph.step("write initramfs", inputs: inputs, outputs: [output]) {
            let tree = try initramfsTree(stage1: stage1, modules: modules, pristine: data.pristine)
            let file = try OutputFile(replacing: output)
            try CPIOWriter().write(tree, to: file)
            try file.commit()
        }
        return output
    }

    private func initramfsTree(
        stage1: String, modules: KernelModuleSet, pristine: String
    ) throws -> FileTree {
        func file(_ path: String, _ source: String, mode: UInt16) throws -> FileTree.Entry {
            FileTree.Entry(
                path: path, kind: .file(.stored(path: source, size: try fileSize(of: source))), mode: mode,
                origin: "initramfs")
        }
        var entries = ["dev", "proc", "run", "sys", "sysroot"].map {
            FileTree.Entry(path: $0, kind: .directory, mode: 0o755, origin: "initramfs")
        }
        entries.append(
            FileTree.Entry(
                path: "dev/console", kind: .characterDevice(major: 5, minor: 1), mode: 0o600,
                origin: "initramfs"))
        entries.append(try file("init", stage1, mode: 0o755))
        entries.append(try file("pristine.simg", pristine, mode: 0o600))
        for (number, module) in modules.early.enumerated() {
            let order = String(format: "%03d", number)
            entries.append(try file("modules/\(order)-\(module.name).ko", module.file, mode: 0o600))
        }
        return FileTree(entries)
    }

    func writeBootImage(
        _ packages: ImagePackages, _ initramfs: String, _ system: SystemImage
    ) throws -> BootImageFacts {
        let (key, isDevelopmentKey) = try signingKey()
        guard let kernel = packages.kernel.entries.first(where: { $0.path.hasPrefix("boot/vmlinuz-") }),
            let kernelFile = kernel.storedPath, case .file(_, let kernelSize, let kernelDigest) = kernel.kind
        else { throw KernelModules.Failure.noModules(package: packages.kernel.package.name) }
        let verity = system.verity
        let commandLine = (device.kernel.commandLine + ["amos.root=\(verity.text)"]).joined(separator: " ")
        var inputs = try inputs()
        inputs.add("kernel", kernelDigest)
        inputs.add("initramfs", try graph.fingerprints.digest(of: initramfs))
        inputs.add("command line", commandLine)
        inputs.add("signing key", key.verifying.fingerprint)
        inputs.add("rollback index", "\(device.rollbackIndex)")
        inputs.add("variant", device.variant.rawValue)
        let output = folder + "/boot.img"
        let image = BootImage(
            kernel: .stored(path: kernelFile, size: kernelSize),
            initramfs: .stored(path: initramfs, size: try fileSize(of: initramfs)),
            commandLine: commandLine, rootHash: verity.rootHash, rollbackIndex: device.rollbackIndex,
            isDebuggable: device.variant == .dev)
        // Before anything of the last build is replaced.
        try DiskLayout.check(
            "boot", holds: image.size, partition: device.storage.bootBytes, device: device)
        try graph.step("sign boot image", inputs: inputs, outputs: [output]) {
            _ = try image.write(to: output, signedWith: key)
        }
        return BootImageFacts(
            file: output, size: try fileSize(of: output), digest: try graph.fingerprints.digest(of: output),
            commandLine: commandLine, kernelDigest: kernelDigest,
            initramfsDigest: try graph.fingerprints.digest(of: initramfs), key: key,
            isDevelopmentKey: isDevelopmentKey,
            kernelRelease: String(kernel.path.dropFirst("boot/vmlinuz-".count)))
    }

    private func signingKey() throws -> (SigningKey, isDevelopment: Bool) {
        let store = SigningKeyStore.standard()
        let name = device.signingKey?.value ?? SigningKeyStore.developmentName
        let isDevelopment = name == SigningKeyStore.developmentName
        if request.isRelease, isDevelopment {
            throw DiagnosticList([
                Diagnostic(
                    "a release cannot be signed with the development key",
                    at: device.signingKey?.location ?? SourceLocation(file: device.file, line: 1, column: 1),
                    expected: "signing-key: NAME of a key made by `amos keys new NAME`")
            ])
        }
        if isDevelopment { return (try store.development(), true) }
        do throws(SigningKeyError) {
            return (try store.load(name), false)
        } catch {
            guard case .notFound(_, let folder, let others) = error else { throw error }
            throw DiagnosticList([
                Diagnostic(
                    "there is no signing key '\(name)' in \(folder)",
                    at: device.signingKey?.location ?? SourceLocation(file: device.file, line: 1, column: 1),
                    expected: "a key of `amos keys list`; `amos keys new \(name)` makes it",
                    suggestion: NearestName.of(name, among: others))
            ])
        }
    }
}
