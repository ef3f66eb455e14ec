/// What a service is kept from. Everything is resolved on the host: names of capabilities are bits, system
/// call lists are a compiled filter.
public struct Isolation: Equatable, Sendable {
    /// Namespaces of its own (clone(2)).
    public struct Namespaces: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        public static let mount = Namespaces(rawValue: 1)
        /// It is process 1 in there: a signal that it has no handler for does not reach it, a stop signal
        /// neither, and it is killed after its grace time.
        public static let pid = Namespaces(rawValue: 2)
        public static let ipc = Namespaces(rawValue: 4)
        public static let uts = Namespaces(rawValue: 8)
        public static let network = Namespaces(rawValue: 16)
        /// The service's own user and group keep their numbers; all others are nobody.
        public static let user = Namespaces(rawValue: 32)
    }

    public var namespaces: Namespaces = []
    public var noNewPrivileges = false
    /// Bit n is capability number n (linux/capability.h). What is not set can never be had again.
    public var boundingCapabilities = UInt64.max
    /// Kept by a program that is not root.
    public var ambientCapabilities: UInt64 = 0
    /// An empty /tmp and /var/tmp of its own.
    public var hasPrivateTemporaryFiles = false
    /// A /dev with null, zero, full, random, urandom, tty, pts, shm, the usual links (fd, ptmx, stdin,
    /// stdout, stderr) and nothing else.
    public var hasPrivateDevices = false
    /// The whole tree is read-only to it, but for /dev, /proc, /sys, /run, /tmp and what `paths` opens again.
    public var isFileSystemReadOnly = false
    /// In the order of the service file: a later rule lies over an earlier one.
    public var paths: [PathRule] = []
    /// A classic BPF program in the kernel's `struct sock_filter` form, eight bytes an instruction,
    /// little-endian; empty: no filter.
    public var systemCallFilter: [UInt8] = []
    /// Landlock: what of the file system it may use at all. Empty: no rules, everything as usual.
    public var landlock: [LandlockRule] = []

    public init() {}

    /// One path of the service's own view of the file system.
    public struct PathRule: Equatable, Sendable {
        public enum Kind: Equatable, Sendable {
            case readOnly
            case writable
            /// An empty, unreadable directory or file lies over it.
            case hidden
            /// An empty tmpfs of at most this size.
            case temporary(sizeBytes: UInt64)
            /// Shows `source`, as PID 1 sees it, here; the place is made if it is not there.
            case bind(source: String, isReadOnly: Bool)
        }

        public var path: String
        public var kind: Kind
        /// A path that does not exist is left out instead of failing the start.
        public var isOptional = false

        public init(path: String, kind: Kind) {
            self.path = path
            self.kind = kind
        }
    }

    /// Everything beneath `path` with these rights.
    public struct LandlockRule: Equatable, Sendable {
        public struct Access: OptionSet, Sendable {
            public let rawValue: UInt8
            public init(rawValue: UInt8) { self.rawValue = rawValue }

            public static let read = Access(rawValue: 1)
            public static let write = Access(rawValue: 2)
            public static let execute = Access(rawValue: 4)
        }

        public var path: String
        public var access: Access

        public init(path: String, access: Access) {
            self.path = path
            self.access = access
        }
    }
}
