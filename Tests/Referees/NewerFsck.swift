import DebianBase
import Foundation
import HostSystem

/// A fsck.erofs that knows DEFLATE: the machine's own if it is new enough, else the arm64 one of the
/// handset's Debian, which runs in user-mode emulation. It is fetched once into the cache that builds use;
/// without network and without cache there is none.
public enum NewerFsck {
    public struct Command: Sendable {
        let tool: Tool
        let prefix: [String]

        public func check(_ arguments: [String]) throws { try tool.check(prefix + arguments) }
    }

    public static let command = (try? own()) ?? (try? fetched())

    private static func own() throws -> Command? {
        let own = try Tool("fsck.erofs", package: "erofs-utils")
        let version = try own.run(["--version"])
        let knowsDeflate = (version.text + version.errorText).contains("deflate")
        return knowsDeflate ? Command(tool: own, prefix: []) : nil
    }

    private static func fetched() throws -> Command? {
        let cache = CacheFolder()
        let lockPath = cache.path + "/erofs-utils-for-tests.lock"
        if let lock = try? PackageLock.read(from: lockPath), let command = try? command(lock, cache, nil) {
            return command
        }
        let mirror = try Mirror.find()
        let request = PackageRequest(
            suite: "trixie", image: [], kernel: "linux-image-arm64", sysroot: ["erofs-utils"])
        let lock = try Resolver(cache: cache).resolve(request, mirror: mirror)
        try lock.write(to: lockPath)
        return try command(lock, cache, mirror.address)
    }

    /// Through its own loader, since this machine has no arm64 libraries.
    private static func command(_ lock: PackageLock, _ cache: CacheFolder, _ mirror: String?) throws
        -> Command?
    {
        let store = PackageStore(cache: cache, mirror: mirror)
        let libraries = try store.sysroot(of: lock).path + "/usr/lib"
        guard let package = lock["erofs-utils"],
            let program = try store.unpacked(package)["usr/bin/fsck.erofs"]?.storedPath
        else { return nil }
        // The store's files are not executable, and the emulator insists.
        let loader = cache.path + "/erofs-utils-for-tests.loader"
        try Data(contentsOf: URL(fileURLWithPath: "\(libraries)/ld-linux-aarch64.so.1"))
            .write(to: URL(fileURLWithPath: loader), options: .atomic)
        chmod(loader, 0o755)
        let prefix = [loader, "--library-path", "\(libraries)/aarch64-linux-gnu", program]
        return Command(tool: try Tool("qemu-aarch64", package: "qemu-user"), prefix: prefix)
    }
}
