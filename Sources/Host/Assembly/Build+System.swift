import DebianBase
import DeviceSpec
import DiskImage
import Foundation
import HostSystem

/// A system partition's image: an EROFS file system with its verity tree behind it.
struct SystemImage {
    let file: String
    let size: UInt64
    let digest: SHA256Digest
    let verity: VerityFacts
}

/// What a handset must know of a system partition to verify it, kept beside the image as one line of text.
struct VerityFacts: Equatable {
    let rootHash: SHA256Digest
    let dataBlocks: UInt64
    let salt: SHA256Digest

    /// The kernel command line's form: `<root hash>:<data blocks>:<salt>`.
    var text: String { "\(rootHash):\(dataBlocks):\(salt)" }

    init(_ tree: DMVerity.Tree) {
        rootHash = tree.rootHash
        dataBlocks = tree.dataBlocks
        salt = SHA256Digest(bytes: tree.salt)
    }

    init(savedAt path: String) throws {
        let fields = try String(contentsOfFile: path, encoding: .utf8).split(separator: ":").map(String.init)
        guard fields.count == 3, let rootHash = SHA256Digest(hex: fields[0]), let blocks = UInt64(fields[1]),
            let salt = SHA256Digest(hex: fields[2])
        else { throw SystemError("understand", path, code: EINVAL) }
        self.rootHash = rootHash
        dataBlocks = blocks
        self.salt = salt
    }
}

extension Build {
    /// Level 9 takes six times as long and saves 0.1 %.
    private static let deflateLevel: Int32 = 6

    func composeSystem(
        _ packages: ImagePackages, _ programs: [(program: HandsetProgram, file: String)],
        _ modules: KernelModuleSet, _ plan: [UInt8]
    ) throws -> SystemTree.Result {
        let installed = programs.compactMap { item in
            item.program.imagePath.map { (path: $0, file: item.file) }
        }
        let result = try SystemTree(
            device: device, packages: packages, programs: installed,
            modules: modules.late, bootPlan: plan, fingerprints: graph.fingerprints
        ).compose()
        try checkPrograms(in: result.tree)
        return result
    }

    /// A service whose program is not in the image would be found on the handset, one boot too late.
    private func checkPrograms(in tree: FileTree) throws {
        let resolver = PathResolver(tree)
        var wrong: [Diagnostic] = []
        for service in device.services where !service.definition.program.isEmpty {
            let program = service.definition.program
            let location = service.programLocation ?? SourceLocation(file: service.file, line: 1, column: 1)
            guard let path = resolver.resolve(program), let entry = tree[path] else {
                let name = "/" + (program.split(separator: "/").last ?? "")
                let programs = tree.entries.filter { $0.mode & 0o111 != 0 && $0.isFile }.map { "/" + $0.path }
                wrong.append(
                    Diagnostic(
                        "the program '\(program)' is not in the image", at: location,
                        expected: "a program of a package, of Amos or of files.copy",
                        suggestion: programs.first { $0.hasSuffix(name) }
                            ?? NearestName.of(program, among: programs)))
                continue
            }
            if !entry.isFile || entry.mode & 0o111 == 0 {
                wrong.append(Diagnostic("'\(program)' is not an executable file", at: location))
            }
        }
        for path in device.services.flatMap(\.neededPaths) where resolver.resolve(path.value) == nil {
            wrong.append(
                Diagnostic(
                    "there is no '\(path.value)' in the image", at: path.location,
                    expected: "a file or folder of a package or of files.copy"))
        }
        guard wrong.isEmpty else { throw DiagnosticList(wrong) }
    }

    func writeSystem(_ system: SystemTree.Result, _ packages: ImagePackages) throws -> SystemImage {
        var inputs = try inputs()
        inputs.add("storage.compression", device.storage.systemCompression.rawValue)
        inputs.add("device name", device.name)
        for (origin, digest) in system.digestsByOrigin() { inputs.add(origin, digest) }
        let image = workFolder + "/system.img"
        let facts = workFolder + "/system.verity"
        try graph.step("write system image", inputs: inputs, outputs: [image, facts]) {
            try checkLibraries(system.tree, packages)
            let output = try OutputFile(replacing: image)
            let options = EROFSOptions(
                uuid: ImageUUID(seed: "amos/\(device.name)/system"), volumeName: "system",
                compression: device.storage.systemCompression == .none
                    ? .none : .deflate(level: Self.deflateLevel))
            let statistics = try EROFSWriter(options).write(system.tree, to: output, at: 0)
            let verity = DMVerity(
                uuid: ImageUUID(seed: "amos/\(device.name)/verity"),
                salt: SHA256Digest.of("amos/\(device.name)/salt".utf8).bytes)
            let tree = try verity.append(to: output, dataOffset: 0, dataSize: statistics.size)
            try output.commit()
            try OutputFile.write(VerityFacts(tree).text, to: facts)
        }
        // Always: the partition may have become smaller, and the image is as it was.
        try DiskLayout.check(
            "system", holds: try fileSize(of: image), partition: device.storage.systemBytes, device: device)
        return SystemImage(
            file: image, size: try fileSize(of: image), digest: try graph.fingerprints.digest(of: image),
            verity: try VerityFacts(savedAt: facts))
    }

    /// Proves that nothing which starts on the handset lacks a library or an interpreter.
    private func checkLibraries(_ tree: FileTree, _ packages: ImagePackages) throws {
        var programs: [(path: String, program: ProgramFile)] = []
        for entry in tree.entries {
            guard case .file(.stored(let stored, _)) = entry.kind else { continue }
            let isLibrary = entry.path.hasPrefix("usr/lib/") && entry.path.contains(".so")
            if isLibrary || entry.mode & 0o111 != 0 {
                programs.append((entry.path, try ProgramFile.read(stored)))
            }
        }
        let missing = ProgramNeeds(tree: PathResolver(tree), known: packages.image).missing(programs)
        guard missing.isEmpty else { throw IncompleteImage(missing: missing) }
    }
}

/// Programs that would not start on the handset.
struct IncompleteImage: Error, CustomStringConvertible {
    let missing: [ProgramNeeds.Missing]

    var description: String {
        missing.map(\.description).joined(separator: "\n")
            + "\nadd the package to packages:, or keep the file with files.keep"
    }
}

extension PathResolver {
    init(_ tree: FileTree) {
        self.init()
        for entry in tree.entries {
            if case .symbolicLink(let target) = entry.kind {
                add(entry.path, target: target)
            } else {
                add(entry.path)
            }
        }
    }
}

func fileSize(of path: String) throws(SystemError) -> UInt64 {
    var status = stat()
    guard stat(path, &status) == 0 else { throw SystemError("read", path) }
    return UInt64(status.st_size)
}

extension FileTree.Entry {
    var isFile: Bool {
        switch kind {
        case .file, .hardLink: true
        default: false
        }
    }
}

extension SystemTree.Result {
    /// One digest per origin, over everything that came from it: what `--explain` names.
    func digestsByOrigin() -> [(origin: String, digest: SHA256Digest)] {
        var lines: [String: String] = [:]
        for entry in tree.entries {
            let content = digests[entry.path]?.description ?? ""
            lines[entry.origin, default: ""] +=
                "\(entry.path)\0\(entry.kindName)\0\(entry.mode) \(entry.userID) \(entry.groupID) "
                + "\(entry.modificationTime) \(content)\n"
        }
        return lines.sorted { $0.key < $1.key }.map { ($0.key, .of($0.value.utf8)) }
    }
}

extension FileTree.Entry {
    /// The kind and what it points at, for digests and reports.
    var kindName: String {
        switch kind {
        case .directory: "directory"
        case .file: "file"
        case .symbolicLink(let target): "link \(target)"
        case .hardLink(let path): "hard link \(path)"
        case .characterDevice(let major, let minor): "character device \(major):\(minor)"
        case .blockDevice(let major, let minor): "block device \(major):\(minor)"
        case .fifo: "fifo"
        }
    }
}
