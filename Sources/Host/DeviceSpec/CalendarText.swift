import Services

/// Points in time as service files write them, after systemd.time(7): weekdays, date and time, each of which
/// may be left out, in UTC and to the minute.
///
///     hourly, daily, weekly, monthly          *:00      00:00      Mon 00:00      *-*-01 00:00
///     daily 03:30                             every day at half past three
///     Mon..Fri 03:30                          Sat,Sun 10:00
///     *-*-01 04:00                            the first of each month; the year is always *
///     *:00/15                                 every quarter of an hour; 8..18:30 each day from 8:30 to 18:30
///
/// A field is `*`, or numbers and ranges `a..b` with commas between them; `a/s` is a and every s-th after it.
struct CalendarText {
    struct Wrong: Error {
        let message: String
        let expected: String
    }

    static let weekdayNames = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let daysOfMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    private static let shape = "such as 'daily 03:30', 'Mon..Fri 08:00', '*-*-01 04:00' or 'hourly'"

    static func rule(_ text: String) throws(Wrong) -> CalendarRule {
        var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        switch words[0] {
        case "hourly": words[0] = "*:00"
        case "daily": words.removeFirst()
        case "weekly": words[0] = "Mon"
        case "monthly": words[0] = "*-*-01"
        default: break
        }
        var rule = CalendarRule(minutes: 1, hours: 1)
        // Weekdays begin with a letter, dates have a dash, times a colon; each may stand once, in this order.
        if let word = words.first, word.first?.isLetter == true {
            rule.weekdays = UInt8(try field(word, 0...6, "weekday", names: weekdayNames))
            words.removeFirst()
        }
        if let word = words.first, word.contains("-") {
            try readDate(word, into: &rule)
            words.removeFirst()
        }
        if let word = words.first, word.contains(":") {
            let parts = word.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
            guard parts.count == 2 else {
                throw Wrong(message: "'\(word)' is not a time", expected: "hours and minutes such as 03:30")
            }
            rule.hours = UInt32(try field(parts[0], 0...23, "hour"))
            rule.minutes = try field(parts[1], 0...59, "minute")
            words.removeFirst()
        }
        if let word = words.first {
            throw Wrong(message: "'\(word)' is no part of a point in time", expected: "one \(shape)")
        }
        try checkFires(rule)
        return rule
    }

    private static func readDate(_ word: String, into rule: inout CalendarRule) throws(Wrong) {
        let parts = word.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, parts[0] == "*" else {
            throw Wrong(
                message: "'\(word)' is not a date that returns", expected: "*-MONTH-DAY such as *-*-01")
        }
        rule.months = UInt16(try field(parts[1], 1...12, "month"))
        rule.daysOfMonth = UInt32(try field(parts[2], 1...31, "day"))
    }

    private static func field(
        _ text: String, _ range: ClosedRange<Int>, _ what: String, names: [String] = []
    ) throws(Wrong) -> UInt64 {
        if text == "*" { return bits(range, step: 1) }
        var mask: UInt64 = 0
        for item in text.split(separator: ",", omittingEmptySubsequences: false) {
            let stepped = item.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
            let ends = stepped[0].components(between: "..")
            let numbers = try ends.map { end throws(Wrong) in try number(end, range, what, names) }
            guard numbers.count <= 2, stepped.count <= 2, numbers.count == 1 || stepped.count == 1 else {
                throw wrong(String(item), range, what, names)
            }
            var step = 1
            if stepped.count == 2 {
                guard let value = Int(stepped[1]), names.isEmpty, (1...range.upperBound).contains(value)
                else {
                    throw wrong(String(item), range, what, names)
                }
                step = value
            }
            let last = numbers.count == 2 ? numbers[1] : stepped.count == 2 ? range.upperBound : numbers[0]
            if last < numbers[0], !names.isEmpty {
                // Fri..Mon goes over the end of the week.
                mask |= bits(numbers[0]...range.upperBound, step: 1) | bits(range.lowerBound...last, step: 1)
            } else if last < numbers[0] {
                throw Wrong(message: "'\(item)' goes backwards", expected: "the smaller \(what) first")
            } else {
                mask |= bits(numbers[0]...last, step: step)
            }
        }
        return mask
    }

    private static func number(
        _ text: String, _ range: ClosedRange<Int>, _ what: String, _ names: [String]
    ) throws(Wrong) -> Int {
        if !names.isEmpty {
            if let index = names.firstIndex(of: text) { return index }
        } else if let value = Int(text), text.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 }),
            range.contains(value),
            text.utf8.count <= 2
        {
            return value
        }
        throw wrong(text, range, what, names)
    }

    private static func wrong(
        _ text: String, _ range: ClosedRange<Int>, _ what: String, _ names: [String]
    ) -> Wrong {
        let values =
            names.isEmpty ? "\(range.lowerBound) to \(range.upperBound)" : names.joined(separator: ", ")
        return Wrong(
            message: "'\(text)' is not a \(what)",
            expected: names.isEmpty
                ? "\(values), a range a..b, or a/STEP" : "\(values), or a point in time \(shape)")
    }

    private static func bits(_ range: ClosedRange<Int>, step: Int) -> UInt64 {
        stride(from: range.lowerBound, through: range.upperBound, by: step).reduce(0) { $0 | 1 << UInt64($1) }
    }

    /// The 31st of February would never come.
    private static func checkFires(_ rule: CalendarRule) throws(Wrong) {
        for month in 1...12 where rule.months >> month & 1 == 1 {
            for day in 1...daysOfMonths[month - 1] where rule.daysOfMonth >> UInt32(day) & 1 == 1 { return }
        }
        throw Wrong(message: "this day never comes", expected: "a day that one of these months has")
    }
}

extension String {
    fileprivate func components(between separator: String) -> [String] {
        var parts: [String] = []
        var rest = Substring(self)
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return parts + [String(rest)]
    }
}
