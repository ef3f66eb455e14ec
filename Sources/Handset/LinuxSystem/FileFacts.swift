import CLinux

/// What a remote client wants to know about a file (`stat(2)`), in the kernel's numbers.
public struct FileFacts: Sendable {
    public let device: UInt64
    public let inode: UInt64
    public let size: UInt64
    /// Seconds since 1970.
    public let read: Int64
    public let modified: Int64
    public let changed: Int64
    /// Type and permissions.
    public let mode: UInt32
    public let links: UInt32
    public let user: UInt32
    public let group: UInt32

    public static let typeMask = UInt32(S_IFMT)
    public static let linkType = UInt32(S_IFLNK)
    public static let fileType = UInt32(S_IFREG)
    public static let directoryType = UInt32(S_IFDIR)

    public var type: UInt32 { mode & Self.typeMask }

    public init(of path: String, followsLinks: Bool) throws(SystemCallError) {
        var facts = amos_facts()
        try retryingOnInterrupt("stat", path) {
            path.withCString { amos_file_facts($0, followsLinks ? 1 : 0, &facts) }
        }
        (device, inode, size) = (facts.device, facts.inode, facts.size)
        (read, modified, changed) = (facts.read, facts.modified, facts.changed)
        (mode, links, user, group) = (facts.mode, facts.links, facts.user, facts.group)
    }
}

extension FileDescriptor {
    /// When it was last changed, in seconds since 1970 (`futimens(3)`).
    public borrowing func setModified(_ seconds: Int64) throws(SystemCallError) {
        let number = rawValue
        try retryingOnInterrupt("utimensat") { amos_set_times(number, seconds) }
    }
}

extension Directory {
    /// `symlink(2)`.
    public static func link(_ path: String, to target: String) throws(SystemCallError) {
        try retryingOnInterrupt("symlink", path) {
            target.withCString { target in path.withCString { amos_symlink(target, $0) } }
        }
    }

    /// `lchown(2)`.
    public static func own(_ path: String, user: UInt32, group: UInt32) throws(SystemCallError) {
        try retryingOnInterrupt("chown", path) { path.withCString { amos_own_path($0, user, group) } }
    }
}
