import DebianBase
import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Packages

/// Puts the system partition's file tree together: packages, then our programs, then what follows from
/// the device, then the files it copies in. Later layers win.
struct SystemTree {
    let device: Device
    let packages: ImagePackages
    let programs: [(path: String, file: String)]
    let modules: [KernelModuleSet.File]
    let bootPlan: [UInt8]
    let fingerprints: FingerprintTable

    /// A file tree, and for every file the digest that is known without reading it again.
    struct Result {
        let tree: FileTree
        let digests: [String: SHA256Digest]
    }

    func compose() throws -> Result {
        var layers = Layers()
        try addPackages(to: &layers)
        for program in programs {
            try layers.addFile(
                program.path, stored: program.file, mode: 0o755, origin: "program",
                digest: fingerprints.digest(of: program.file))
        }
        for module in modules {
            try layers.addFile(
                "usr/lib/modules/\(module.path)", stored: module.file, mode: 0o644, origin: "modules",
                digest: fingerprints.digest(of: module.file))
        }
        layers.addBytes("usr/share/amos/boot.plan", bootPlan, origin: "boot plan")
        layers.addBytes(
            "usr/share/amos/package.policy", device.packagePolicy.encode(), origin: "package policy")
        for entry in GeneratedFiles(device: device).entries { layers.entries.append(entry) }
        try addCopies(to: &layers)
        let tree = FileTree(layers.entries)
        return Result(tree: tree, digests: layers.digests(in: tree))
    }

    private func addPackages(to layers: inout Layers) throws {
        let filter = PathFilter(exclude: device.files.exclude, keep: device.files.keep)
        for package in packages.image {
            let origin = "package:\(package.package.name)"
            for entry in package.entries where filter.admits(entry.path) {
                var digest: SHA256Digest?
                if case .file(_, _, let known) = entry.kind { digest = known }
                layers.add(FileTree.Entry(entry, origin: origin), digest: digest)
            }
        }
        for licence in try packages.licenceTexts() {
            try layers.addFile(
                "usr/share/doc/\(licence.package)/copyright", stored: licence.storedPath, mode: 0o644,
                origin: "licences", digest: fingerprints.digest(of: licence.storedPath))
        }
        if let certificates = packages.image.first(where: { $0.package.name == CertificateBundle.packageName }
        ) {
            layers.addBytes(
                CertificateBundle.path, try CertificateBundle.bytes(of: certificates), origin: "certificates")
        }
    }

    /// A folder of this machine: names, kinds and the owner's `x` bit count; owners and times do not.
    private func addFolder(
        _ folder: String, at prefix: String, origin: String, owner: (user: UInt32, group: UInt32),
        mode: UInt16?,
        to layers: inout Layers
    ) throws {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        for name in names where name != ".gitkeep" {
            let source = "\(folder)/\(name)"
            let path = prefix.isEmpty ? name : "\(prefix)/\(name)"
            try addPath(source, at: path, origin: origin, owner: owner, mode: mode, to: &layers)
        }
    }

    private func addPath(
        _ source: String, at path: String, origin: String, owner: (user: UInt32, group: UInt32),
        mode: UInt16?,
        to layers: inout Layers
    ) throws {
        var status = stat()
        guard lstat(source, &status) == 0 else { throw SystemError("read", source) }
        let leaf = "\(origin) \(path)"
        switch status.st_mode & S_IFMT {
        case S_IFDIR:
            layers.entries.append(
                FileTree.Entry(
                    path: path, kind: .directory, mode: 0o755, userID: owner.user, groupID: owner.group,
                    origin: leaf))
            try addFolder(source, at: path, origin: origin, owner: owner, mode: mode, to: &layers)
        case S_IFLNK:
            let target = try FileManager.default.destinationOfSymbolicLink(atPath: source)
            layers.entries.append(
                FileTree.Entry(path: path, kind: .symbolicLink(target: target), mode: 0o777, origin: leaf))
        case S_IFREG:
            try layers.addFile(
                path, stored: source, mode: mode ?? (status.st_mode & S_IXUSR != 0 ? 0o755 : 0o644),
                owner: owner, origin: leaf, digest: fingerprints.digest(of: source))
        default:
            // Reading a pipe would wait for whoever writes into it.
            throw UncopiableFile(path: source)
        }
    }

    /// `files: copy:` of the device.
    private func addCopies(to layers: inout Layers) throws {
        let users = Dictionary(device.users.map { ($0.name, $0.id) }, uniquingKeysWith: { $1 })
        let groups = Dictionary(device.groups.map { ($0.name, $0.id) }, uniquingKeysWith: { $1 })
        for copy in device.files.copies {
            try addPath(
                copy.source.value, at: String(copy.destination.drop { $0 == "/" }), origin: "copied file",
                owner: (users[copy.user] ?? 0, groups[copy.group] ?? 0), mode: copy.mode, to: &layers)
        }
    }

    /// Collects entries with the digests of their contents.
    struct Layers {
        var entries: [FileTree.Entry] = []
        private var stored: [String: SHA256Digest] = [:]

        mutating func addFile(
            _ path: String, stored: String, mode: UInt16, owner: (user: UInt32, group: UInt32) = (0, 0),
            origin: String, digest: SHA256Digest
        ) throws(SystemError) {
            var status = stat()
            guard stat(stored, &status) == 0 else { throw SystemError("read", stored) }
            entries.append(
                FileTree.Entry(
                    path: path, kind: .file(.stored(path: stored, size: UInt64(status.st_size))), mode: mode,
                    userID: owner.user, groupID: owner.group, origin: origin))
            self.stored[path] = digest
        }

        mutating func addBytes(_ path: String, _ bytes: [UInt8], mode: UInt16 = 0o644, origin: String) {
            entries.append(
                FileTree.Entry(path: path, kind: .file(.bytes(bytes)), mode: mode, origin: origin))
        }

        mutating func add(_ entry: FileTree.Entry, digest: SHA256Digest?) {
            entries.append(entry)
            stored[entry.path] = digest
        }

        /// Digests of every file of `tree`, which these layers gave; what is in memory is hashed here.
        func digests(in tree: FileTree) -> [String: SHA256Digest] {
            var digests: [String: SHA256Digest] = [:]
            for entry in tree.entries {
                switch entry.kind {
                case .file(.bytes(let bytes)): digests[entry.path] = .of(bytes)
                case .file(.stored): digests[entry.path] = stored[entry.path]
                default: break
                }
            }
            return digests
        }
    }
}

/// Something in a copied folder that an image cannot hold.
struct UncopiableFile: Error, CustomStringConvertible {
    let path: String

    var description: String {
        "\(path) is neither a file, a folder nor a symbolic link: move it out of the copied folder"
    }
}

extension FileTree.Entry {
    init(_ entry: UnpackedPackage.Entry, origin: String) {
        let kind: FileTree.Kind =
            switch entry.kind {
            case .directory: .directory
            case .file(let stored, let size, _): .file(.stored(path: stored, size: size))
            case .symbolicLink(let target): .symbolicLink(target: target)
            case .hardLink(let path): .hardLink(to: path)
            case .characterDevice(let major, let minor): .characterDevice(major: major, minor: minor)
            case .blockDevice(let major, let minor): .blockDevice(major: major, minor: minor)
            case .fifo: .fifo
            }
        self.init(
            path: entry.path, kind: kind, mode: entry.mode, userID: entry.userID, groupID: entry.groupID,
            modificationTime: entry.modificationTime, origin: origin)
    }
}
