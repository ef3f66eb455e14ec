import CLinux
import Wire

/// One thing that a new process does to itself before it becomes the program of a `ProcessSpawn`.
public struct SpawnStep: Sendable {
    let kind: amos_step_kind
    var number: Int64 = 0
    var bits: UInt64 = 0
    var more: UInt64 = 0
    private var isOptional = false
    var one = ""
    var two = ""
    private var three = ""

    init(_ kind: amos_step_kind) { self.kind = kind }

    static let textCount = 3
    var texts: [String] { [one, two, three] }

    /// For C; `texts` are those of this step, and outlive the result.
    func prepared(_ texts: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> amos_step {
        var step = amos_step()
        step.kind = Int32(kind.rawValue)
        step.is_optional = isOptional ? 1 : 0
        (step.number, step.bits, step.more) = (number, bits, more)
        step.one = UnsafePointer(texts[0])
        step.two = UnsafePointer(texts[1])
        step.three = UnsafePointer(texts[2])
        return step
    }

    var limitsDescriptors: Bool { kind == AMOS_STEP_LIMIT && number == Int64(Self.openFiles) }

    /// RLIMIT_NOFILE, on every architecture that this knows.
    private static let openFiles = 7
}

// The file system (mount_namespaces(7)); all of these need a mount namespace. What is made at
// several places is called there, not copied.
extension SpawnStep {
    /// mount_setattr(2).
    public struct MountAttributes: OptionSet, Sendable {
        public let rawValue: UInt64
        public init(rawValue: UInt64) { self.rawValue = rawValue }

        public static let readOnly = MountAttributes(rawValue: UInt64(AMOS_MOUNT_READ_ONLY))
        public static let noSetuid = MountAttributes(rawValue: UInt64(AMOS_MOUNT_NO_SETUID))
        public static let noDevices = MountAttributes(rawValue: UInt64(AMOS_MOUNT_NO_DEVICES))
        public static let noExecute = MountAttributes(rawValue: UInt64(AMOS_MOUNT_NO_EXECUTE))
    }

    /// Mounts made here reach no other namespace, nor the other way round.
    public static var privateMounts: Self { Self(AMOS_STEP_PRIVATE_MOUNTS) }

    /// Keeps what is mounted at and below `path` now; `place` shows it.
    @inline(never)
    public static func catchTree(_ path: String, isOptional: Bool = false) -> Self {
        var step = Self(AMOS_STEP_CATCH)
        (step.one, step.isOptional) = (path, isOptional)
        return step
    }

    /// Shows at `path`, which is made if need be, what step number `caught` has kept.
    @inline(never)
    public static func place(_ caught: Int, at path: String, setting attributes: MountAttributes = []) -> Self
    {
        var step = Self(AMOS_STEP_PLACE)
        (step.number, step.one, step.bits) = (Int64(caught), path, attributes.rawValue)
        return step
    }

    /// Everything at and below `path`, which becomes a mount of its own, with other attributes.
    @inline(never)
    public static func cover(
        _ path: String, setting: MountAttributes = [], clearing: MountAttributes = [],
        isOptional: Bool = false
    ) -> Self {
        var step = Self(AMOS_STEP_COVER)
        (step.one, step.isOptional) = (path, isOptional)
        (step.bits, step.more) = (setting.rawValue, clearing.rawValue)
        return step
    }

    /// The root and everything below it can be read only.
    public static var readOnlyRoot: Self {
        var step = Self(AMOS_STEP_ATTRIBUTES)
        (step.one, step.bits) = ("/", MountAttributes.readOnly.rawValue)
        return step
    }

    /// A new file system without a device.
    @inline(never)
    public static func mount(
        _ type: String, at path: String, _ attributes: MountAttributes, options: String = "",
        isOptional: Bool = false
    ) -> Self {
        var step = Self(AMOS_STEP_MOUNT)
        (step.one, step.two, step.three) = (path, type, options)
        (step.bits, step.isOptional) = (attributes.rawValue, isOptional)
        return step
    }

    /// The file system in a file, on a directory that is made if need be.
    public static func mount(
        _ type: String, in file: borrowing FileDescriptor, at path: String, _ attributes: MountAttributes
    ) -> Self {
        var step = Self(AMOS_STEP_MOUNT_FILE)
        (step.one, step.two, step.three) = (path, type, "/proc/self/fd/" + String(file.rawValue))
        step.bits = attributes.rawValue
        return step
    }

    /// An empty directory, or the file that step number `empty` has caught, lies over `path`.
    public static func hide(_ path: String, under empty: Int, isOptional: Bool = false) -> Self {
        var step = Self(AMOS_STEP_HIDE)
        (step.one, step.number, step.isOptional) = (path, Int64(empty), isOptional)
        return step
    }

    /// A /dev with null, zero, full, random, urandom, tty, pts and shm.
    public static var privateDevices: Self { Self(AMOS_STEP_DEVICES) }
}

// Everything else.
extension SpawnStep {
    /// Writes `text` to an existing file, as a rule of /proc.
    public static func write(_ text: String, to path: String) -> Self {
        var step = Self(AMOS_STEP_WRITE)
        (step.one, step.two) = (path, text)
        return step
    }

    /// Takes over namespaces of the process behind a pidfd (setns(2)).
    public static func join(_ process: Int32, _ namespaces: ProcessSpawn.Namespaces) -> Self {
        var step = Self(AMOS_STEP_JOIN)
        (step.number, step.bits) = (Int64(process), namespaces.rawValue)
        return step
    }

    /// In a network namespace of its own.
    public static var loopback: Self { Self(AMOS_STEP_LOOPBACK) }

    /// setpriority(2).
    public static func nice(_ value: Int8) -> Self {
        var step = Self(AMOS_STEP_NICE)
        step.number = Int64(value)
        return step
    }

    /// sched_setscheduler(2); both numbers are the kernel's.
    public static func scheduler(_ policy: UInt8, priority: UInt8) -> Self {
        var step = Self(AMOS_STEP_SCHEDULER)
        (step.number, step.bits) = (Int64(policy), UInt64(priority))
        return step
    }

    public static func workingDirectory(_ path: String) -> Self {
        var step = Self(AMOS_STEP_DIRECTORY)
        step.one = path
        return step
    }

    /// setrlimit(2).
    public static func limit(_ resource: UInt8, soft: UInt64, hard: UInt64) -> Self {
        var step = Self(AMOS_STEP_LIMIT)
        (step.number, step.bits, step.more) = (Int64(resource), soft, hard)
        return step
    }
}

extension SpawnStep {
    func failure(_ code: Int32) -> SystemCallError {
        switch kind {
        case AMOS_STEP_CATCH, AMOS_STEP_PLACE: return SystemCallError("cannot bind", one, code: code)
        case AMOS_STEP_COVER where bits == 0: return SystemCallError("cannot make writable", one, code: code)
        case AMOS_STEP_COVER, AMOS_STEP_ATTRIBUTES:
            return SystemCallError("cannot make read-only", one, code: code)
        case AMOS_STEP_MOUNT_FILE: return SystemCallError("cannot mount its payload at", one, code: code)
        case AMOS_STEP_MOUNT: return SystemCallError("cannot mount a private", one, code: code)
        case AMOS_STEP_HIDE: return SystemCallError("cannot hide", one, code: code)
        case AMOS_STEP_DIRECTORY: return SystemCallError("cannot enter", one, code: code)
        case AMOS_STEP_WRITE: return SystemCallError("cannot write " + two + " to", one, code: code)
        case AMOS_STEP_LANDLOCK_RULE: return SystemCallError("cannot allow the use of", one, code: code)
        case AMOS_STEP_LIMIT: return SystemCallError("cannot set limit", String(number), code: code)
        case AMOS_STEP_IDENTITY: return SystemCallError("cannot become user", String(number), code: code)
        default: return SystemCallError(action.description, code: code)
        }
    }

    private var action: StaticString {
        switch kind {
        case AMOS_STEP_PRIVATE_MOUNTS: "cannot make its mounts private"
        case AMOS_STEP_JOIN: "cannot enter the service's namespaces"
        case AMOS_STEP_DEVICES: "cannot make a private /dev"
        case AMOS_STEP_LOOPBACK: "cannot bring its loopback up"
        case AMOS_STEP_NICE: "cannot set its nice value"
        case AMOS_STEP_SCHEDULER: "cannot set its scheduling class"
        case AMOS_STEP_LANDLOCK_BEGIN, AMOS_STEP_LANDLOCK_ENFORCE: "cannot restrict it with Landlock"
        case AMOS_STEP_USER_PREPARE, AMOS_STEP_USER_ENTER: "cannot make its user namespace"
        case AMOS_STEP_BOUNDING: "cannot drop capabilities"
        case AMOS_STEP_GROUPS: "cannot set its supplementary groups"
        case AMOS_STEP_AMBIENT: "cannot raise its ambient capabilities"
        default: "cannot set no-new-privileges"
        }
    }
}
