import LinuxSystem
import PackageSignatures
import Packages
import Wire

/// An app of the installed set whose manifest and payload have been checked.
struct InstalledApp {
    private let package: Generation.Package
    private let manifest: PackageManifest
    private let payload: HeldDescriptor
    private let data: String

    init(_ request: LaunchRequest) throws(LaunchError) {
        let set = try Self.installedSet(request.directory)
        guard let package = set[request.id] else { throw .package(.unknownPackage(request.id)) }
        guard package.kind == .app else {
            throw .refused(
                package.id.text + " is a package of kind " + package.kind.name + ", and no program")
        }
        let store = request.directory + "/"
        let bytes = try Self.read(
            store + StoredFile.manifest(package.manifest).path, limit: PackageHeader.headFileLimit)
        do throws(PackageError) {
            let head = try PackageHead(decoding: bytes)
            try package.check(head, with: HandsetCryptography())
            manifest = head.manifest
        } catch { throw .package(error) }
        payload = try Self.measured(store + StoredFile.payload(package.payload).path, package)
        self.package = package
        data = request.dataDirectory + "/" + package.id.text + "/" + String(package.data)
    }

    /// The newest set is the installed one.
    private static func installedSet(_ directory: String) throws(LaunchError) -> Generation {
        var newest: UInt64 = 0
        do throws(SystemCallError) {
            for name in try Directory.names(in: directory + "/" + StoreFolder.generations.name) {
                let number = StoredFile.generationNumber(String(decoding: name, as: UTF8.self))
                newest = max(newest, number ?? 0)
            }
        } catch { throw .system(error) }
        guard newest > 0 else { return .empty }
        let bytes = try read(
            directory + "/" + StoredFile.generation(newest).path, limit: Generation.byteLimit)
        do throws(PackageError) { return try Generation(decoding: bytes) } catch { throw .package(error) }
    }

    private static func read(_ path: String, limit: Int) throws(LaunchError) -> [UInt8] {
        do throws(SystemCallError) {
            return try FileDescriptor.open(path, [.readOnly, .noFollow]).readToEnd(limit: limit)
        } catch { throw .system(error) }
    }

    private static func measured(
        _ path: String, _ package: Generation.Package
    ) throws(LaunchError) -> HeldDescriptor {
        do throws(SystemCallError) {
            let file = HeldDescriptor(try FileDescriptor.open(path, [.readOnly, .noFollow]))
            if Digest256(try Verity.measure(file.descriptor)) == package.payload { return file }
        } catch { throw .system(error) }
        throw .package(.payloadDiffers(package.id))
    }

    /// Comes back only when that failed.
    func become(_ arguments: [String]) -> SystemCallError {
        var spawn = ProcessSpawn(
            path: "/run/app/" + manifest.entry, arguments: arguments, environment: environment)
        spawn.namespaces = [.mount, .ipc]
        if !mayUseNetwork { spawn.namespaces.insert(.network) }
        spawn.steps = mounts
        if !mayUseNetwork { spawn.steps.append(.loopback) }
        spawn.steps.append(.workingDirectory("/data"))
        spawn.steps.append(.supplementaryGroups)
        spawn.steps.append(.boundingCapabilities(0))
        spawn.steps.append(.noNewPrivileges)
        spawn.steps.append(.identity(user: package.user, group: package.user, keeping: 0))
        return spawn.replaceThisProcess()
    }

    /// The data folder is caught before the root is closed, and so stays writable.
    private var mounts: [SpawnStep] {
        [
            .privateMounts,
            .catchTree(data),
            .privateDevices,
            .readOnlyRoot,
            .mount("tmpfs", at: "/run", [.noSetuid, .noDevices], options: "mode=755,size=64k"),
            .mount("erofs", in: payload.descriptor, at: "/run/app", [.readOnly, .noSetuid, .noDevices]),
            .cover("/run", setting: .readOnly),
            // As much as a program may put aside; what is large belongs into its data.
            .mount(
                "tmpfs", at: "/tmp", [.noSetuid, .noDevices, .noExecute], options: "mode=1777,size=16m"),
            .place(1, at: "/data", setting: [.noSetuid, .noDevices, .noExecute]),
        ]
    }

    private var mayUseNetwork: Bool {
        for permission in manifest.permissions where UTF8Text.equal(permission, "network") { return true }
        return false
    }

    private var environment: [String] {
        var variables = [
            "HOME=/data", "PATH=/usr/bin", "TMPDIR=/tmp", "AMOS_APP=" + package.id.text,
            "AMOS_APP_VERSION=" + package.version.text,
        ]
        if let kind = ProcessArguments.environment("TERM") { variables.append("TERM=" + kind) }
        return variables
    }
}
