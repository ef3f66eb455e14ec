import DebianBase
import DeviceSpec
import Foundation
import HostSystem

/// The unpacked packages of an image.
struct ImagePackages {
    /// Sorted by name; what the handset's files come from.
    let image: [UnpackedPackage]
    let kernel: UnpackedPackage
    /// Never installed, but others' licence files are links into them.
    let licences: [UnpackedPackage]

    /// One per package that is on the handset, the kernel included.
    /// - Parameter linked: packages whose libraries are in programs of ours.
    func licenceTexts(with linked: [UnpackedPackage] = []) throws -> [PackageLicence] {
        let all = image + [kernel] + linked
        return try LicenceFiles.collect(for: all.map(\.package.name), in: all + licences)
    }
}

extension Build {
    var lockFile: String { DeviceLock.file(beside: device.file) }

    /// Reads the lock beside the device file, or resolves the packages and writes it.
    func lockPackages(all variants: [Device]) throws -> PackageLock {
        let wanted = PackageRequest(device, variants: variants)
        if let lock = try PackageLock.read(from: lockFile) {
            do {
                try lock.check(covers: wanted, file: lockFile)
            } catch {
                throw DeviceLock.located(error, in: variants)
            }
            return lock
        }
        var lock: PackageLock?
        var inputs = BuildGraph.Inputs()
        for name in wanted.image + wanted.kernels { inputs.add(name, "wanted") }
        try graph.step("lock packages", inputs: inputs, outputs: [lockFile]) {
            lock = try DeviceLock.update(
                variants, wanted, file: lockFile, mirror: request.mirror, cache: cache)
        }
        guard let lock else { throw DebianError.notLocked(names: wanted.image, file: lockFile) }
        return lock
    }

    func fetchPackages(_ lock: PackageLock) throws -> ImagePackages {
        let image = lock.closure(of: device.packages.map(\.value) + [PackageRequest.systemLibrary])
        let licences = lock.packages(in: .licences)
        guard let kernel = lock.kernelImage(for: device.kernel.package.value) else {
            throw DebianError.notLocked(names: [device.kernel.package.value], file: lockFile)
        }
        let all = image + [kernel] + licences
        let store = PackageStore(cache: cache, mirror: request.mirror)
        var unpacked: [UnpackedPackage]?
        var inputs = BuildGraph.Inputs()
        for package in all { inputs.add("\(package.name) \(package.version)", package.sha256) }
        let step = "fetch and unpack packages"
        try graph.step(step, inputs: inputs, outputs: []) {
            unpacked = try store.unpacked(all) { progress in
                let fraction = Double(progress.bytesDone) / Double(max(progress.bytesTotal, 1))
                graph.observer?.progressed(
                    step: step, detail: "\(progress.packageCount) packages", fraction: fraction)
            }
        }
        let ready = try unpacked ?? store.unpacked(all)
        return ImagePackages(
            image: Array(ready[..<image.count]), kernel: ready[image.count],
            licences: Array(ready[(image.count + 1)...]))
    }
}

extension PackageRequest {
    /// Every dynamic program needs it, so no device has to name it.
    static let systemLibrary = "libc6"

    /// What a device wants in any of its variants.
    public init(_ device: Device, variants: [Device]) {
        self.init(
            suite: device.base.suite, components: device.base.components, architecture: device.architecture,
            image: variants.flatMap { $0.packages.map(\.value) } + [Self.systemLibrary],
            kernel: device.kernel.package.value)
    }
}

/// `NAME.lock` beside a device file.
public enum DeviceLock {
    /// The lock of a shipped device lies in the working folder where Amos's own belongs to somebody else.
    public static func file(beside deviceFile: String) -> String {
        let device = URL(fileURLWithPath: deviceFile).deletingPathExtension()
        let file = device.path + ".lock"
        let canBeThere = access(file, F_OK) == 0 || access(device.deletingLastPathComponent().path, W_OK) == 0
        return canBeThere ? file : device.lastPathComponent + ".lock"
    }

    public static func file(of device: String, home: AmosHome) throws -> String {
        file(beside: try DeviceRepository(shippedRoot: home.rootfs).file(of: device))
    }

    /// Resolves and writes it; an unknown package is reported where the device file names it.
    @discardableResult
    public static func update(
        _ variants: [Device], _ wanted: PackageRequest, file: String, mirror: String?, cache: CacheFolder
    ) throws -> PackageLock {
        let lock: PackageLock
        do {
            lock = try Resolver(cache: cache).resolve(wanted, mirror: Mirror.find(given: mirror))
        } catch {
            throw located(error, in: variants)
        }
        try lock.write(to: file)
        return lock
    }

    /// Packages that the archive or the lock lacks are the device file's mistakes.
    public static func located(_ error: any Error, in variants: [Device]) -> any Error {
        guard let error = error as? DebianError else { return error }
        switch error {
        case .unknownPackages(let packages, let suite):
            return DiagnosticList(
                packages.map { package in
                    Diagnostic(
                        "Debian \(suite) has no package '\(package.name)'",
                        at: location(of: package.name, in: variants), expected: "a package's name",
                        suggestion: package.nearest)
                })
        case .notLocked(let names, let file):
            return DiagnosticList(
                names.map { name in
                    Diagnostic(
                        "the package '\(name)' is not in \(URL(fileURLWithPath: file).lastPathComponent)",
                        at: location(of: name, in: variants),
                        expected: "a locked package; `amos lock DEVICE --update` locks it if Debian has it")
                })
        default: return error
        }
    }

    private static func location(of package: String, in variants: [Device]) -> SourceLocation {
        let named = variants.flatMap { $0.packages + [$0.kernel.package] }
        return named.first { $0.value == package }?.location
            ?? SourceLocation(file: variants.first?.file ?? "", line: 1, column: 1)
    }
}
