import Foundation
import Slots
import Wire

/// Follows a run: keeps its record, notices at once what went wrong, and ends the guest when it is time.
final class HandsetWatch: GuestObserver {
    /// Ordered shutdown has a budget of 8 s on the handset (`BootPlan.shutdownBudgetMilliseconds`); twice
    /// that, and a little for a slow host.
    private static let powerOffLimitSeconds = 20.0

    /// What a panicking kernel needs to print its registers and reset.
    private static let panicLimitSeconds = 5.0

    /// A press before the guest's driver listens is lost, so it is repeated until the guest has said that
    /// it goes.
    private static let pressAgainSeconds = 2.0

    /// A screen dump stops the guest for some milliseconds.
    private static let lookAgainSeconds = 0.5

    private enum Phase { case booting, poweringOff(since: Double, pressed: Double) }

    var record = HandsetRecord()
    var copiesConsole = false
    private let options: HandsetRun.Options
    private let hasDisplay: Bool
    private let folder: String
    private let start = HandsetWatch.now
    private let logDescriptor: Int32
    private var phase = Phase.booting
    private var hang: HangDetector
    private var failure: HandsetFailure?
    private var panicSeconds: Double?
    /// When the screen was looked at last.
    private var lookSeconds = -HandsetWatch.lookAgainSeconds

    init(_ options: HandsetRun.Options, hasDisplay: Bool, folder: String) {
        self.options = options
        self.hasDisplay = hasDisplay
        self.folder = folder
        hang = HangDetector(now: 0)
        logDescriptor =
            options.consoleLog.map { open($0, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644) } ?? -1
    }

    deinit { if logDescriptor >= 0 { close(logDescriptor) } }

    static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private var seconds: Double { Self.now - start }

    private var position: String { record.boots.last?.position ?? "" }

    func begin(_ slot: Slot) {
        record.boots.append(BootRecord(slot: slot, startSeconds: seconds))
        hang = HangDetector(now: seconds)
        record.console.beginBoot()
        panicSeconds = nil
    }

    /// Settles how a guest ended; true to load again.
    func end(_ exit: GuestExit, _ guest: Guest) -> Bool {
        record.boots[record.boots.count - 1].exit = exit
        record.malformedEvents += guest.malformedEvents
        if let failure {
            record.outcome = .failed(failure)
            return false
        }
        let boot = record.boots[record.boots.count - 1]
        switch exit {
        case .poweredOff:
            record.outcome = isDone ? .poweredOff : .failed(.poweredOffEarly(reason(of: boot)))
        case .stopped: record.outcome = .stopped
        case .interrupted(let signal): record.outcome = .interrupted(signal: signal)
        case .crashed(let message): record.outcome = .failed(.emulatorCrashed(message))
        case .reset:
            if case .bootAgain = options.afterReset, case .booting = phase { return true }
            record.outcome = .failed(.reset(reason(of: boot)))
        }
        return false
    }

    func finish() -> HandsetRecord {
        record.seconds = seconds
        return record
    }

    /// The best explanation there is, the guest's own first.
    private func reason(of boot: BootRecord) -> String {
        boot.reportedFailure ?? record.console.panic ?? boot.announcedShutdown.map { "asked for: \($0)" }
            ?? "without a report (corrupted system block, watchdog or a triple fault)"
    }

    private var isDone: Bool {
        if case .poweringOff = phase { return true }
        if case .untilPowerOff = options.goal { return true }
        return false
    }

    // MARK: GuestObserver

    func guest(_ guest: Guest, printed bytes: [UInt8]) {
        record.console.append(bytes)
        hang.progressed(at: seconds, processorSeconds: guest.processorSeconds)
        if logDescriptor >= 0 { Self.writeAll(bytes, to: logDescriptor) }
        if copiesConsole { Self.writeAll(bytes, to: 1) }
    }

    func guest(_ guest: Guest, reported event: TimedEvent) {
        let observed = ObservedEvent(seconds: seconds, timed: event)
        record.boots[record.boots.count - 1].events.append(observed)
        hang.progressed(at: seconds, processorSeconds: guest.processorSeconds)
        if event.event == .ready {
            hang.becameReady()
            record.boots[record.boots.count - 1].readyProcessorSeconds = guest.processorSeconds
        }
        options.onEvent?(observed)
    }

    func guestTicked(_ guest: Guest) {
        guard failure == nil else { return }
        let now = seconds
        record.seconds = now
        if let panic = record.console.panic { return panicked(panic, now, guest) }
        if let limit = options.timeoutSeconds, now > limit {
            return fail(.timedOut(seconds: Int(limit), position: position), guest)
        }
        switch phase {
        case .booting:
            // With a person at the console it is theirs to decide.
            if !copiesConsole, let found = hang.check(at: now, processorSeconds: guest.processorSeconds) {
                return fail(.hung(found, position: position), guest)
            }
            if let keys = options.typing?(record), !keys.isEmpty { guest.type(keys) }
            pursueGoal(now, guest)
        case .poweringOff(let since, let pressed):
            if now - pressed > Self.pressAgainSeconds, record.boots.last?.announcedShutdown == nil {
                phase = .poweringOff(since: since, pressed: now)
                try? guest.pressPowerButton()
            }
            if now - since > Self.powerOffLimitSeconds {
                fail(.didNotPowerOff(seconds: Int(Self.powerOffLimitSeconds)), guest)
            }
        }
    }

    private func pursueGoal(_ now: Double, _ guest: Guest) {
        switch options.goal {
        case .untilPowerOff: break
        case .untilReached(let isReached):
            guard now - lookSeconds >= Self.lookAgainSeconds else { return }
            record.screen = nil
            guard isReached(record) else { return }
            lookSeconds = now
            takeScreenshot(guest)
            // Once more, with the screen: a display is drawn some time after the guest has written to it.
            guard isReached(record) else { return }
            phase = .poweringOff(since: now, pressed: now)
            try? guest.pressPowerButton()
        case .untilCut(let isReached):
            if isReached(record) { guest.stop() }
        }
    }

    /// A kernel that panics resets by itself (`panic=-1`), which is the loader's business; one that does
    /// not is over.
    private func panicked(_ panic: String, _ now: Double, _ guest: Guest) {
        let since = panicSeconds ?? now
        panicSeconds = since
        if case .fail = options.afterReset { return fail(.panicked(panic), guest) }
        if now - since > Self.panicLimitSeconds { fail(.panicked(panic), guest) }
    }

    private func fail(_ reason: HandsetFailure, _ guest: Guest) {
        failure = reason
        // A panicked guest may reset any moment, and QEMU 7.2 never answers a screen dump once it is about
        // to end.
        if case .booting = phase, record.console.panic == nil { takeScreenshot(guest) }
        guest.stop()
    }

    /// What is missing is a failed check later, not a reason to give up now.
    private func takeScreenshot(_ guest: Guest) {
        guard hasDisplay else { return }
        do throws(EmulatorError) {
            if let path = options.screenshot { try guest.screenshot(to: path) }
            let dump = folder + "/screen.ppm"
            try guest.screenshot(to: dump, format: "ppm")
            if let data = FileManager.default.contents(atPath: dump) {
                record.screen = Screen(ppm: [UInt8](data))
            }
        } catch {
            record.notes.append(error.description)
        }
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32) {
        var done = 0
        while done < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress! + done, bytes.count - done)
            }
            if count > 0 {
                done += count
            } else if errno == EAGAIN {
                var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                guard poll(&entry, 1, 1000) > 0 else { return }
            } else if errno != EINTR {
                return
            }
        }
    }
}
