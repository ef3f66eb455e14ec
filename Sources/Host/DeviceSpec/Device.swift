import Packages
import Services

/// A handset after its YAML was read, merged with what it extends, checked against itself and reduced to one
/// build variant. Nothing here needs checking again except what only the finished file tree can tell.
public struct Device: Sendable, Equatable {
    public enum Variant: String, Sendable, CaseIterable { case user, dev }

    public var name: String
    public var model: String
    public var variant: Variant
    /// The only architecture today; kept because it names Debian's packages.
    public var architecture: String
    public var base: Base
    public var kernel: Kernel
    public var machine: Machine
    public var storage: Storage
    public var packages: [Located<String>]
    public var files: FileRules
    public var services: [ServiceSource]
    public var users: [User]
    public var groups: [Group]
    public var locale: String
    public var timeServers: [String]
    public var health: BootPlan.Health
    public var shutdownBudgetMilliseconds: UInt32 = 8_000
    /// 0: the machine's watchdog is not used.
    public var machineWatchdogMilliseconds: UInt32 = 0
    public var checks: [Check]
    /// Grows with every release that must not be downgraded from; the loader refuses images below its floor.
    public var rollbackIndex: UInt64
    /// Name of the signing key (`amos keys`); nil: the generated development key, which a release build
    /// refuses.
    public var signingKey: Located<String>?
    /// Whose packages the handset takes.
    public var packagePolicy = InstallPolicy(sideload: .denied, architecture: .arm64)
    /// Device and service files and rootfs folders that were read, for the build graph: absolute paths.
    public var inputs: [String]
    /// What is hardly meant but no mistake, of this variant or the other.
    public var warnings: [Diagnostic] = []
    /// How much of the handset each service can reach, in the order of `services`.
    public var exposures: [ServiceExposure] = []
    /// The device file itself; the lock stands beside it.
    public var file: String

    public struct Base: Sendable, Equatable {
        public var suite: String
        public var components: [String]
    }

    public struct Kernel: Sendable, Equatable {
        public var package: Located<String>
        /// Names without `.ko`; their dependencies follow by themselves. `early` go into the initramfs.
        public var earlyModules: [Located<String>]
        public var lateModules: [Located<String>]
        public var commandLine: [String]
    }

    /// What QEMU is asked for.
    public struct Machine: Sendable, Equatable {
        public var cpu: String
        public var cpus: Int
        public var memoryMebibytes: Int
        public var display: Display

        public struct Display: Sendable, Equatable {
            public var width: Int
            public var height: Int

            public init(width: Int, height: Int) {
                self.width = width
                self.height = height
            }
        }
    }

    /// Partition sizes in bytes, multiples of 1 MiB; the disk is their sum plus the GPT.
    public struct Storage: Sendable, Equatable {
        public enum Compression: String, Sendable, CaseIterable { case none, deflate }

        public var espBytes: UInt64
        public var bootBytes: UInt64
        public var systemBytes: UInt64
        public var miscBytes: UInt64
        public var dataBytes: UInt64
        public var systemCompression: Compression
        /// Where the sizes stand, for "partition too small" errors, which only the assembly can find.
        public var locations: [String: SourceLocation]
    }

    /// Which package files are left out, and which files of the project go in.
    public struct FileRules: Sendable, Equatable {
        /// Path patterns (`*`, `**`), matched against packages' paths: excluded unless also in `keep`.
        public var exclude: [String]
        public var keep: [String]
        public var copies: [Copy]

        public struct Copy: Sendable, Equatable {
            /// On the build machine: absolute; a folder is copied whole.
            public var source: Located<String>
            /// In the image: absolute.
            public var destination: String
            public var mode: UInt16?
            public var user: String
            public var group: String
        }
    }

    public struct ServiceSource: Sendable, Equatable {
        public var definition: ServiceDefinition
        public var file: String
        /// Where `program:` stands: "not in the image" is found by the assembly.
        public var programLocation: SourceLocation?
        /// What else must be in the image: a probe's program, directories, paths of its own view.
        public var neededPaths: [Located<String>] = []
    }

    public struct User: Sendable, Equatable {
        public var name: String
        public var id: UInt32
        public var groupID: UInt32
        public var home: String
        public var shell: String

        public init(name: String, id: UInt32, groupID: UInt32, home: String, shell: String) {
            self.name = name
            self.id = id
            self.groupID = groupID
            self.home = home
            self.shell = shell
        }
    }

    public struct Group: Sendable, Equatable {
        public var name: String
        public var id: UInt32
        public var members: [String]

        public init(name: String, id: UInt32, members: [String]) {
            self.name = name
            self.id = id
            self.members = members
        }
    }
}

/// A place in a file, 1-based.
public struct SourceLocation: Sendable, Hashable {
    public var file: String
    public var line: Int
    public var column: Int

    public init(file: String, line: Int, column: Int) {
        self.file = file
        self.line = line
        self.column = column
    }
}

/// A value and where it was written.
public struct Located<Value: Sendable & Equatable>: Sendable, Equatable {
    public var value: Value
    public var location: SourceLocation

    public init(_ value: Value, at location: SourceLocation) {
        self.value = value
        self.location = location
    }
}
