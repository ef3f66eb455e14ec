/// One line of the handset's log.
public struct LogRecord: Equatable, Sendable {
    /// syslog's numbers, as in /dev/kmsg.
    public enum Level: UInt8, Sendable, CaseIterable {
        case emergency = 0
        case alert = 1
        case critical = 2
        case error = 3
        case warning = 4
        case notice = 5
        case information = 6
        case debug = 7

        public var name: String {
            switch self {
            case .emergency: "emergency"
            case .alert: "alert"
            case .critical: "critical"
            case .error: "error"
            case .warning: "warning"
            case .notice: "notice"
            case .information: "info"
            case .debug: "debug"
            }
        }
    }

    /// Longer lines are split by the logger. Most are far shorter; a stack frame of C++ fits.
    public static let lineLimit = 2048
    /// What a record can hold: each byte of a line may become a character of three (`LogText.clean`).
    public static let textLimit = 3 * lineLimit
    public static let serviceLimit = 64
    /// syslog(3)'s number for services; the kernel's messages carry their own (0: the kernel itself).
    public static let daemonFacility: UInt8 = 3

    public var head: LogHead
    /// `kernel` for kernel messages.
    public var service: String
    public var text: String

    public init(head: LogHead, service: String, text: String) {
        self.head = head
        self.service = service
        self.text = text
    }

    /// One JSON object without newline, for `amosctl log --json`.
    public var json: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("sequence", head.sequence)
        json.field("time", UTCTime(unixNanoseconds: head.unixNanoseconds).text)
        json.field("unix_ns", head.unixNanoseconds)
        json.field("boot_ns", head.bootNanoseconds)
        json.field("boot", head.boot)
        json.field("service", service)
        json.field("pid", head.process)
        json.field("level", head.level.name)
        json.field("facility", head.facility)
        if head.isUnfinished { json.field("unfinished", true) }
        if head.droppedLines > 0 { json.field("dropped", head.droppedLines) }
        json.field("text", text)
        json.endObject()
        return json.bytes
    }
}

/// What a record says besides its two texts.
public struct LogHead: Equatable, Sendable {
    /// Grows by one with every record; never starts over while a segment remains.
    public var sequence: UInt64 = 0
    /// CLOCK_REALTIME when the line arrived; wrong until the clock is set, which is why the next one is
    /// kept too.
    public var unixNanoseconds: UInt64 = 0
    /// CLOCK_BOOTTIME when the line arrived.
    public var bootNanoseconds: UInt64 = 0
    /// Counts the boots that have logged, from 1.
    public var boot: UInt32 = 0
    /// The service's main process when the line arrived; 0: not known, or it had ended.
    public var process: Int32 = 0
    public var level: LogRecord.Level = .information
    public var facility: UInt8 = LogRecord.daemonFacility
    /// The line had no end yet: it was too long, or nobody finished it in time. What followed is the
    /// service's next record.
    public var isUnfinished = false
    /// The record stands for this many lines that were not kept; 0: it is a line.
    public var droppedLines: UInt32 = 0

    public init() {}
}
