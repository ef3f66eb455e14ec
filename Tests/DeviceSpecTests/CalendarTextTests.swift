import Services
import Testing

@testable import DeviceSpec

@Suite struct CalendarTextTests {
    private static let everyMinute: UInt64 = (1 << 60) - 1
    private static let everyHour: UInt32 = (1 << 24) - 1

    @Test(arguments: [
        ("hourly", CalendarRule(minutes: 1, hours: everyHour)),
        ("daily", CalendarRule(minutes: 1, hours: 1)),
        ("daily 03:30", CalendarRule(minutes: 1 << 30, hours: 1 << 3)),
        ("03:30", CalendarRule(minutes: 1 << 30, hours: 1 << 3)),
        ("weekly", CalendarRule(minutes: 1, hours: 1, weekdays: 2)),
        ("weekly 12:00", CalendarRule(minutes: 1, hours: 1 << 12, weekdays: 2)),
        ("monthly", CalendarRule(minutes: 1, hours: 1, daysOfMonth: 2)),
        ("Mon..Fri 08:00", CalendarRule(minutes: 1, hours: 1 << 8, weekdays: 0b011_1110)),
        ("Fri..Mon", CalendarRule(minutes: 1, hours: 1, weekdays: 0b110_0011)),
        ("Sat,Sun *-*-1..7 10:05", CalendarRule(minutes: 32, hours: 1 << 10, daysOfMonth: 254, weekdays: 65)),
        ("*-01,07-31 04:00", CalendarRule(minutes: 1, hours: 16, daysOfMonth: 1 << 31, months: 130)),
        ("*:00/15", CalendarRule(minutes: 1 | 1 << 15 | 1 << 30 | 1 << 45, hours: everyHour)),
        ("8..10:*", CalendarRule(minutes: everyMinute, hours: 0b111 << 8)),
        ("*-02-29", CalendarRule(minutes: 1, hours: 1, daysOfMonth: 1 << 29, months: 4)),
    ])
    func reads(_ text: String, _ rule: CalendarRule) throws {
        #expect(try CalendarText.rule(text) == rule)
    }

    @Test(arguments: [
        ("Montag", "'Montag' is not a weekday"), ("mon 03:00", "'mon' is not a weekday"),
        ("24:00", "'24' is not a hour"), ("03:60", "'60' is not a minute"), ("3:30:00", "not a time"),
        ("2026-01-01", "not a date that returns"), ("*-13-01", "'13' is not a month"),
        ("*-*-00", "'00' is not a day"), ("*-02-30", "this day never comes"),
        ("*-04,06,09,11-31", "this day never comes"), ("10..8:00", "goes backwards"),
        ("03:30 Mon", "no part of a point in time"), ("daily daily", "not a weekday"), ("", "no part"),
        ("*:*/0", "is not a minute"), ("Mon/2", "is not a weekday"), ("1:1..2/3", "is not a minute"),
        ("+3:00", "is not a hour"), ("*:-5", "not a date"), ("Mon  03:00", "no part"),
    ])
    func refuses(_ text: String, _ message: String) {
        do {
            let rule = try CalendarText.rule(text)
            Issue.record("\(text) was read as \(rule)")
        } catch {
            #expect(error.message.contains(message), "\(error.message)")
            #expect(!error.expected.isEmpty)
        }
    }
}
