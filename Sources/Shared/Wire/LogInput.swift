/// Cuts a service's output into lines, however the bytes arrive.
public struct LineBuffer: Sendable {
    private var pending: [UInt8] = []

    public init() {}

    public var isEmpty: Bool { pending.isEmpty }

    /// Complete lines, without their end. A line longer than a record's text is cut into several.
    public mutating func append(_ bytes: [UInt8]) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for byte in bytes {
            if byte != 0x0a { pending.append(byte) }
            if byte == 0x0a || pending.count == LogRecord.textLimit { lines.append(take()) }
        }
        return lines
    }

    /// What has come of a line that nobody finishes: a prompt, the last words of a program.
    public mutating func take() -> [UInt8] {
        var line = pending
        pending.removeAll(keepingCapacity: true)
        if line.last == 0x0d { line.removeLast() }
        return line
    }
}

/// Per service: a burst, then a steady rate, so that one babbling service cannot push all others out of the
/// ring.
public struct RateLimit: Sendable {
    /// A start-up banner or a stack trace passes whole.
    public static let burst: UInt64 = 500
    public static let linesPerSecond: UInt64 = 100
    private static let nanosecondsPerLine: UInt64 = 1_000_000_000 / linesPerSecond

    private var tokens = RateLimit.burst
    private var refilledAt: UInt64 = 0
    /// Lines dropped since the last one that passed.
    public private(set) var droppedCount: UInt64 = 0

    public init() {}

    /// Whether a line may pass now.
    public mutating func admit(nanoseconds now: UInt64) -> Bool {
        refill(now)
        guard tokens > 0 else {
            droppedCount += 1
            return false
        }
        tokens -= 1
        return true
    }

    /// The number of dropped lines to report, once there is room for the report.
    public mutating func takeDropped(nanoseconds now: UInt64) -> UInt64? {
        refill(now)
        guard droppedCount > 0, tokens > 0 else { return nil }
        defer { droppedCount = 0 }
        return droppedCount
    }

    private mutating func refill(_ now: UInt64) {
        let earned = (now - min(refilledAt, now)) / Self.nanosecondsPerLine
        guard earned > 0 else { return }
        tokens = min(Self.burst, tokens + earned)
        refilledAt = now
    }
}

/// A message of /dev/kmsg: `priority,sequence,microseconds,flags;text`, then lines of ` KEY=value` that are
/// left out.
public struct KernelMessage: Equatable, Sendable {
    public var level: LogRecord.Level
    public var sequence: UInt64
    public var bootNanoseconds: UInt64
    public var text: [UInt8]

    public init?(_ message: [UInt8]) {
        guard let semicolon = message.firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let fields = message[..<semicolon].split(separator: UInt8(ascii: ","))
        guard fields.count >= 3, let priority = Self.number(fields[0]), let sequence = Self.number(fields[1]),
            let microseconds = Self.number(fields[2])
        else { return nil }
        level = LogRecord.Level(rawValue: UInt8(priority & 7)) ?? .information
        self.sequence = sequence
        bootNanoseconds = microseconds &* 1000
        text = Array(message[(semicolon + 1)...].prefix { $0 != 0x0a }.prefix(LogRecord.textLimit))
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for digit in digits {
            guard digit >= 0x30, digit <= 0x39 else { return nil }
            value = value &* 10 &+ UInt64(digit - 0x30)
        }
        return digits.isEmpty ? nil : value
    }
}

extension LogRecord.Level {
    /// sd-daemon(3): a line may begin with `<N>`; returns the level and what follows.
    public static func split(_ line: [UInt8]) -> (LogRecord.Level, [UInt8]) {
        guard line.count >= 3, line[0] == UInt8(ascii: "<"), line[2] == UInt8(ascii: ">"), line[1] >= 0x30,
            let level = LogRecord.Level(rawValue: line[1] - 0x30)
        else { return (.information, line) }
        return (level, Array(line[3...]))
    }
}
