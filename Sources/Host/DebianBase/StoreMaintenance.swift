import Foundation
import HostSystem

/// What the cache costs, and how it shrinks.
extension PackageStore {
    /// Bytes on disk.
    public struct Size: Sendable, Equatable {
        public var packages: UInt64 = 0
        public var unpacked: UInt64 = 0
        public var sysroots: UInt64 = 0
        public var lists: UInt64 = 0
        public var total: UInt64 { packages + unpacked + sysroots + lists }
    }

    public func size() -> Size {
        // Sysroots share their files with what is unpacked; a file counts where it is found first.
        var seen: Set<UInt> = []
        return Size(
            packages: diskUse("\(cache.path)/packages", &seen),
            unpacked: diskUse("\(cache.path)/unpacked", &seen),
            sysroots: diskUse("\(cache.path)/sysroots", &seen), lists: diskUse("\(cache.path)/apt", &seen))
    }

    /// Removes what none of `locks` needs and nobody has used for `days`; returns the bytes that became free.
    public func collectGarbage(keeping locks: [PackageLock], unusedDays days: Int = 30) throws(DebianError)
        -> UInt64
    {
        let before = size().total
        _ = try cache.folder("packages/partial")
        let guarding = try wrapping { () throws(SystemError) in try FileLock("\(cache.path)/packages/lock") }
        defer { withExtendedLifetime(guarding.descriptor) {} }
        let packages = locks.flatMap(\.packages)
        let kept = Set(packages.map(\.sha256))
        let sysroots = Set(locks.map { Sysroot(for: $0.packages(in: .sysroot), in: cache).key })
        let limit = time(nil) - days * 86_400
        for name in contents("packages")
        where name.hasSuffix(".deb") && !kept.contains(String(name.dropLast(4))) {
            removeUnused("packages/\(name)", usedAt: "packages/\(name)", since: limit)
        }
        for name in contents("packages/partial") where !kept.contains(String(name.dropLast(4))) {
            removeUnused("packages/partial/\(name)", usedAt: "packages/partial/\(name)", since: limit)
        }
        for name in contents("unpacked") where !kept.contains(name) && !removeLeftover("unpacked/\(name)") {
            removeUnused("unpacked/\(name)", usedAt: "unpacked/\(name)/index", since: limit)
        }
        for name in contents("sysroots") where !sysroots.contains(name) && !removeLeftover("sysroots/\(name)")
        {
            removeUnused("sysroots/\(name)", usedAt: "sysroots/\(name)", since: limit)
        }
        for name in contents("apt") {
            removeUnused("apt/\(name)", usedAt: "apt/\(name)/apt.conf", since: limit)
        }
        let after = size().total
        return before > after ? before - after : 0
    }

    private func contents(_ folder: String) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: "\(cache.path)/\(folder)")) ?? []).sorted()
    }

    private func removeUnused(_ name: String, usedAt witness: String, since limit: Int) {
        var status = stat()
        if stat("\(cache.path)/\(witness)", &status) == 0, status.st_mtim.tv_sec > limit { return }
        removeTree("\(cache.path)/\(name)")
    }

    /// `.partial-PROCESS-KEY`: removed once that process has ended. True for every such name.
    private func removeLeftover(_ name: String) -> Bool {
        guard let last = name.split(separator: "/").last, last.hasPrefix(".partial-") else { return false }
        if let process = last.split(separator: "-").dropFirst().first.flatMap({ pid_t($0) }),
            kill(process, 0) != 0, errno == ESRCH
        {
            removeTree("\(cache.path)/\(name)")
        }
        return true
    }

    private func diskUse(_ folder: String, _ seen: inout Set<UInt>) -> UInt64 {
        guard let files = FileManager.default.enumerator(atPath: folder) else { return 0 }
        var bytes: UInt64 = 0
        for case let name as String in files {
            var status = stat()
            guard lstat("\(folder)/\(name)", &status) == 0, status.st_mode & S_IFMT != S_IFDIR,
                seen.insert(UInt(status.st_ino)).inserted
            else { continue }
            bytes += UInt64(status.st_blocks) * 512
        }
        return bytes
    }
}
