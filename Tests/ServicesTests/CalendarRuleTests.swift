import Foundation
import Testing

@testable import Services

struct CalendarRuleTests {
    /// The C library's calendar is the referee: every minute is asked, one after the other.
    private func bruteForce(_ rule: CalendarRule, after seconds: Int64, minutes: Int) -> Int64? {
        var time = Int((Double(seconds) / 60).rounded(.down)) * 60 + 60
        for _ in 0..<minutes {
            var date = tm()
            gmtime_r(&time, &date)
            if rule.minutes >> UInt64(date.tm_min) & 1 == 1, rule.hours >> UInt32(date.tm_hour) & 1 == 1,
                rule.daysOfMonth >> UInt32(date.tm_mday) & 1 == 1,
                rule.months >> UInt16(date.tm_mon + 1) & 1 == 1, rule.weekdays >> UInt8(date.tm_wday) & 1 == 1
            {
                return Int64(time)
            }
            time += 60
        }
        return nil
    }

    private func seconds(_ year: Int, _ month: Int, _ day: Int, _ hour: Int = 0, _ minute: Int = 0) -> Int64 {
        var date = tm()
        date.tm_year = Int32(year - 1900)
        date.tm_mon = Int32(month - 1)
        date.tm_mday = Int32(day)
        date.tm_hour = Int32(hour)
        date.tm_min = Int32(minute)
        return Int64(timegm(&date))
    }

    @Test(arguments: 0..<40)
    func agreesWithTheCLibraryMinuteByMinute(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let firstDays: [Int64] = [seconds(2027, 12, 31), seconds(2028, 2, 27), seconds(2100, 2, 27), -86_400]
        for start in firstDays {
            // Sparse rules, but met within some days.
            var rule = CalendarRule(minutes: 0, hours: 0)
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                rule.minutes |= 1 << UInt64.random(in: 0..<60, using: &random)
            }
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                rule.hours |= 1 << UInt32.random(in: 0..<24, using: &random)
            }
            if Bool.random(using: &random) { rule.weekdays = UInt8.random(in: 1..<128, using: &random) }
            if Bool.random(using: &random) {
                rule.daysOfMonth = UInt32.random(in: 0...UInt32.max, using: &random) & 0xffff_fffe | 2
            }
            var time = start + Int64.random(in: 0..<86_400, using: &random)
            for _ in 0..<4 {
                let limit = 40 * 1_440
                guard let expected = bruteForce(rule, after: time, minutes: limit) else {
                    #expect((rule.next(after: time) ?? Int64.max) > time + Int64(limit) * 60)
                    break
                }
                #expect(rule.next(after: time) == expected, "\(rule) after \(time)")
                time = expected
            }
        }
    }

    @Test func knownAnswers() {
        let daily = CalendarRule(minutes: 1 << 30, hours: 1 << 3)
        #expect(daily.next(after: seconds(2026, 2, 28, 3, 29)) == seconds(2026, 2, 28, 3, 30))
        #expect(daily.next(after: seconds(2026, 2, 28, 3, 30)) == seconds(2026, 3, 1, 3, 30))
        #expect(daily.next(after: seconds(2028, 2, 28, 3, 30)) == seconds(2028, 2, 29, 3, 30))
        #expect(daily.next(after: seconds(2026, 2, 28, 3, 30) - 1) == seconds(2026, 2, 28, 3, 30))
        var leapDay = CalendarRule(minutes: 1, hours: 1, daysOfMonth: 1 << 29, months: 1 << 2)
        #expect(leapDay.next(after: seconds(2026, 1, 1)) == seconds(2028, 2, 29))
        // 2100 is no leap year, 2000 was one.
        #expect(leapDay.next(after: seconds(2096, 3, 1)) == seconds(2104, 2, 29))
        #expect(leapDay.next(after: seconds(1996, 3, 1)) == seconds(2000, 2, 29))
        leapDay.weekdays = 1 << 0
        #expect(leapDay.next(after: seconds(2026, 1, 1)) == seconds(2032, 2, 29))
        // On a Sunday: the longest wait that there is, over 2100.
        #expect(leapDay.next(after: seconds(2088, 3, 1)) == seconds(2128, 2, 29))
        let everyMinute = CalendarRule(minutes: 1 << 60 - 1, hours: 1 << 24 - 1)
        #expect(everyMinute.next(after: seconds(2026, 12, 31, 23, 59)) == seconds(2027, 1, 1))
        #expect(everyMinute.next(after: -1) == 0)
        #expect(everyMinute.next(after: -60) == 0)
        let fridays = CalendarRule(minutes: 1, hours: 1 << 12, daysOfMonth: 1 << 13, weekdays: 1 << 5)
        #expect(fridays.next(after: seconds(2026, 1, 1)) == seconds(2026, 2, 13, 12))
    }

    @Test func aRuleThatIsNeverMetHasNoNextTime() {
        for (day, month) in [(30, 2), (31, 2), (31, 4), (31, 6), (31, 9), (31, 11)] {
            let rule = CalendarRule(
                minutes: 1, hours: 1, daysOfMonth: 1 << UInt32(day), months: 1 << UInt16(month))
            #expect(rule.next(after: seconds(2026, 1, 1)) == nil)
        }
        let now = seconds(2026, 1, 1)
        #expect(CalendarRule(minutes: 0, hours: 1).next(after: now) == nil)
        #expect(CalendarRule(minutes: 1 << 60, hours: 1).next(after: now) == nil)
        #expect(CalendarRule(minutes: 1, hours: 1 << 24).next(after: now) == nil)
        #expect(CalendarRule(minutes: 1, hours: 1, daysOfMonth: 1).next(after: now) == nil)
        #expect(CalendarRule(minutes: 1, hours: 1, months: 1 << 13 | 1).next(after: now) == nil)
        #expect(CalendarRule(minutes: 1, hours: 1, weekdays: 1 << 7).next(after: now) == nil)
        let always = CalendarRule(minutes: 1, hours: 1)
        #expect(always.next(after: Int64.max) == nil && always.next(after: Int64.min) == nil)
    }

    @Test func datesAgreeWithTheCLibrary() {
        for day in stride(from: Int64(-200_000), to: 400_000, by: 13) {
            var time = Int(day) * 86_400
            var date = tm()
            gmtime_r(&time, &date)
            let expected = CalendarRule.Date(
                year: Int64(date.tm_year) + 1900, month: Int64(date.tm_mon) + 1, day: Int64(date.tm_mday))
            #expect(CalendarRule.date(ofDay: day) == expected)
        }
    }
}

/// xorshift: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_f491_4f6c_dd1d
    }
}
