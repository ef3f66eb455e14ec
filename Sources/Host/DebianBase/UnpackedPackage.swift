import Foundation
import HostSystem

/// What a package holds. The bytes of its files lie in the cache under numbers; names, owners and modes exist
/// only in the index, so an ordinary user can unpack anything and no name from an archive reaches this
/// machine's file system.
public struct UnpackedPackage: Sendable {
    public struct Entry: Sendable, Equatable {
        /// Relative, no leading or trailing slash, `usr`-merged (`lib/x` is `usr/lib/x`), the package's root
        /// left out.
        public var path: String
        public var kind: Kind
        /// Permission bits with setuid, setgid and sticky (0…0o7777).
        public var mode: UInt16
        public var userID: UInt32
        public var groupID: UInt32
        /// Seconds since the epoch.
        public var modificationTime: Int64

        /// Where a file's bytes are on this machine.
        public var storedPath: String? {
            if case .file(let storedPath, _, _) = kind { storedPath } else { nil }
        }
        public var size: UInt64 {
            if case .file(_, let size, _) = kind { size } else { 0 }
        }
    }

    public enum Kind: Sendable, Equatable {
        case directory
        case file(storedPath: String, size: UInt64, digest: SHA256Digest)
        /// As the package has it: may be absolute, which means the handset's root.
        case symbolicLink(target: String)
        /// Another name of a file of the same package.
        case hardLink(to: String)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    public let package: LockedPackage
    /// Sorted by path bytes.
    public let entries: [Entry]

    static func folder(_ package: LockedPackage, in cache: CacheFolder) -> String {
        "\(cache.path)/unpacked/\(package.sha256)"
    }

    static func indexPath(_ package: LockedPackage, in cache: CacheFolder) -> String {
        folder(package, in: cache) + "/index"
    }

    static func exists(_ package: LockedPackage, in cache: CacheFolder) -> Bool {
        guard let file = try? MappedFile(indexPath(package, in: cache)) else { return false }
        return file.withBytes { UnpackedIndex.isWhole($0) }
    }

    /// Reads the index.
    init(_ package: LockedPackage, in cache: CacheFolder) throws(DebianError) {
        let folder = Self.folder(package, in: cache)
        let file = try wrapping { () throws(SystemError) in try MappedFile(folder + "/index") }
        guard let entries = file.withBytes({ UnpackedIndex.read($0, folder: folder) }) else {
            throw .malformed(
                package: package.name, reason: "its index in the cache is damaged; remove \(folder)")
        }
        self.package = package
        self.entries = entries
    }

    public subscript(path: String) -> Entry? { SortedPaths.find(path, in: entries, path: \.path) }

    /// Hashes every file anew: the paths whose bytes in the cache are not those that were unpacked.
    public func damagedFiles() -> [String] {
        entries.compactMap { entry in
            guard case .file(let storedPath, let size, let digest) = entry.kind else { return nil }
            guard let file = try? MappedFile(storedPath), file.count == size else { return entry.path }
            return file.digest() == digest.description ? nil : entry.path
        }
    }
}
