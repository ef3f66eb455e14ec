import DebianBase
import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Services

/// Turns a device file into images. `build` is the whole story, top to bottom; each line is a step of the
/// graph.
public struct ImageBuilder {
    public struct Request: Sendable {
        /// A device file's path, or the name of a known device.
        public var device: String
        public var variant: Device.Variant
        /// nil: `out/DEVICE` in the working folder, `out/DEVICE-user` for that variant.
        public var outputFolder: String?
        public var mirror: String?
        public var wantsQcow2 = false
        /// Refuses the development key.
        public var isRelease = false
        /// Where compiled handset programs are kept; nil: in the cache. A comparison of two builds wants its
        /// own.
        public var programsFolder: String?

        public init(device: String, variant: Device.Variant = .dev) {
            self.device = device
            self.variant = variant
        }
    }

    public struct Result: Sendable {
        public let device: Device
        public let folder: String
        public let outcomes: [BuildGraph.Outcome]
        /// Of the key that signed the boot image: what this device's loader trusts.
        public let trustedKey: VerifyingKey
        public var diskImage: String { folder + "/disk.img" }
        public var qcow2Image: String { folder + "/disk.qcow2" }
        public var bootImage: String { folder + "/boot.img" }
        public var manifestFile: String { folder + "/image.json" }

        /// What the disk image occupies, holes not counted.
        public var bytesOnDisk: UInt64 {
            var status = stat()
            return stat(diskImage, &status) == 0 ? UInt64(status.st_blocks) * 512 : 0
        }
    }

    let home: AmosHome
    let cache: CacheFolder

    public init(home: AmosHome, cache: CacheFolder = CacheFolder()) {
        self.home = home
        self.cache = cache
    }

    public func build(_ request: Request, observer: (any BuildGraph.Observer)? = nil) throws -> Result {
        let device = try loadDevice(request)
        let build = try Build(request: request, device: device, home: home, cache: cache, observer: observer)
        let lock = try build.lockPackages(all: try loadVariants(request, loaded: device))
        let packages = try build.fetchPackages(lock)
        let sysroot = try build.prepareSysroot(lock)
        let programs = try build.compilePrograms(sysroot)
        let modules = try build.extractModules(packages)
        let plan = try build.compileBootPlan(modules)
        let tree = try build.composeSystem(packages, programs, modules, plan)
        let system = try build.writeSystem(tree, packages)
        let data = try build.writeData()
        let initramfs = try build.writeInitramfs(programs, modules, data)
        let boot = try build.writeBootImage(packages, initramfs, system)
        let disk = try build.writeDisk(boot, system, data)
        try build.writeManifest(packages, tree, system, boot, disk)
        // One that is there already would be another disk than disk.img.
        if request.wantsQcow2 || build.hasQcow2 { try build.writeQcow2() }
        try build.graph.finish()
        return Result(
            device: device, folder: build.folder, outcomes: build.graph.outcomes,
            trustedKey: boot.key.verifying)
    }

    /// Where a device's images go unless a request says otherwise: a variant for sale is never overwritten by
    /// trying out the other one.
    public static func standardFolder(of device: Device) -> String {
        device.variant == .dev ? "out/\(device.name)" : "out/\(device.name)-\(device.variant.rawValue)"
    }

    /// For what writes no image, and so needs no folder of the user's.
    func withoutImages(_ request: Request, _ device: Device) throws -> Build {
        var request = request
        request.outputFolder = "\(cache.path)/without-images/\(device.name)"
        return try Build(request: request, device: device, home: home, cache: cache, observer: nil)
    }

    func loadDevice(_ request: Request) throws -> Device {
        try DeviceRepository(shippedRoot: home.rootfs).device(request.device, variant: request.variant)
    }

    /// A lock serves all variants of a device, so that they differ in nothing but what the device file says.
    /// - Parameter loaded: one of them that is here already; to load one takes a third of a build that finds
    ///   nothing to do.
    func loadVariants(_ request: Request, loaded: Device? = nil) throws -> [Device] {
        try Device.Variant.allCases.map {
            if let loaded, loaded.variant == $0 { return loaded }
            return try DeviceRepository(shippedRoot: home.rootfs).device(request.device, variant: $0)
        }
    }
}

/// One build under way: what every step needs.
final class Build {
    let request: ImageBuilder.Request
    let device: Device
    let home: AmosHome
    let cache: CacheFolder
    let graph: BuildGraph
    let folder: String
    /// Intermediate images and the build's memory; hidden, because nobody needs to look at it.
    let workFolder: String
    /// Two builds of one device take turns.
    private let turn: FileLock

    init(
        request: ImageBuilder.Request, device: Device, home: AmosHome, cache: CacheFolder,
        observer: (any BuildGraph.Observer)?
    ) throws {
        self.request = request
        self.device = device
        self.home = home
        self.cache = cache
        let chosen = request.outputFolder ?? ImageBuilder.standardFolder(of: device)
        folder = URL(fileURLWithPath: chosen).standardizedFileURL.path
        workFolder = folder + "/.amos"
        try FileManager.default.createDirectory(atPath: workFolder, withIntermediateDirectories: true)
        let place = folder
        turn = try FileLock(workFolder + "/lock") {
            observer?.progressed(step: "waiting", detail: "for another build in \(place)", fraction: nil)
        }
        Self.removeLeftovers(of: folder, workFolder)
        graph = BuildGraph(stateFolder: workFolder, observer: observer)
    }

    /// What a killed build was writing; the next one may have nothing to write there.
    private static func removeLeftovers(of folder: String, _ workFolder: String) {
        let images = ["disk.img", "disk.qcow2", "boot.img", "image.json"].map { "\(folder)/\($0)" }
        let intermediates = (try? FileManager.default.contentsOfDirectory(atPath: workFolder)) ?? []
        for file in images { unlink(file + ".partial") }
        for name in intermediates where name.hasSuffix(".partial") { unlink("\(workFolder)/\(name)") }
    }

    /// The writers are part of what an image follows from: a rebuilt amos writes everything again.
    func inputs() throws -> BuildGraph.Inputs {
        var inputs = BuildGraph.Inputs()
        inputs.add("amos", try graph.fingerprints.digest(of: "/proc/self/exe"))
        return inputs
    }

    /// Device and service files, the folders they copy from left out: those count as what the image holds.
    func addDeviceFiles(to inputs: inout BuildGraph.Inputs) throws {
        let copied = Set(device.files.copies.map(\.source.value))
        for file in device.inputs where !copied.contains(file) && !isFolder(file) {
            inputs.add(displayName(file), try graph.fingerprints.digest(of: file))
        }
    }

    private func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// How a path of this machine is called in records and reports.
    func displayName(_ path: String) -> String {
        // A repository keeps its device files in `devices`, the rest beside that.
        var own = URL(fileURLWithPath: device.file).deletingLastPathComponent()
        if own.lastPathComponent == "devices" { own.deleteLastPathComponent() }
        for root in [home.path + "/", own.path + "/"] where path.hasPrefix(root) {
            return String(path.dropFirst(root.count))
        }
        return URL(fileURLWithPath: path).lastPathComponent
    }
}
