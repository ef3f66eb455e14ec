/// A point in time by the calendar, in UTC, for people.
public struct UTCTime: Equatable, Sendable {
    public var year: UInt64
    public var month: UInt64
    public var day: UInt64
    /// Since midnight.
    public var nanosecond: UInt64

    private static let dayNanoseconds: UInt64 = 86_400_000_000_000
    private static let epochYear: UInt64 = 1970

    public init(unixNanoseconds: UInt64) {
        nanosecond = unixNanoseconds % Self.dayNanoseconds
        // A 64-bit time in nanoseconds ends in 2554: walking through its years is short.
        var days = unixNanoseconds / Self.dayNanoseconds
        year = Self.epochYear
        while days >= Self.days(in: year) {
            days -= Self.days(in: year)
            year += 1
        }
        month = 1
        while days >= Self.days(in: month, of: year) {
            days -= Self.days(in: month, of: year)
            month += 1
        }
        day = days + 1
    }

    /// nil: there is no such day or time.
    public init?(year: UInt64, month: UInt64, day: UInt64, hour: UInt64, minute: UInt64, second: UInt64) {
        guard year >= Self.epochYear, year < 2500, month >= 1, month <= 12, day >= 1,
            day <= Self.days(in: month, of: year), hour < 24, minute < 60, second < 60
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        nanosecond = ((hour * 60 + minute) * 60 + second) * 1_000_000_000
    }

    public var unixNanoseconds: UInt64 {
        var days = day - 1
        for earlier in Self.epochYear..<max(year, Self.epochYear) { days += Self.days(in: earlier) }
        for earlier in 1..<month { days += Self.days(in: earlier, of: year) }
        return days * Self.dayNanoseconds + nanosecond
    }

    /// `2026-11-20T10:00:00.123456Z` (ISO 8601)
    public var text: String {
        let seconds = nanosecond / 1_000_000_000
        let date = Self.digits(year, 4) + "-" + Self.digits(month, 2) + "-" + Self.digits(day, 2)
        let time =
            Self.digits(seconds / 3600, 2) + ":" + Self.digits(seconds / 60 % 60, 2) + ":"
            + Self.digits(seconds % 60, 2)
        return date + "T" + time + "." + Self.digits(nanosecond / 1000 % 1_000_000, 6) + "Z"
    }

    private static func digits(_ value: UInt64, _ count: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }

    private static func isLeap(_ year: UInt64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    private static func days(in year: UInt64) -> UInt64 { isLeap(year) ? 366 : 365 }

    private static func days(in month: UInt64, of year: UInt64) -> UInt64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// What a person means by "since".
public enum LogTime: Equatable, Sendable {
    /// From the beginning of this boot.
    case boot
    case unixNanoseconds(UInt64)

    /// `boot`, `10 min` (ago), `2026-11-20`, `2026-11-20 10:00`, `2026-11-20T10:00:30Z`, `10:00` (today); in
    /// UTC. nil: none of these.
    public init?(_ text: String, now: UInt64) {
        if UTF8Text.equal(text, "boot") {
            self = .boot
            return
        }
        var rest = Array(text.utf8)[...]
        if rest.last == UInt8(ascii: "Z") { rest.removeLast() }
        var numbers: [UInt64] = []
        var separators: [UInt8] = []
        while let number = Self.takeNumber(&rest) {
            numbers.append(number)
            guard let next = rest.first, next == 0x20 || !Self.isLetter(next) || next == UInt8(ascii: "T")
            else {
                break
            }
            // A unit follows, not a time of day.
            if next == 0x20, rest.count > 1, Self.isLetter(rest[rest.startIndex + 1]) { break }
            separators.append(rest.removeFirst())
        }
        if numbers.count == 1, separators.isEmpty, let unit = Self.unit(rest) {
            let (span, overflow) = numbers[0].multipliedReportingOverflow(by: unit)
            guard !overflow else { return nil }
            self = .unixNanoseconds(now - min(now, span))
            return
        }
        guard rest.isEmpty, let time = Self.time(numbers, separators, now) else { return nil }
        self = .unixNanoseconds(time)
    }

    private static func time(_ numbers: [UInt64], _ separators: [UInt8], _ now: UInt64) -> UInt64? {
        var date = UTCTime(unixNanoseconds: now)
        var numbers = numbers[...]
        var separators = separators[...]
        if separators.first == UInt8(ascii: "-") {
            guard numbers.count >= 3, separators.starts(with: "--".utf8) else { return nil }
            (date.year, date.month, date.day) = (
                numbers.removeFirst(), numbers.removeFirst(), numbers.removeFirst()
            )
            separators = separators.dropFirst(2)
            if let next = separators.popFirst() {
                guard next == UInt8(ascii: "T") || next == 0x20, numbers.count >= 2 else { return nil }
            }
        } else if numbers.count < 2 {
            return nil
        }
        guard numbers.count <= 3, separators.count == max(0, numbers.count - 1),
            separators.allSatisfy({ $0 == UInt8(ascii: ":") })
        else { return nil }
        var clock: [UInt64] = [0, 0, 0]
        for (index, number) in numbers.enumerated() { clock[index] = number }
        return UTCTime(
            year: date.year, month: date.month, day: date.day, hour: clock[0], minute: clock[1],
            second: clock[2])?.unixNanoseconds
    }

    private static func takeNumber(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
        let digits = rest.prefix { $0 >= 0x30 && $0 <= 0x39 }.prefix(10)
        rest = rest.dropFirst(digits.count)
        return Decimal.number(digits)
    }

    private static func isLetter(_ byte: UInt8) -> Bool { byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a }

    /// In nanoseconds; `rest` may end in " ago".
    private static func unit(_ rest: ArraySlice<UInt8>) -> UInt64? {
        let words = rest.split(separator: 0x20)
        guard let word = words.first,
            words.count == 1 || words.count == 2 && words[1].elementsEqual("ago".utf8)
        else { return nil }
        let units: [(String, UInt64)] = [
            ("s", 1), ("sec", 1), ("second", 1), ("seconds", 1), ("min", 60), ("minute", 60), ("minutes", 60),
            ("h", 3600), ("hour", 3600), ("hours", 3600), ("d", 86_400), ("day", 86_400), ("days", 86_400),
        ]
        for (name, seconds) in units where word.elementsEqual(name.utf8) { return seconds * 1_000_000_000 }
        return nil
    }
}
