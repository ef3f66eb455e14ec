import CLinux

/// What a file is, and whose (fstat(2)).
public struct FileStatus: Sendable {
    public enum Kind: Sendable { case file, directory, other }

    public let kind: Kind
    /// The lower 12 bits of its mode.
    public let permissions: UInt32
    public let user: UInt32
}

extension FileDescriptor {
    public borrowing func status() throws(SystemCallError) -> FileStatus {
        let fd = rawValue
        var (mode, user) = (UInt32(0), UInt32(0))
        try retryingOnInterrupt("fstat") { amos_status(fd, &mode, &user) }
        let kind: FileStatus.Kind =
            mode & UInt32(S_IFMT) == UInt32(S_IFREG)
            ? .file : mode & UInt32(S_IFMT) == UInt32(S_IFDIR) ? .directory : .other
        return FileStatus(kind: kind, permissions: mode & 0o7777, user: user)
    }

    /// fchown(2).
    public borrowing func setOwner(_ user: UInt32, group: UInt32) throws(SystemCallError) {
        let fd = rawValue
        try retryingOnInterrupt("chown") { amos_own(fd, user, group) }
    }

    /// fchmod(2).
    public borrowing func setPermissions(_ permissions: UInt32) throws(SystemCallError) {
        let fd = rawValue
        try retryingOnInterrupt("chmod") { amos_permit(fd, permissions) }
    }
}

extension Directory {
    /// rmdir(2), if it is empty.
    public static func remove(_ path: String) { _ = path.withCString { amos_rmdir($0) } }
}

extension SystemCallError {
    public static let notPermitted = EPERM
    public static let invalid = EINVAL
    public static let tooLarge = EFBIG
}
