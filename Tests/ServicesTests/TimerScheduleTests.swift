import Testing

@testable import Services

struct TimerScheduleTests {
    private static let day: Int64 = 86_400
    /// 2026-01-01 00:00 UTC, a Thursday.
    private static let start: Int64 = 1_767_225_600
    private let daily = ServiceTimer(.calendar(CalendarRule(minutes: 1, hours: 1 << 3)))

    private func instant(_ boot: UInt64, _ wall: Int64? = nil) -> TimerSchedule.Instant {
        TimerSchedule.Instant(bootMilliseconds: boot, unixMilliseconds: wall.map { $0 * 1_000 })
    }

    /// The machine as a reference: an expectation cannot change a value.
    private final class Running {
        var schedule: TimerSchedule

        init(_ schedule: TimerSchedule) { self.schedule = schedule }

        var lastRunSeconds: Int64? { schedule.lastRunSeconds }

        func takeDue(_ now: TimerSchedule.Instant, random: UInt64 = 0) -> Bool {
            schedule.takeDue(now, random: random)
        }

        func millisecondsUntilDue(_ now: TimerSchedule.Instant) -> UInt64? {
            schedule.millisecondsUntilDue(now)
        }
    }

    private func run(
        _ timer: ServiceTimer, last: Int64? = nil, boot: UInt64 = 0, random: UInt64 = 0
    ) -> Running {
        Running(TimerSchedule(timer, bootMilliseconds: boot, lastRunSeconds: last, random: random))
    }

    /// The file of last runs lies on `data`: its checksum is right whoever wrote it.
    @Test(arguments: [Int64.min, -1, TimerSchedule.lastTimeSeconds + 1, .max])
    func anImpossibleLastRunIsNone(_ last: Int64) {
        for schedule in [
            ServiceTimer.Schedule.every(milliseconds: 1_000), .calendar(.init(minutes: 1, hours: 1)),
        ] {
            var timer = ServiceTimer(schedule)
            timer.catchesUp = true
            var wrong = TimerSchedule(timer, bootMilliseconds: 0, lastRunSeconds: last, random: 0)
            var none = TimerSchedule(timer, bootMilliseconds: 0, lastRunSeconds: nil, random: 0)
            let now = TimerSchedule.Instant(bootMilliseconds: 10, unixMilliseconds: 1_800_000_000_000)
            #expect(wrong.millisecondsUntilDue(now) == none.millisecondsUntilDue(now))
            #expect(wrong.takeDue(now, random: 0) == none.takeDue(now, random: 0))
        }
    }

    @Test func afterBootRunsOnce() {
        let schedule = run(ServiceTimer(.afterBoot(milliseconds: 5_000)), boot: 100)
        #expect(schedule.millisecondsUntilDue(instant(100)) == 5_000)
        #expect(!schedule.takeDue(instant(5_099)))
        #expect(schedule.takeDue(instant(5_100)))
        #expect(!schedule.takeDue(instant(1_000_000)))
        #expect(schedule.millisecondsUntilDue(instant(1_000_000)) == nil)
    }

    @Test func everyCountsFromTheLastRun() {
        let schedule = run(ServiceTimer(.every(milliseconds: 1_000)))
        #expect(schedule.takeDue(instant(1_000)))
        // Busy for a long time: due once, not ten times.
        #expect(schedule.takeDue(instant(12_345)))
        #expect(!schedule.takeDue(instant(12_345)))
        #expect(schedule.millisecondsUntilDue(instant(12_345)) == 1_000)
        let tooFast = run(ServiceTimer(.every(milliseconds: 0)))
        #expect(tooFast.takeDue(instant(0)))
        #expect(tooFast.millisecondsUntilDue(instant(0)) == 1)
        let never = run(ServiceTimer(.every(milliseconds: UInt64.max)), boot: 7)
        #expect(!never.takeDue(instant(1 << 60)))
    }

    @Test func everyCatchesUpFromTheWallClock() {
        var timer = ServiceTimer(.every(milliseconds: 3_600_000))
        timer.catchesUp = true
        let now = Self.start
        // Ten minutes are left of its hour.
        let resumed = run(timer, last: now - 3_000)
        #expect(resumed.millisecondsUntilDue(instant(50, now)) == 600_000)
        // It was off for days: now.
        let late = run(timer, last: now - 3 * Self.day)
        #expect(late.takeDue(instant(50, now)))
        #expect(late.lastRunSeconds == now)
        #expect(late.millisecondsUntilDue(instant(50, now)) == 3_600_000)
        // Without a clock nobody knows how long it was off: the boot's hour holds, until there is one.
        let blind = run(timer, last: now - 3 * Self.day)
        #expect(blind.millisecondsUntilDue(instant(50)) == 3_599_950)
        #expect(blind.millisecondsUntilDue(instant(60, now)) == 0)
        // The last run lies in the future: the clock was wrong then.
        let future = run(timer, last: now + 5 * Self.day)
        #expect(future.millisecondsUntilDue(instant(50, now)) == 3_599_950)
    }

    @Test func theCalendarWaitsForAClock() {
        let schedule = run(daily)
        #expect(schedule.millisecondsUntilDue(instant(0)) == nil)
        #expect(!schedule.takeDue(instant(1 << 40)))
        #expect(schedule.millisecondsUntilDue(instant(0, Self.start)) == 3 * 3_600_000)
        #expect(!schedule.takeDue(instant(0, Self.start + 3 * 3_600 - 1)))
        #expect(schedule.takeDue(instant(0, Self.start + 3 * 3_600)))
        #expect(schedule.millisecondsUntilDue(instant(0, Self.start + 3 * 3_600)) == 86_400_000)
    }

    @Test func whatWasMissedWhileOffRunsOnceIfItShall() {
        var timer = daily
        timer.catchesUp = true
        let lastRun = Self.start + 3 * 3_600
        let now = lastRun + 5 * Self.day + 7_200
        let late = run(timer, last: lastRun)
        #expect(late.takeDue(instant(10, now)))
        #expect(!late.takeDue(instant(10, now)))
        #expect(late.millisecondsUntilDue(instant(10, now)) == UInt64(Self.day - 7_200) * 1_000)
        let onTime = run(timer, last: lastRun)
        #expect(!onTime.takeDue(instant(10, lastRun + 3_600)))
        // It never ran: nothing was missed.
        let new = run(timer)
        #expect(!new.takeDue(instant(10, now)))
        let careless = run(daily, last: lastRun)
        #expect(!careless.takeDue(instant(10, now)))
    }

    @Test func aClockSetForwardOverItMakesItDueOnce() {
        let schedule = run(daily)
        #expect(!schedule.takeDue(instant(0, Self.start)))
        let later = Self.start + 10 * Self.day + 12 * 3_600
        #expect(schedule.takeDue(instant(1, later)))
        #expect(!schedule.takeDue(instant(2, later + 1)))
        #expect(schedule.millisecondsUntilDue(instant(2, later)) == 15 * 3_600_000)
    }

    @Test func aClockSetBackNeitherRepeatsNorLoses() {
        let three = Self.start + 3 * 3_600
        let schedule = run(daily)
        #expect(!schedule.takeDue(instant(0, Self.start)))
        #expect(schedule.takeDue(instant(1, three + 5)))
        // Half an hour again: it has run.
        #expect(!schedule.takeDue(instant(2, three - 1_800)))
        #expect(!schedule.takeDue(instant(3, three + 10)))
        #expect(schedule.takeDue(instant(4, three + Self.day)))
        // Years: the clock was wrong, and tomorrow counts.
        #expect(!schedule.takeDue(instant(5, three - 4_000 * Self.day - 60)))
        #expect(schedule.takeDue(instant(6, three - 4_000 * Self.day)))
    }

    @Test func aWaitThatWasDelayedByJitterSurvivesASmallCorrection() {
        var timer = daily
        timer.jitterMilliseconds = 60_000
        let schedule = run(timer, random: 30_000)
        let three = Self.start + 3 * 3_600
        #expect(!schedule.takeDue(instant(0, three - 1)))
        #expect(!schedule.takeDue(instant(1, three + 10)))
        #expect(!schedule.takeDue(instant(2, three + 9)))
        #expect(schedule.millisecondsUntilDue(instant(2, three + 9)) == 21_000)
        #expect(schedule.takeDue(instant(3, three + 30)))
    }

    @Test(arguments: [0, 1, 59_999, 60_000, 60_001, UInt64.max])
    func jitterIsBounded(random: UInt64) {
        var timer = ServiceTimer(.every(milliseconds: 10))
        timer.jitterMilliseconds = 60_000
        let schedule = run(timer, random: random)
        let wait = schedule.millisecondsUntilDue(instant(0)) ?? 0
        #expect(wait >= 10 && wait <= 60_010)
        #expect(schedule.takeDue(instant(wait), random: random))
        let next = schedule.millisecondsUntilDue(instant(wait)) ?? 0
        #expect(next >= 10 && next <= 60_010)
    }

    /// A year of wake-ups at random times, the clock stepping about by up to half an hour: every time of the
    /// calendar has exactly one run, at or after it.
    @Test(arguments: 0..<50)
    func everyTimeHasExactlyOneRun(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed))
        let schedule = run(daily)
        var (boot, wall) = (UInt64(0), Self.start)
        var runs: [Int64] = []
        while wall < Self.start + 60 * Self.day {
            if schedule.takeDue(instant(boot, wall)) { runs.append(wall) }
            let step = Int64.random(in: 1..<7_200, using: &random)
            boot += UInt64(step) * 1_000
            wall += step
            if Int.random(in: 0..<4, using: &random) == 0 {
                wall += Int64.random(in: -1_800..<1_800, using: &random)
            }
        }
        if schedule.takeDue(instant(boot, wall)) { runs.append(wall) }
        #expect(runs.count >= 59 && runs.count <= 61, "seed \(seed)")
        // The days that the runs stand for, three o'clock being the border, follow each other.
        let days = runs.map { ($0 - Self.start - 3 * 3_600) / Self.day }
        #expect(days == Array(0..<Int64(days.count)), "seed \(seed): \(days)")
    }

    @Test func recordsSurviveTheirFileAndNothingElseDoes() throws {
        var records = TimerRecords()
        records.add(.init(service: "backup", schedule: daily.scheduleChecksum, lastRunSeconds: Self.start))
        records.add(.init(service: "café", schedule: 7, lastRunSeconds: -1))
        let bytes = records.encode()
        #expect(try TimerRecords(decoding: bytes.span) == records)
        #expect(records.lastRun(of: "backup", daily) == Self.start)
        #expect(records.lastRun(of: "backup", ServiceTimer(.every(milliseconds: 5))) == nil)
        #expect(records.lastRun(of: "backups", daily) == nil)
        for index in bytes.indices {
            var damaged = bytes
            damaged[index] ^= 1
            #expect(throws: (any Error).self) { _ = try TimerRecords(decoding: damaged.span) }
            let cut = Array(bytes[..<index])
            #expect(throws: (any Error).self) { _ = try TimerRecords(decoding: cut.span) }
        }
    }

    @Test func recordsAreBounded() throws {
        var records = TimerRecords()
        let name = String(repeating: "n", count: 200)
        for index in 0..<(TimerRecords.entryLimit + 5) {
            records.add(.init(service: name, schedule: UInt32(index), lastRunSeconds: 0))
        }
        #expect(records.entries.count == TimerRecords.entryLimit)
        #expect(records.encode().count < TimerRecords.sizeLimit)
    }
}
