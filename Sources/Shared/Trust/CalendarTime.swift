/// `2026-11-24T15:00:00Z`, the only form of a time that TUF has, and seconds since 1970.
public enum CalendarTime {
    /// nil: written otherwise, or no such time.
    public static func seconds(_ text: String) -> Int64? {
        let form = Array("dddd-dd-ddTdd:dd:ddZ".utf8)
        let bytes = Array(text.utf8)
        guard bytes.count == form.count else { return nil }
        var fields: [Int64] = [0]
        for (byte, expected) in zip(bytes, form) {
            if expected == UInt8(ascii: "d") {
                guard byte >= 0x30, byte <= 0x39 else { return nil }
                fields[fields.count - 1] = fields[fields.count - 1] * 10 + Int64(byte - 0x30)
            } else {
                guard byte == expected else { return nil }
                fields.append(0)
            }
        }
        let (year, month, day) = (fields[0], fields[1], fields[2])
        guard year >= 1, month >= 1, month <= 12, day >= 1, day <= dayCount(month, of: year),
            fields[3] < 24, fields[4] < 60, fields[5] < 60
        else { return nil }
        return ((daysSince1970(year, month, day) * 24 + fields[3]) * 60 + fields[4]) * 60 + fields[5]
    }

    /// Times before the year 1 or after 9999 are written as the nearest that can be.
    public static func text(_ seconds: Int64) -> String {
        let seconds = min(max(seconds, -62_135_596_800), 253_402_300_799)
        var day = (seconds - modulo(seconds, 86_400)) / 86_400
        // An estimate that is never too late, mended upwards.
        var year = max(1, 1970 + day / 366 - (day < 0 ? 6 : 0))
        while daysSince1970(year + 1, 1, 1) <= day { year += 1 }
        day -= daysSince1970(year, 1, 1)
        var month: Int64 = 1
        while day >= dayCount(month, of: year) {
            day -= dayCount(month, of: year)
            month += 1
        }
        let time = modulo(seconds, 86_400)
        return digits(year, 4) + "-" + digits(month, 2) + "-" + digits(day + 1, 2) + "T"
            + digits(time / 3600, 2) + ":" + digits(time / 60 % 60, 2) + ":" + digits(time % 60, 2) + "Z"
    }

    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let past = year - 1
        var days = past * 365 + past / 4 - past / 100 + past / 400 - 719_162
        for earlier in 1..<month { days += dayCount(earlier, of: year) }
        return days + day - 1
    }

    private static func dayCount(_ month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static func modulo(_ value: Int64, _ divisor: Int64) -> Int64 {
        let rest = value % divisor
        return rest < 0 ? rest + divisor : rest
    }

    private static func digits(_ value: Int64, _ count: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, count - digits.utf8.count)) + digits
    }
}
