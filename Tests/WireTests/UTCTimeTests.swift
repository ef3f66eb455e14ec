import Testing

@testable import Wire

@Suite struct UTCTimeTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (951_782_399, "2000-02-28T23:59:59.000000Z"),
        (951_782_400, "2000-02-29T00:00:00.000000Z"), (1_763_632_800, "2025-11-20T10:00:00.000000Z"),
        (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
    ])
    func datesAreThoseOfTheCalendar(_ seconds: UInt64, _ text: String) {
        let time = UTCTime(unixNanoseconds: seconds * 1_000_000_000)
        #expect(time.text == text && time.unixNanoseconds == seconds * 1_000_000_000)
    }

    @Test func everyDayComesAfterTheOneBefore() {
        for day in stride(from: UInt64(0), to: 200_000, by: 1) {
            let time = UTCTime(unixNanoseconds: day * 86_400_000_000_000 + 1)
            #expect(time.unixNanoseconds == day * 86_400_000_000_000 + 1)
        }
        #expect(UTCTime(unixNanoseconds: .max).year == 2554)
    }

    /// 2025-11-20 10:00 is the present.
    private static let now: UInt64 = 1_763_632_800_000_000_000

    @Test(arguments: [
        ("10 min", -600), ("10min", -600), ("10 minutes ago", -600), ("2 h", -7200), ("1 d", -86_400),
        ("30 s", -30), ("2025-11-20", -36_000), ("2025-11-20 09:59", -60), ("2025-11-20T09:59:30Z", -30),
        ("2025-11-20T09:59:30", -30), ("09:00", -3600), ("9:00:01", -3599), ("2025-11-21 00:00", 50_400),
    ])
    func peopleSaySince(_ text: String, _ seconds: Int64) {
        let expected = UInt64(Int64(Self.now) + seconds * 1_000_000_000)
        #expect(LogTime(text, now: Self.now) == .unixNanoseconds(expected))
    }

    @Test(arguments: [
        "", "10", "ten min", "10 parsecs", "10 min ahead", "2025-13-01", "2025-02-29", "2025-11-20 24:00",
        "2025-11", "2025-11-20-10", "10:60", "10:", "-5 min", "99999999999 d", "2025-11-20 10", "1:2:3:4",
        "boots",
    ])
    func whatIsNoTimeIsRefused(_ text: String) { #expect(LogTime(text, now: Self.now) == nil) }

    @Test func bootIsATime() { #expect(LogTime("boot", now: 0) == .boot) }
}
