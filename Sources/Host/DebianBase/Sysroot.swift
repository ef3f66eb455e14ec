import Foundation
import HostSystem

/// The headers and libraries that handset programs are compiled and linked against: a folder made of hard
/// links into the package store, laid out once for each set of packages.
///
///     usr/include/  usr/lib/      as the packages have them
///     lib -> usr/lib              libc.so is a linker script that names /lib/…
///     musl-kernel-headers/        links to the kernel's folders in usr/include: programs built with musl
///                                 must see these and not glibc's headers, which lie beside them
public struct Sysroot: Sendable, Equatable {
    public let path: String
    /// Changes whenever a package does; for the build graph.
    public let key: String

    public var muslKernelHeaders: String { path + "/musl-kernel-headers" }

    /// Raised when the layout changes, so that older folders are not taken.
    private static let layout = "1"
    private static let wantedFolders = ["usr/include/", "usr/lib/"]

    public init(for packages: [LockedPackage], in cache: CacheFolder) {
        let inputs = [Self.layout] + packages.map(\.sha256).sorted()
        key = String(SHA256Digest.of(Array(inputs.joined(separator: " ").utf8)).description.prefix(32))
        path = "\(cache.path)/sysroots/\(key)"
    }

    var isThere: Bool { access(path + "/lib", F_OK) == 0 }

    /// Makes the folder under another name first, so that it is whole or absent.
    func lay(out packages: [UnpackedPackage], in cache: CacheFolder) throws(DebianError) {
        let parent = try cache.folder("sysroots")
        let folder = try makeWorkFolder(in: parent)
        defer { removeTree(folder) }
        var entries: [String: UnpackedPackage.Entry] = [:]
        for package in packages {
            for entry in package.entries where Self.wantedFolders.contains(where: entry.path.hasPrefix) {
                entries[entry.path] = entry
            }
        }
        try fill(folder, with: entries)
        try addLinks(folder, entries)
        if rename(folder, path) != 0 {
            // Another process was faster, or an incomplete one stands there.
            if isThere { return }
            removeTree(path)
            guard rename(folder, path) == 0 else { throw .system(SystemError("rename to", path)) }
        }
    }

    /// Folders first, links last: nothing is ever written through a link.
    private func fill(
        _ folder: String, with entries: [String: UnpackedPackage.Entry]
    ) throws(DebianError) {
        var made: Set<Substring> = []
        let paths = entries.keys.sorted()
        for path in paths {
            guard let slash = path.lastIndex(of: "/"), made.insert(path[..<slash]).inserted else { continue }
            try makeFolders("\(folder)/\(path[..<slash])")
        }
        for path in paths {
            guard let entry = entries[path] else { continue }
            var stored = entry.storedPath
            if case .hardLink(let target) = entry.kind { stored = entries[target]?.storedPath }
            if let stored { try share(stored, as: "\(folder)/\(path)") }
        }
        for path in paths {
            guard case .symbolicLink(let target) = entries[path]?.kind else { continue }
            guard let inside = Self.inside(target, of: path) else { continue }
            try link(inside, as: "\(folder)/\(path)")
        }
    }

    private func addLinks(
        _ folder: String, _ entries: [String: UnpackedPackage.Entry]
    ) throws(DebianError) {
        try makeFolders("\(folder)/usr/lib")
        try makeFolders("\(folder)/musl-kernel-headers")
        try link("usr/lib", as: "\(folder)/lib")
        // The folders of linux-libc-dev that musl does not bring itself.
        for name in ["asm-generic", "drm", "linux", "misc", "mtd", "rdma", "sound", "video", "xen"]
        where access("\(folder)/usr/include/\(name)", F_OK) == 0 {
            try link("../usr/include/\(name)", as: "\(folder)/musl-kernel-headers/\(name)")
        }
        if let machine = Self.machineFolder(entries) {
            try link("../usr/include/\(machine)/asm", as: "\(folder)/musl-kernel-headers/asm")
        }
    }

    /// `aarch64-linux-gnu`: linux-libc-dev has every machine's headers, libc6-dev only the right one's.
    private static func machineFolder(_ entries: [String: UnpackedPackage.Entry]) -> String? {
        entries.keys.filter { $0.hasPrefix("usr/include/") && $0.hasSuffix("/bits/wordsize.h") }
            .compactMap { $0.split(separator: "/").dropFirst(2).first.map(String.init) }.min()
    }

    /// The target, relative to the link; nil where it would leave the sysroot.
    static func inside(_ target: String, of path: String) -> String? {
        let depth = path.split(separator: "/").count - 1
        if target.hasPrefix("/") {
            let up = String(repeating: "../", count: depth)
            return inside(up + target.drop { $0 == "/" }, of: path)
        }
        var level = depth
        for step in target.split(separator: "/") where step != "." {
            level += step == ".." ? -1 : 1
            if level < 0 { return nil }
        }
        return target
    }

    private func share(_ stored: String, as path: String) throws(DebianError) {
        if Foundation.link(stored, path) == 0 { return }
        // File systems without hard links, or with too many to one file: a copy does as well.
        do { try FileManager.default.copyItem(atPath: stored, toPath: path) } catch {
            throw .system(SystemError("create", path))
        }
    }

    private func link(_ target: String, as path: String) throws(DebianError) {
        guard symlink(target, path) == 0 else { throw .system(SystemError("create", path)) }
    }
}

extension PackageStore {
    /// The sysroot of `lock`, fetched, unpacked and laid out if it is not there yet.
    public func sysroot(
        of lock: PackageLock, progress: (FetchProgress) -> Void = { _ in }
    ) throws(DebianError) -> Sysroot {
        let packages = lock.packages(in: .sysroot)
        let sysroot = Sysroot(for: packages, in: cache)
        if !sysroot.isThere {
            try sysroot.lay(out: try unpacked(packages, progress: progress), in: cache)
        }
        noteUse(sysroot.path)
        return sysroot
    }
}
