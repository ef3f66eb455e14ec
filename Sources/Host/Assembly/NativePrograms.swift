import DebianBase
import Foundation
import HostSystem

/// The supervisor, its logger and its command line, built for the Linux of this machine: the handset's
/// sources and options, statically linked, so that the three files run on any distribution and in an empty
/// container.
public struct NativePrograms: Sendable {
    /// Each a static executable in the cache.
    public let initialProcess: String
    public let control: String
    public let logger: String

    private static let programs = ["amos-init", "amosctl", "amos-logd"].map {
        HandsetProgram(name: $0, imagePath: nil, library: .musl)
    }

    /// Compiles what is not in the cache. The first time on a machine this fetches some 10 MB of headers and
    /// libraries from Debian; afterwards it needs no network.
    /// - Parameter progress: called with what takes long, before it does.
    public static func build(
        home: AmosHome, cache: CacheFolder = CacheFolder(), mirror: String? = nil,
        progress: (String) -> Void = { _ in }
    ) throws -> NativePrograms {
        let processor = Processor.ofThisMachine
        let folder = cache.path + "/handset"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let compiler = HandsetCompiler(
            home: home, toolchain: try Toolchain.find(for: processor),
            sysroot: try sysroot(for: processor, cache: cache, mirror: mirror, progress: progress),
            processor: processor, cache: folder)
        let fingerprints = FingerprintTable(savedAt: folder + "/fingerprints-native")
        let files = try programs.map { program in
            let key = try compiler.inputs(of: program, fingerprints: fingerprints).digest
            let file = compiler.output(of: program, key: key)
            if access(file, X_OK) != 0 {
                progress("compiling \(program.name) for this machine")
                try compiler.build(program, key: key, fingerprints: fingerprints)
            }
            return file
        }
        try fingerprints.save()
        return NativePrograms(initialProcess: files[0], control: files[1], logger: files[2])
    }

    /// Pinned in the cache, not by the project: it is the person's own tool, and no image depends on it. When
    /// the archive has moved on, what it has now does as well.
    private static func sysroot(
        for processor: Processor, cache: CacheFolder, mirror: String?, progress: (String) -> Void
    ) throws -> Sysroot {
        let request = PackageRequest(
            suite: "trixie", architecture: processor.rawValue, image: [], kernel: nil)
        let file = "\(cache.path)/native-\(processor.rawValue).lock"
        let store = PackageStore(cache: cache, mirror: mirror)
        if let lock = try? PackageLock.read(from: file), (try? lock.check(covers: request, file: file)) != nil
        {
            do { return try store.sysroot(of: lock) } catch DebianError.vanished {} catch DebianError
                .corrupted
            {}
        }
        progress("fetching headers and libraries for \(processor.rawValue)")
        let lock = try Resolver(cache: cache).resolve(request, mirror: Mirror.find(given: mirror))
        try lock.write(to: file)
        return try store.sysroot(of: lock)
    }
}
