/// One service as the boot plan knows it: everything is resolved on the host (names checked, users turned
/// into ids, durations into milliseconds), so that PID 1 decides without parsing text.
public struct ServiceDefinition: Equatable, Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable {
        /// Runs until it is stopped.
        case longRunning = 0
        /// Runs once; it is *ready* when it has exited with status 0.
        case oneShot = 1
        /// Runs nothing; it is ready when everything it requires is.
        case target = 2
    }

    public enum Readiness: Equatable, Sendable {
        /// Ready as soon as `execve` has succeeded.
        case exec
        /// Ready when the program writes a newline to this descriptor (the s6 protocol).
        case descriptor(Int32)
        /// Ready when `READY=1` arrives on `$NOTIFY_SOCKET` (sd_notify).
        case notify
        /// Ready when the service's `probe` command exits with status 0.
        case probe
    }

    /// What follows when a service may not be restarted any more. Names are those of services of the plan.
    public enum FinalAction: Equatable, Sendable {
        /// It stays failed.
        case none
        /// Start this service (a target, as a rule) and stop everything that it does not need.
        case isolate(String)
        case start(String)
        case reboot
        /// Record that this slot is bad, and reboot into the other.
        case fallbackSlot
    }

    public enum Restart: UInt8, Sendable, CaseIterable {
        case never = 0
        case onFailure = 1
        case always = 2
    }

    public var name: String
    public var kind: Kind = .longRunning
    /// Must be ready before this one starts; if one fails or stops, this one stops.
    public var requires: [String] = []
    /// Must have become ready before this one starts; what happens to them afterwards does not matter.
    public var milestones: [String] = []
    /// Started together with this one; their failure does not matter.
    public var wants: [String] = []
    /// Order only: wait for these if they are being started anyway.
    public var after: [String] = []
    /// Never run at the same time as this one, whichever of the two says so: starting one stops the other.
    public var conflicts: [String] = []
    public var activation = Activation()
    /// Made by PID 1 and kept while the service is down; handed over as LISTEN_FDS.
    public var sockets: [ListeningSocket] = []
    /// Absolute path in the image, then the arguments (without argument 0). Empty for a target.
    public var program = ""
    public var arguments: [String] = []
    /// `NAME=value`, in the order of the service file.
    public var environment: [String] = []
    /// Directories on the handset with one file per variable: its name is the variable, its first line the
    /// value. Read by PID 1 at each start; must belong to root and be writable by nobody else.
    public var environmentDirectories: [String] = []
    /// Copied for this service alone to `$AMOS_SECRETS/NAME`, mode 0400.
    public var secrets: [Secret] = []
    /// Empty: `/`.
    public var workingDirectory = ""
    public var userID: UInt32 = 0
    public var groupID: UInt32 = 0
    public var supplementaryGroupIDs: [UInt32] = []
    public var readiness: Readiness = .exec
    /// The probe's program and its arguments; run as the service is, in its cgroup.
    public var probe: [String] = []
    public var probeIntervalMilliseconds: UInt32 = 500
    public var startTimeoutMilliseconds: UInt32 = 30_000
    public var restart: Restart = .onFailure
    /// First delay; it doubles per failure up to the limit and starts over after the healthy time. The time
    /// that it was ready counts: what dies after it ran for longer than its delay returns at once.
    public var restartDelayMilliseconds: UInt32 = 100
    public var restartDelayLimitMilliseconds: UInt32 = 30_000
    public var restartResetMilliseconds: UInt32 = 60_000
    /// Each delay varies by up to this many percent, so that services that died together do not return
    /// together.
    public var restartJitterPercent: UInt8 = 10
    /// More automatic restarts than this within the window, and it has failed for good; 0: no limit.
    public var restartLimit: UInt16 = 0
    public var restartWindowMilliseconds: UInt32 = 60_000
    public var finalAction: FinalAction = .none
    /// Longest time between two `WATCHDOG=1` of a ready service; 0: not watched.
    public var watchdogMilliseconds: UInt32 = 0
    public var stopSignal: UInt8 = 15
    /// Time between the stop signal and `cgroup.kill`.
    public var stopGraceMilliseconds: UInt32 = 3_000
    /// A terminal that becomes the controlling one and stdin, stdout and stderr; empty: output goes to the
    /// log.
    public var terminal = ""
    public var resources = Resources()
    public var isolation = Isolation()
    public var logLimit = LogLimit()
    /// A one-shot that has succeeded once on this `data` is done for good: its stamp is kept there, and it
    /// runs again only after a factory reset.
    public var runsOncePerInstallation = false
    /// Does not hold up shutdown's first phase; set for the logger, which stops last.
    public var stopsLast = false

    /// What its processes may ask of PID 1 beyond looking, if they are root: else whoever takes over one
    /// confined service has all of them.
    public var controlRights: ControlRights = []

    public init(name: String) { self.name = name }
}

public struct ControlRights: OptionSet, Sendable, Equatable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Start and stop services, replace the plan or PID 1, end the machine.
    public static let change = ControlRights(rawValue: 1)
    /// Take what all services print.
    public static let log = ControlRights(rawValue: 2)
    public static let all: ControlRights = [.change, .log]
}
