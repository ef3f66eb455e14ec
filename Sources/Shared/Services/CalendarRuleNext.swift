/// When a calendar rule is next met: civil time in the proleptic Gregorian calendar, UTC, without leap
/// seconds (as Unix time has it).
extension CalendarRule {
    static let minutesPerDay: Int64 = 1_440
    static let secondsPerDay: Int64 = 86_400
    /// The calendar, weekdays included, repeats after exactly this many years (146,097 days are 20,871
    /// weeks): what is not found within them never comes.
    static let cycleYears: Int64 = 400
    /// ±35,000 years: no sum below overflows.
    static let secondsLimit: Int64 = 1 << 40

    /// The first point in time after `seconds` (since 1970) that the rule names; nil: there is none.
    public func next(after seconds: Int64) -> Int64? {
        guard seconds < Self.secondsLimit, seconds > -Self.secondsLimit, canBeMet else { return nil }
        let first = Self.floor(seconds, 60) + 1
        let firstDay = Self.floor(first, Self.minutesPerDay)
        let date = Self.date(ofDay: firstDay)
        if isMet(date.month), isMet(day: date.day, firstDay),
            let minute = nextMinute(first - firstDay * Self.minutesPerDay)
        {
            return firstDay * Self.secondsPerDay + minute * 60
        }
        guard let minute = nextMinute(0), let day = nextDay(after: date) else { return nil }
        return day * Self.secondsPerDay + minute * 60
    }

    private var canBeMet: Bool {
        minutes & (1 << 60 - 1) != 0 && hours & (1 << 24 - 1) != 0 && daysOfMonth & Self.everyDayOfMonth != 0
            && months & Self.everyMonth != 0 && weekdays & Self.everyWeekday != 0
    }

    private func isMet(_ month: Int64) -> Bool { months >> UInt16(month) & 1 == 1 }

    /// `number` counts from 1970-01-01, a Thursday.
    private func isMet(day: Int64, _ number: Int64) -> Bool {
        let weekday = number + 4 - Self.floor(number + 4, 7) * 7
        return daysOfMonth >> UInt32(day) & 1 == 1 && weekdays >> UInt8(weekday) & 1 == 1
    }

    /// The first minute of the day from `first` on.
    private func nextMinute(_ first: Int64) -> Int64? {
        var (hour, minute) = (first / 60, first % 60)
        while hour < 24 {
            if hours >> UInt32(hour) & 1 == 1 {
                while minute < 60 {
                    if minutes >> UInt64(minute) & 1 == 1 { return hour * 60 + minute }
                    minute += 1
                }
            }
            (hour, minute) = (hour + 1, 0)
        }
        return nil
    }

    private func nextDay(after date: Date) -> Int64? {
        var (year, month, day) = (date.year, date.month, date.day + 1)
        while year <= date.year + Self.cycleYears {
            if isMet(month) {
                let start = Self.daysBefore(year: year) + Self.daysBefore(month: month, year)
                while day <= Self.length(ofMonth: month, year) {
                    if isMet(day: day, start + day - 1) { return start + day - 1 }
                    day += 1
                }
            }
            day = 1
            month += 1
            if month > 12 { (year, month) = (year + 1, 1) }
        }
        return nil
    }

    struct Date: Equatable {
        var year: Int64
        var month: Int64
        var day: Int64
    }

    /// `day` counts from 1970-01-01.
    static func date(ofDay day: Int64) -> Date {
        // 400 years have 146,097 days, so the estimate is off by less than one year.
        var year = 1970 + floor(day * cycleYears, 146_097)
        while daysBefore(year: year) > day { year -= 1 }
        while daysBefore(year: year + 1) <= day { year += 1 }
        var rest = day - daysBefore(year: year)
        var month: Int64 = 1
        while rest >= length(ofMonth: month, year) {
            rest -= length(ofMonth: month, year)
            month += 1
        }
        return Date(year: year, month: month, day: rest + 1)
    }

    /// Days from 1970-01-01 to the first of January of `year`.
    private static func daysBefore(year: Int64) -> Int64 {
        let past = year - 1
        let leaps = floor(past, 4) - floor(past, 100) + floor(past, 400)
        // 477 leap years before 1970.
        return 365 * (year - 1970) + leaps - 477
    }

    private static func daysBefore(month: Int64, _ year: Int64) -> Int64 {
        var days: Int64 = 0
        var before: Int64 = 1
        while before < month {
            days += length(ofMonth: before, year)
            before += 1
        }
        return days
    }

    private static func length(ofMonth month: Int64, _ year: Int64) -> Int64 {
        switch month {
        case 2: isLeap(year) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func isLeap(_ year: Int64) -> Bool {
        year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
    }

    /// Rounds towards the past, as time before 1970 needs.
    static func floor(_ value: Int64, _ divisor: Int64) -> Int64 {
        value >= 0 ? value / divisor : -((-value + divisor - 1) / divisor)
    }
}
