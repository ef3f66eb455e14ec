import LinuxSystem
import Services
import Wire

/// Timers of services, as far as the plan has any.
final class Timers {
    struct Entry {
        let service: Int
        var schedule: TimerSchedule
    }

    var entries: [Entry] = []
    fileprivate let clock: ClockTimer

    init() throws(SystemCallError) { clock = try ClockTimer() }
}

extension Supervision {
    /// 2025: earlier than this software, later than what amos-clockd sets where no clock is to be had. Before
    /// that the wall clock counts as not set.
    static let earliestUnixSeconds: Int64 = 1_735_689_600

    /// Before the first service starts, and again after a reload, with the services' former numbers (−1:
    /// new): timers that are still there go on.
    func prepareTimers(former: [Int32] = []) {
        let services = supervisor.plan.services
        guard services.contains(where: { !$0.activation.timers.isEmpty }) else {
            timers = nil
            return
        }
        do throws(SystemCallError) {
            if timers == nil {
                let new = try Timers()
                try epoll.add(new.clock.descriptor, tag: Self.tag(.timer, 0))
                timers = new
            }
            timers?.entries = entries(of: services, state.readTimers(), former)
            setTimer()
        } catch {
            Log.say(.error, "timers: " + error.description)
        }
    }

    private func entries(
        of services: [ServiceDefinition], _ records: TimerRecords, _ former: [Int32]
    ) -> [Timers.Entry] {
        var entries: [Timers.Entry] = []
        for (index, service) in services.enumerated() {
            let before = index < former.count ? Int(former[index]) : -1
            for timer in service.activation.timers {
                let running = timers?.entries.first { $0.service == before && $0.schedule.timer == timer }
                let last = records.lastRun(of: service.name, timer)
                let new = TimerSchedule(
                    timer, bootMilliseconds: startMilliseconds, lastRunSeconds: last, random: randomNumber())
                entries.append(Timers.Entry(service: index, schedule: running?.schedule ?? new))
            }
        }
        return entries
    }

    /// Time has passed, or the clock was set.
    func takeTimers() {
        guard let timers else { return }
        timers.clock.acknowledge()
        let now = Self.instant
        var (due, isKept): ([Int], Bool) = ([], false)
        for index in timers.entries.indices {
            guard timers.entries[index].schedule.takeDue(now, random: randomNumber()) else { continue }
            let service = timers.entries[index].service
            if resources[service].isArmed { due.append(service) }
            if timers.entries[index].schedule.timer.catchesUp { isKept = true }
        }
        if isKept { keepTimers() }
        setTimer()
        for service in due { handle(.triggered(service: service)) }
    }

    private func keepTimers() {
        guard let timers else { return }
        var records = TimerRecords()
        for entry in timers.entries where entry.schedule.timer.catchesUp {
            guard let last = entry.schedule.lastRunSeconds else { continue }
            let name = supervisor.plan.services[entry.service].name
            let checksum = entry.schedule.timer.scheduleChecksum
            records.add(TimerRecords.Entry(service: name, schedule: checksum, lastRunSeconds: last))
        }
        state.keep("timers", records.encode())
    }

    func setTimer() {
        guard let timers else { return }
        let now = Self.instant
        var wait: UInt64?
        for index in timers.entries.indices {
            guard let one = timers.entries[index].schedule.millisecondsUntilDue(now) else { continue }
            wait = min(wait ?? one, one)
        }
        // A day at most: the boot clock's deadlines are put into the wall clock, whose pace may be adjusted.
        let time = wait.map { WallClock.unixNanoseconds + Int64(min($0, 86_400_000)) * 1_000_000 }
        do throws(SystemCallError) {
            try timers.clock.wake(atUnixNanoseconds: time)
        } catch {
            Log.say(.error, "timers: " + error.description)
        }
    }

    private static var instant: TimerSchedule.Instant {
        let unix = WallClock.unixNanoseconds / 1_000_000
        return TimerSchedule.Instant(
            bootMilliseconds: Clock.bootMilliseconds,
            unixMilliseconds: unix >= earliestUnixSeconds * 1_000 ? unix : nil)
    }

    private func randomNumber() -> UInt64 {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
    }
}
