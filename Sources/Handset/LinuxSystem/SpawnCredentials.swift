import CLinux
import Wire

// Who a new process is, and what it may do (credentials(7), capabilities(7), user_namespaces(7)).
extension SpawnStep {
    /// The process's own user namespace will be entered by step number `enterUserNamespace`: everything that
    /// needs a privilege over the machine lies before that one, everything that opens files before a limit.
    ///
    /// `user` and `group` keep their numbers in it; all others are nobody.
    public static func prepareUserNamespace(user: UInt32, group: UInt32) -> Self {
        var step = Self(AMOS_STEP_USER_PREPARE)
        (step.one, step.two) = (Self.map(user), Self.map(group))
        return step
    }

    public static func enterUserNamespace(preparedBy index: Int) -> Self {
        var step = Self(AMOS_STEP_USER_ENTER)
        step.number = Int64(index)
        return step
    }

    /// For a process born in a user namespace without privileges over the old one: it stays who it is.
    public static func mapThisUser() -> [Self] {
        [
            .write("deny", to: "/proc/self/setgroups"),
            .write(map(amos_user()), to: "/proc/self/uid_map"),
            .write(map(amos_group()), to: "/proc/self/gid_map"),
        ]
    }

    private static func map(_ number: UInt32) -> String { String(number) + " " + String(number) + " 1\n" }

    /// What is not in `staying` can never be had again.
    public static func boundingCapabilities(_ staying: UInt64) -> Self {
        var step = Self(AMOS_STEP_BOUNDING)
        step.bits = staying
        return step
    }

    /// setgroups(2) to the `supplementaryGroupIDs`.
    public static var supplementaryGroups: Self { Self(AMOS_STEP_GROUPS) }

    /// `keeping`: capabilities that later steps need; `execve` drops them.
    public static func identity(user: UInt32, group: UInt32, keeping capabilities: UInt64) -> Self {
        var step = Self(AMOS_STEP_IDENTITY)
        (step.number, step.bits, step.more) = (Int64(user), UInt64(group), capabilities)
        return step
    }

    /// Capabilities that a program which is not root keeps.
    public static func ambientCapabilities(_ wanted: UInt64) -> Self {
        var step = Self(AMOS_STEP_AMBIENT)
        step.bits = wanted
        return step
    }

    public static var noNewPrivileges: Self { Self(AMOS_STEP_NO_NEW_PRIVILEGES) }
}

/// Restricts a process to parts of the file system (landlock(7)).
public enum Landlock {
    /// Of the kernel; 0: it has none, or it is switched off.
    public static var version: Int { Int(amos_landlock_version()) }

    public struct Rights: OptionSet, Sendable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        public static let execute = Rights(rawValue: 1 << 0)
        /// Files and directories.
        public static let read = Rights(rawValue: 1 << 2 | 1 << 3)
        /// Writing, making and removing files of every kind, moving them between directories (version 2),
        /// truncating (3), and ioctl(2) on devices (5).
        public static let write = Rights(rawValue: 1 << 1 | 0x1ff0 | 1 << 13 | 1 << 14 | 1 << 15)

        /// What a kernel with this version knows.
        static func known(toVersion version: Int) -> Rights {
            switch version {
            case ..<2: Rights(rawValue: 1 << 13 - 1)
            case 2: Rights(rawValue: 1 << 14 - 1)
            case 3, 4: Rights(rawValue: 1 << 15 - 1)
            default: Rights(rawValue: 1 << 16 - 1)
            }
        }
    }
}

extension SpawnStep {
    public static func beginLandlock(version: Int) -> Self {
        var step = Self(AMOS_STEP_LANDLOCK_BEGIN)
        step.bits = Landlock.Rights.known(toVersion: version).rawValue
        return step
    }

    public static func allow(
        _ rights: Landlock.Rights, beneath path: String, version: Int, begunBy index: Int
    ) -> Self {
        var step = Self(AMOS_STEP_LANDLOCK_RULE)
        step.bits = rights.intersection(.known(toVersion: version)).rawValue
        (step.one, step.number) = (path, Int64(index))
        return step
    }

    public static func enforceLandlock(begunBy index: Int) -> Self {
        var step = Self(AMOS_STEP_LANDLOCK_ENFORCE)
        step.number = Int64(index)
        return step
    }
}

extension ChildProcess {
    /// Of this process (geteuid(2), getegid(2)).
    public static var effectiveUser: UInt32 { amos_user() }

    /// pidfd_open(2): stays this process, whatever becomes of its number.
    public static func open(_ process: Int32) throws(SystemCallError) -> FileDescriptor {
        FileDescriptor(owning: Int32(try retryingOnInterrupt("pidfd_open") { amos_open_process(process) }))
    }
}
