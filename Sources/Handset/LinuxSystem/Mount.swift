import CLinux

/// Mounts of this process's mount namespace. They outlive the program that makes them, so they are not owned
/// values: PID 1 unmounts what stage 1 has mounted.
public enum Mount {
    /// `mount(2)` flags.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt
        public init(rawValue: UInt) { self.rawValue = rawValue }

        public static let readOnly = Flags(rawValue: AMOS_MS_RDONLY)
        /// setuid bits and file capabilities do nothing.
        public static let noSetuid = Flags(rawValue: AMOS_MS_NOSUID)
        public static let noDevices = Flags(rawValue: AMOS_MS_NODEV)
        public static let noExecute = Flags(rawValue: AMOS_MS_NOEXEC)
        public static let noAccessTimes = Flags(rawValue: AMOS_MS_NOATIME)
        public static let remount = Flags(rawValue: AMOS_MS_REMOUNT)
        static let move = Flags(rawValue: AMOS_MS_MOVE)
    }

    /// `mount(2)`: a file system of `type` from `source` on the directory `target`.
    public static func attach(
        _ source: String, at target: String, type: String, _ flags: Flags = [], options: String = ""
    ) throws(SystemCallError) {
        try retryingOnInterrupt("mount", target) {
            source.withCString { source in
                target.withCString { target in
                    type.withCString { type in
                        options.withCString { amos_mount(source, target, type, flags.rawValue, $0) }
                    }
                }
            }
        }
    }

    /// Whether `attach` failed for a reason that lies outside the file system: no mount point, no such type
    /// in this kernel, no memory, device in use.
    public static func isOutside(_ error: SystemCallError) -> Bool {
        [ENOENT, ENOTDIR, ENODEV, ENOTBLK, ENOMEM, EBUSY, EPERM, EACCES].contains(error.code)
    }

    /// Moves a mount and everything below it to another directory.
    public static func move(_ from: String, to target: String) throws(SystemCallError) {
        try attach(from, at: target, type: "none", .move)
    }

    /// `umount2(2)`.
    public static func detach(_ target: String) throws(SystemCallError) {
        try retryingOnInterrupt("umount", target) { target.withCString { amos_unmount($0, 0) } }
    }

    /// Makes the mounted directory this process's root and working directory.
    ///
    /// The old root (an initramfs cannot be unmounted) disappears beneath it.
    public static func switchRoot(to directory: String) throws(SystemCallError) {
        try retryingOnInterrupt("chdir", directory) { directory.withCString { amos_chdir($0) } }
        try move(".", to: "/")
        try retryingOnInterrupt("chroot", directory) { amos_chroot(".") }
        try retryingOnInterrupt("chdir", "/") { amos_chdir("/") }
    }

    /// Size of the mounted file system in its own blocks, without what its metadata takes.
    public static func blockCount(of target: String) throws(SystemCallError) -> UInt64 {
        let blocks = try retryingOnInterrupt("statfs", target) {
            target.withCString { amos_file_system_blocks($0) }
        }
        return UInt64(blocks)
    }

    /// Grows a mounted ext4 to `blocks` blocks (`EXT4_IOC_RESIZE_FS`). It never shrinks.
    public static func growExt4(_ target: String, toBlocks blocks: UInt64) throws(SystemCallError) {
        let directory = try FileDescriptor.open(target, .directory)
        let fd = directory.rawValue
        var wanted = blocks
        try retryingOnInterrupt("resize", target) { amos_ioctl(fd, AMOS_EXT4_RESIZE, &wanted) }
    }
}
