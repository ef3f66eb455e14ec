/// What starts a service, and what sends it to rest again.
public struct Activation: Equatable, Sendable {
    /// Wanted from the beginning. Otherwise it waits for a trigger, a command, or a service that needs it.
    public var atBoot = true
    /// A connection or datagram on one of its sockets starts it.
    public var onSocket = false
    /// Device nodes under /dev, or `subsystem:NAME` for any device of a subsystem; any of them that is there
    /// or appears starts it.
    public var devices: [String] = []
    public var paths: [PathTrigger] = []
    public var timers: [ServiceTimer] = []
    /// Ready, needed by no other service and without processor time for this long: it stops, and its triggers
    /// watch again. 0: never.
    public var idleStopMilliseconds: UInt32 = 0

    public init() {}

    /// Whether anything but a command or another service can start it.
    public var hasTriggers: Bool { onSocket || !devices.isEmpty || !paths.isEmpty || !timers.isEmpty }
}

/// Starts a service when something happens in the file system.
public struct PathTrigger: Equatable, Sendable {
    public enum Condition: UInt8, Sendable, CaseIterable {
        case exists = 0
        /// Written and closed, created, moved there or removed.
        case changed = 1
        case directoryNotEmpty = 2
    }

    public var path: String
    public var condition: Condition

    public init(path: String, condition: Condition) {
        self.path = path
        self.condition = condition
    }
}

/// Starts a service at certain times.
public struct ServiceTimer: Equatable, Sendable {
    public enum Schedule: Equatable, Sendable {
        /// Once, this long after PID 1 began.
        case afterBoot(milliseconds: UInt64)
        /// This long after the timer last fired, and for the first time this long after the boot.
        case every(milliseconds: UInt64)
        /// Wall clock, UTC.
        case calendar(CalendarRule)
    }

    public var schedule: Schedule
    /// Each firing is delayed by a random time up to this.
    public var jitterMilliseconds: UInt32 = 0
    /// The last run is kept on `data`: what was missed while the handset was off is made up for, once, soon
    /// after the boot.
    public var catchesUp = false

    public init(_ schedule: Schedule) { self.schedule = schedule }
}

/// Points in time by the calendar, in UTC, to the minute: each field is a set of bits, and all must match
/// (a day matches when both its day of the month and its weekday do).
public struct CalendarRule: Equatable, Sendable {
    /// Bits 0 to 59.
    public var minutes: UInt64
    /// Bits 0 to 23.
    public var hours: UInt32
    /// Bits 1 to 31.
    public var daysOfMonth: UInt32
    /// Bits 1 to 12.
    public var months: UInt16
    /// Bits 0 (Sunday) to 6.
    public var weekdays: UInt8

    public static let everyDayOfMonth: UInt32 = 0xffff_fffe
    public static let everyMonth: UInt16 = 0x1ffe
    public static let everyWeekday: UInt8 = 0x7f

    public init(
        minutes: UInt64, hours: UInt32, daysOfMonth: UInt32 = everyDayOfMonth, months: UInt16 = everyMonth,
        weekdays: UInt8 = everyWeekday
    ) {
        self.minutes = minutes
        self.hours = hours
        self.daysOfMonth = daysOfMonth
        self.months = months
        self.weekdays = weekdays
    }
}

/// A socket that PID 1 makes for a service at boot (sd_listen_fds(3)).
public struct ListeningSocket: Equatable, Sendable {
    public enum Kind: UInt8, Sendable, CaseIterable {
        case stream = 0
        case datagram = 1
        case sequentialPackets = 2
    }

    public enum Address: Equatable, Sendable {
        /// `unix(7)`: an absolute path; directories above it are made.
        case unix(path: String)
        /// TCP or UDP: 4 or 16 bytes, in network order.
        case internet(bytes: [UInt8], port: UInt16)
    }

    /// In LISTEN_FDNAMES.
    public var name: String
    public var kind: Kind
    public var address: Address
    /// Of a Unix socket's file.
    public var permissions: UInt16 = 0o600
    public var userID: UInt32 = 0
    public var groupID: UInt32 = 0
    /// listen(2): connections that wait while the service is down or restarts.
    public var backlog: UInt16 = 128

    public init(name: String, kind: Kind, address: Address) {
        self.name = name
        self.kind = kind
        self.address = address
    }
}
