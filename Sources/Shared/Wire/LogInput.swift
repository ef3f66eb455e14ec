/// Cuts a service's output into lines.
public enum LogLines {
    public struct Line: Equatable, Sendable {
        /// Without its end (LF, or CR LF).
        public var range: Range<Int>
        /// No end had come: it is too long, or `takesRest`.
        public var isUnfinished: Bool
    }

    /// The lines in `bytes`, in order, and how many bytes they take up; the rest waits for its end unless
    /// `takesRest`. A longer line than `LogRecord.lineLimit` is cut, between characters if it has any.
    public static func cut(_ bytes: Span<UInt8>, takesRest: Bool) -> (lines: [Line], consumed: Int) {
        var lines: [Line] = []
        var start = 0
        var next = 0
        while next < bytes.count {
            if bytes[next] == 0x0a {
                let hasReturn = next > start && bytes[next - 1] == 0x0d
                lines.append(Line(range: start..<(hasReturn ? next - 1 : next), isUnfinished: false))
                start = next + 1
            } else if next - start == LogRecord.lineLimit {
                let end = characterBoundary(before: next, in: bytes)
                lines.append(Line(range: start..<end, isUnfinished: true))
                start = end
            }
            next += 1
        }
        if takesRest, start < bytes.count {
            lines.append(Line(range: start..<bytes.count, isUnfinished: true))
            start = bytes.count
        }
        return (lines, start)
    }

    /// UTF-8 characters have at most three bytes after the first.
    private static func characterBoundary(before end: Int, in bytes: Span<UInt8>) -> Int {
        for step in 0..<4 where bytes[end - step] & 0xc0 != 0x80 { return end - step }
        return end
    }
}

/// What of a service's bytes is kept.
public enum LogText {
    /// NUL and what is not UTF-8 would confuse whoever reads the log, and could forge records.
    public static func clean(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        if !bytes.contains(0), (try? UTF8Span(validating: bytes.span)) != nil { return bytes }
        var clean: [UInt8] = []
        clean.reserveCapacity(bytes.count + 16)
        for byte in String(decoding: bytes, as: UTF8.self).utf8 {
            // U+2400, a picture of NUL.
            if byte == 0 { clean.append(contentsOf: [0xe2, 0x90, 0x80]) } else { clean.append(byte) }
        }
        return clean[...]
    }

    /// For a terminal, which would obey control characters: they become `\u{1b}`, except the tabulator.
    public static func appendVisible(_ text: String, to bytes: inout [UInt8]) {
        for character in text.unicodeScalars {
            let value = character.value
            if value == 9 || value >= 0x20 && value < 0x7f || value >= 0xa0 {
                bytes.append(contentsOf: String(character).utf8)
            } else {
                bytes.append(contentsOf: ("\\u{" + String(value, radix: 16) + "}").utf8)
            }
        }
    }
}

/// Per service: a burst, then a steady rate, so that one babbling service cannot push all others out of the
/// ring.
public struct RateLimit: Sendable {
    /// 0: no limit.
    public private(set) var linesPerSecond: UInt64
    public private(set) var burst: UInt64
    private var tokens: UInt64
    private var refilledAt: UInt64 = 0
    /// Lines dropped since the last one that passed.
    public private(set) var droppedCount: UInt32 = 0

    public init(linesPerSecond: UInt32, burst: UInt32) {
        self.linesPerSecond = UInt64(linesPerSecond)
        // A bucket that holds nothing would let nothing pass, ever.
        self.burst = UInt64(max(1, burst))
        tokens = self.burst
    }

    /// Other numbers from now on; what has been used up stays used up.
    public mutating func change(linesPerSecond: UInt32, burst: UInt32) {
        guard UInt64(linesPerSecond) != self.linesPerSecond || UInt64(max(1, burst)) != self.burst else {
            return
        }
        var changed = RateLimit(linesPerSecond: linesPerSecond, burst: burst)
        changed.droppedCount = droppedCount
        changed.refilledAt = refilledAt
        changed.tokens = min(tokens, changed.burst)
        self = changed
    }

    /// Whether a line may pass now.
    public mutating func admit(nanoseconds now: UInt64) -> Bool {
        guard linesPerSecond > 0 else { return true }
        if tokens == 0 { refill(now) }
        guard tokens > 0 else {
            if droppedCount < UInt32.max { droppedCount += 1 }
            return false
        }
        // A full bucket earns nothing: the time starts with the first line taken out of it.
        if tokens == burst { refilledAt = now }
        tokens -= 1
        return true
    }

    /// The number of dropped lines to report, once there is room for the report.
    public mutating func takeDropped(nanoseconds now: UInt64) -> UInt32? {
        guard droppedCount > 0 else { return nil }
        refill(now)
        guard tokens > 0 || linesPerSecond == 0 else { return nil }
        defer { droppedCount = 0 }
        return droppedCount
    }

    private mutating func refill(_ now: UInt64) {
        guard linesPerSecond > 0 else { return }
        let interval = max(1, 1_000_000_000 / linesPerSecond)
        let earned = (now - min(refilledAt, now)) / interval
        guard earned > 0 else { return }
        tokens = min(burst, tokens + min(burst, earned))
        refilledAt = now
    }
}

/// A message of /dev/kmsg: `priority,sequence,microseconds,flags;text`, then lines of ` KEY=value` that are
/// left out.
public struct KernelMessage: Equatable, Sendable {
    public var level: LogRecord.Level
    public var facility: UInt8
    public var sequence: UInt64
    public var bootNanoseconds: UInt64
    public var text: [UInt8]

    public init?(_ message: [UInt8]) {
        guard let semicolon = message.firstIndex(of: UInt8(ascii: ";")) else { return nil }
        let fields = message[..<semicolon].split(separator: UInt8(ascii: ","))
        guard fields.count >= 3, let priority = Decimal.number(fields[0]),
            let sequence = Decimal.number(fields[1]),
            let microseconds = Decimal.number(fields[2])
        else { return nil }
        level = LogRecord.Level(rawValue: UInt8(priority & 7)) ?? .information
        facility = UInt8(truncatingIfNeeded: priority >> 3)
        self.sequence = sequence
        bootNanoseconds = microseconds &* 1000
        text = Array(message[(semicolon + 1)...].prefix { $0 != 0x0a }.prefix(LogRecord.lineLimit))
    }
}

extension LogRecord.Level {
    /// sd-daemon(3): a line may begin with `<N>`; returns the level and what follows.
    public static func split(_ line: ArraySlice<UInt8>) -> (LogRecord.Level, ArraySlice<UInt8>) {
        let start = line.startIndex
        guard line.count >= 3, line[start] == UInt8(ascii: "<"), line[start + 2] == UInt8(ascii: ">"),
            line[start + 1] >= 0x30, let level = LogRecord.Level(rawValue: line[start + 1] - 0x30)
        else { return (.information, line) }
        return (level, line[(start + 3)...])
    }
}
