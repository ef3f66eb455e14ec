import HostSystem

/// A file tree that is about to become a file system: what the image writers take, and nothing of the machine
/// it was made on. Entries are kept sorted by path bytes, so equal trees give equal images.
public struct FileTree: Sendable, Equatable {
    public struct Entry: Sendable, Equatable {
        /// Relative, no leading or trailing slash, no `.` or `..`; the root directory is the empty string.
        public var path: String
        public var kind: Kind
        /// Permission bits with setuid, setgid and sticky (0…0o7777).
        public var mode: UInt16
        public var userID: UInt32
        public var groupID: UInt32
        /// Seconds since the epoch.
        public var modificationTime: Int64
        /// What brought it: `package:libc6`, `base:etc/hosts`, `build:amos-init`.
        public var origin: String

        public init(
            path: String, kind: Kind, mode: UInt16, userID: UInt32 = 0, groupID: UInt32 = 0,
            modificationTime: Int64 = 0, origin: String
        ) {
            self.path = path
            self.kind = kind
            self.mode = mode
            self.userID = userID
            self.groupID = groupID
            self.modificationTime = modificationTime
            self.origin = origin
        }
    }

    public enum Kind: Sendable, Equatable {
        case directory
        case file(Content)
        case symbolicLink(target: String)
        /// Another name of the file at this path, which is in the same tree.
        case hardLink(to: String)
        case characterDevice(major: UInt32, minor: UInt32)
        case blockDevice(major: UInt32, minor: UInt32)
        case fifo
    }

    /// A file's bytes: in memory, or in a file of the build machine that does not change while it is read.
    public enum Content: Sendable, Equatable {
        case bytes([UInt8])
        case stored(path: String, size: UInt64)

        public var size: UInt64 {
            switch self {
            case .bytes(let bytes): UInt64(bytes.count)
            case .stored(_, let size): size
            }
        }
    }

    public private(set) var entries: [Entry]

    /// Sorts by path; parents that nobody named are added as root-owned 0755 directories, a later entry with
    /// the same path replaces an earlier one (overlays: packages, then base files, then the device's own
    /// files).
    public init(_ layers: [Entry]) {
        var byPath: [String: Entry] = [:]
        for entry in layers { byPath[entry.path] = entry }
        for entry in layers {
            var parent = Substring(entry.path)
            while let slash = parent.utf8.lastIndex(of: UInt8(ascii: "/")) {
                parent = parent[..<slash]
                let path = String(parent)
                if byPath[path] != nil { break }
                byPath[path] = Entry(path: path, kind: .directory, mode: 0o755, origin: "parent")
            }
        }
        if byPath[""] == nil { byPath[""] = Entry(path: "", kind: .directory, mode: 0o755, origin: "parent") }
        entries = byPath.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
    }

    public subscript(path: String) -> Entry? { SortedPaths.find(path, in: entries, path: \.path) }
}
