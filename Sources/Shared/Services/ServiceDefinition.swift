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
    /// Started together with this one; their failure does not matter.
    public var wants: [String] = []
    /// Order only: wait for these if they are being started anyway.
    public var after: [String] = []
    /// Absolute path in the image, then the arguments (without argument 0). Empty for a target.
    public var program = ""
    public var arguments: [String] = []
    /// `NAME=value`, in the order of the service file.
    public var environment: [String] = []
    public var userID: UInt32 = 0
    public var groupID: UInt32 = 0
    public var supplementaryGroupIDs: [UInt32] = []
    public var readiness: Readiness = .exec
    public var startTimeoutMilliseconds: UInt32 = 30_000
    public var restart: Restart = .onFailure
    /// First delay; it doubles per failure up to the limit and starts over after the healthy time.
    public var restartDelayMilliseconds: UInt32 = 100
    public var restartDelayLimitMilliseconds: UInt32 = 30_000
    public var restartResetMilliseconds: UInt32 = 60_000
    public var stopSignal: UInt8 = 15
    /// Time between the stop signal and `cgroup.kill`.
    public var stopGraceMilliseconds: UInt32 = 3_000
    /// A terminal that becomes the controlling one and stdin, stdout and stderr; empty: output goes to the
    /// log.
    public var terminal = ""
    /// `memory.max` in bytes and `pids.max`; 0: no limit.
    public var memoryLimitBytes: UInt64 = 0
    public var processLimit: UInt32 = 0
    /// Does not hold up shutdown's first phase; set for the logger, which stops last.
    public var stopsLast = false

    public init(name: String) { self.name = name }
}
