import Wire

/// One timer of a service at work: a pure machine that is asked, at each wake-up, whether it is due, and
/// tells when to wake up next.
///
/// - `afterBoot` and `every` follow the boot clock, which nobody can set. `calendar` follows the wall clock,
///   and waits for as long as that has not been set.
/// - A timer is due once however many of its times have passed: while the handset was busy, suspended, or
///   (with
///   `catchesUp`) off, or because the clock was set forward over them.
/// - A clock that is set back by up to `repeatedTime` repeats that time: what has been run then is not run
///   again. Set back further, the clock was wrong before, and its times count anew: a timer that has run in
///   2038 must not wait for it.
/// - What comes due while the service runs anyway (its triggers are not armed) counts as run.
public struct TimerSchedule: Equatable, Sendable {
    /// What it is now, by both clocks.
    public struct Instant: Equatable, Sendable {
        public var bootMilliseconds: UInt64
        /// Since 1970; nil: the clock has not been set.
        public var unixMilliseconds: Int64?

        public init(bootMilliseconds: UInt64, unixMilliseconds: Int64?) {
            self.bootMilliseconds = bootMilliseconds
            self.unixMilliseconds = unixMilliseconds
        }
    }

    /// Beyond it no clock is right, and what says so is damage: the last second of the year 9999.
    public static let lastTimeSeconds: Int64 = 253_402_300_799

    /// Larger than any correction of a clock that was right before.
    public static let repeatedTimeSeconds: Int64 = 3_600

    public let timer: ServiceTimer
    /// When it last ran by the wall clock, in seconds since 1970. Kept over a boot if the timer catches up.
    public private(set) var lastRunSeconds: Int64?
    /// Due then by the boot clock (`afterBoot`, `every`); nil: never again.
    private var bootTarget: UInt64?
    /// The time by the calendar that comes next.
    private var calendarTarget: Int64?
    private var jitter: UInt64 = 0
    /// The wall clock when it was last looked at: it shows whether it has been set back.
    private var seenMilliseconds: Int64?
    /// The last run of an earlier boot has been compared with the clock.
    private var hasCaughtUp: Bool

    /// `bootMilliseconds` is when PID 1 began; `lastRunSeconds` comes from an earlier boot; `random` is any
    /// number, and each firing needs a new one.
    public init(_ timer: ServiceTimer, bootMilliseconds: UInt64, lastRunSeconds: Int64?, random: UInt64) {
        self.timer = timer
        let known = lastRunSeconds.flatMap { Self.isPossible($0) ? $0 : nil }
        self.lastRunSeconds = timer.catchesUp ? known : nil
        hasCaughtUp = !timer.catchesUp || known == nil
        chooseJitter(random)
        switch timer.schedule {
        case .afterBoot(let delay), .every(let delay):
            bootTarget = Self.sum(Self.sum(bootMilliseconds, delay), jitter)
        case .calendar: break
        }
    }

    private static func isPossible(_ seconds: Int64) -> Bool { seconds >= 0 && seconds <= lastTimeSeconds }

    private mutating func chooseJitter(_ random: UInt64) {
        jitter = random % (UInt64(timer.jitterMilliseconds) + 1)
    }

    /// Whether it is due. If it is, it has run with this answer, and waits for its next time.
    public mutating func takeDue(_ now: Instant, random: UInt64) -> Bool {
        follow(now)
        switch timer.schedule {
        case .afterBoot, .every:
            guard let target = bootTarget, target <= now.bootMilliseconds else { return false }
            lastRunSeconds = now.unixMilliseconds.map { CalendarRule.floor($0, 1_000) } ?? lastRunSeconds
            hasCaughtUp = true
            chooseJitter(random)
            if case .every(let interval) = timer.schedule {
                // Never 0: it would keep PID 1 busy.
                bootTarget = Self.sum(now.bootMilliseconds, Self.sum(max(1, interval), jitter))
            } else {
                bootTarget = nil
            }
        case .calendar(let rule):
            guard let wall = now.unixMilliseconds, let target = calendarTarget, dueMilliseconds <= wall
            else { return false }
            // Not the target itself: of several times that have passed, all have had their run.
            let seconds = CalendarRule.floor(wall, 1_000)
            lastRunSeconds = max(target, seconds)
            hasCaughtUp = true
            chooseJitter(random)
            calendarTarget = rule.next(after: max(target, seconds))
        }
        return true
    }

    /// How long until it should be looked at again; nil: nothing will come of it unless the clock is set.
    public mutating func millisecondsUntilDue(_ now: Instant) -> UInt64? {
        follow(now)
        switch timer.schedule {
        case .afterBoot, .every:
            guard let bootTarget else { return nil }
            return bootTarget > now.bootMilliseconds ? bootTarget - now.bootMilliseconds : 0
        case .calendar:
            guard let wall = now.unixMilliseconds, calendarTarget != nil else { return nil }
            return UInt64(max(0, dueMilliseconds - wall))
        }
    }

    private var dueMilliseconds: Int64 { (calendarTarget ?? 0) * 1_000 + Int64(jitter) }

    /// Draws the consequences of what the clocks show.
    private mutating func follow(_ now: Instant) {
        guard let wall = now.unixMilliseconds else { return }
        let seconds = CalendarRule.floor(wall, 1_000)
        guard Self.isPossible(seconds) else { return }
        if !hasCaughtUp { catchUp(now, seconds) }
        guard case .calendar(let rule) = timer.schedule else { return }
        let isFirst = seenMilliseconds == nil
        let wasSetBack = (seenMilliseconds ?? wall) > wall
        seenMilliseconds = wall
        guard isFirst || wasSetBack else { return }
        var reference = seconds
        if let last = lastRunSeconds, last <= seconds + Self.repeatedTimeSeconds {
            if last > seconds || (isFirst && timer.catchesUp) { reference = last }
        }
        guard let next = rule.next(after: reference) else { return }
        // What was waited for and has not come is still waited for, whatever the clock shows now.
        calendarTarget = min(calendarTarget ?? next, next)
    }

    /// Compares the last run of an earlier boot with the clock, as soon as there is one.
    private mutating func catchUp(_ now: Instant, _ seconds: Int64) {
        hasCaughtUp = true
        guard case .every(let interval) = timer.schedule, let last = lastRunSeconds, let target = bootTarget,
            last <= seconds
        else { return }
        let past = UInt64(seconds - last).multipliedReportingOverflow(by: 1_000)
        let rest = past.overflow || past.partialValue >= interval ? 0 : interval - past.partialValue
        bootTarget = min(target, Self.sum(now.bootMilliseconds, Self.sum(rest, jitter)))
    }

    private static func sum(_ one: UInt64, _ two: UInt64) -> UInt64 {
        let (sum, hasOverflown) = one.addingReportingOverflow(two)
        return hasOverflown ? UInt64.max : sum
    }
}

// Handed over by a PID 1 that executes itself anew.
extension TimerSchedule {
    /// u8 known (1 last run, 2 boot target, 4 calendar target, 8 seen, 16 caught up) | i64 last run
    /// | u64 boot target | i64 calendar target | u64 jitter | i64 seen
    public func encode(to writer: inout ByteWriter) {
        var known: UInt8 = hasCaughtUp ? 16 : 0
        if lastRunSeconds != nil { known |= 1 }
        if bootTarget != nil { known |= 2 }
        if calendarTarget != nil { known |= 4 }
        if seenMilliseconds != nil { known |= 8 }
        writer.write(known)
        writer.write(lastRunSeconds ?? 0)
        writer.write(bootTarget ?? 0)
        writer.write(calendarTarget ?? 0)
        writer.write(jitter)
        writer.write(seenMilliseconds ?? 0)
    }

    /// Goes on where `encode` left off.
    public mutating func restore(from reader: inout ByteReader) throws(WireError) {
        let known = try reader.readUInt8()
        let times = (
            last: try reader.readInt64(), boot: try reader.readUInt64(), calendar: try reader.readInt64(),
            jitter: try reader.readUInt64(), seen: try reader.readInt64()
        )
        hasCaughtUp = known & 16 != 0
        lastRunSeconds = known & 1 != 0 && Self.isPossible(times.last) ? times.last : nil
        bootTarget = known & 2 != 0 ? times.boot : nil
        calendarTarget = known & 4 != 0 && Self.isPossible(times.calendar) ? times.calendar : nil
        jitter = min(times.jitter, UInt64(timer.jitterMilliseconds))
        seenMilliseconds = known & 8 != 0 ? times.seen : nil
    }
}
