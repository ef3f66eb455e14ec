import Glibc

/// The app's lines in the handset's log, each with how much it matters.
///
///     Log.info("synchronised \(count) notes")
///     Log.error("cannot read the notes: \(error)")
///
/// `amos log DEVICE` shows them, and so do `adb logcat` and `amosctl log`. On a terminal they are plain
/// lines. Nothing is buffered: what was logged before a crash is there afterwards.
public enum Log {
    /// As in syslog(3); the raw value is its number there.
    public enum Level: Int32, Sendable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7

        var name: String {
            switch self {
            case .error: "error"
            case .warning: "warning"
            case .notice: "notice"
            case .info: "info"
            case .debug: "debug"
            }
        }
    }

    /// Something that was asked for could not be done.
    public static func error(_ message: String) { write(message, .error) }

    /// Something is wrong, and the app goes on.
    public static func warning(_ message: String) { write(message, .warning) }

    /// Rare, normal, and worth finding later.
    public static func notice(_ message: String) { write(message, .notice) }

    /// What the app does.
    public static func info(_ message: String) { write(message, .info) }

    /// What only its developer wants to know.
    public static func debug(_ message: String) { write(message, .debug) }

    /// The log's own limit of a record; longer lines are cut there, not here.
    private static let lineCapacity = 2048

    /// Each line of the message becomes a record, `<6>text` on standard error (sd-daemon(3)), in one call, so
    /// that lines of several threads do not mix.
    public static func write(_ message: String, _ level: Level) {
        let start = isatty(STDERR_FILENO) == 1 ? level.name + ": " : "<" + String(level.rawValue) + ">"
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lineCapacity)
        bytes.append(contentsOf: start.utf8)
        // A break at the end means no further line.
        let text = message.utf8.last == newline ? message.utf8.dropLast() : message.utf8[...]
        for byte in text {
            bytes.append(byte)
            if byte == newline { bytes.append(contentsOf: start.utf8) }
        }
        bytes.append(newline)
        // Nobody may be listening: then there is nobody to tell.
        _ = Descriptor.write(bytes, to: STDERR_FILENO)
    }

    private static let newline = UInt8(ascii: "\n")
}
