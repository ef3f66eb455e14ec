import Slots
import Wire

/// An event and when the host saw it, in seconds since the run began.
public struct ObservedEvent: Sendable, Equatable {
    public let seconds: Double
    public let timed: TimedEvent

    public var event: BootEvent { timed.event }
}

/// One start of one slot.
public struct BootRecord: Sendable {
    public let slot: Slot
    /// Seconds from the beginning of the run to QEMU's start.
    public let startSeconds: Double
    public internal(set) var events: [ObservedEvent] = []
    public internal(set) var exit: GuestExit?
    /// Processor time that QEMU used up to `ready`.
    public internal(set) var readyProcessorSeconds: Double?

    public var isReady: Bool { events.contains { $0.event == .ready } }

    public var isHealthy: Bool {
        events.contains { if case .healthy = $0.event { true } else { false } }
    }

    /// What the guest itself said about its failure.
    public var reportedFailure: String? {
        for observed in events.reversed() {
            if case .failure(let what, let reason) = observed.event { return "\(what): \(reason)" }
        }
        return nil
    }

    /// What it was at, for a boot that got stuck.
    public var position: String {
        var starting: [String] = []
        var stage: String?
        for observed in events {
            switch observed.event {
            case .stage(let name): stage = name
            case .service(let name, let state, _, _):
                starting.removeAll { $0 == name }
                if state == .starting { starting.append(name) }
            default: break
            }
        }
        if !starting.isEmpty { return "starting \(starting.joined(separator: ", "))" }
        if let stage { return "after \(stage)" }
        return "in the kernel: the handset reported nothing"
    }

    /// Somebody asked for the end of this boot.
    public var announcedShutdown: String? {
        for observed in events.reversed() {
            if case .shutdown(let reason) = observed.event { return reason }
        }
        return nil
    }
}

/// Everything that one run of a handset left to look at.
public struct HandsetRecord: Sendable {
    public internal(set) var boots: [BootRecord] = []
    public internal(set) var console = ConsoleLog()
    /// From the loader, for people.
    public internal(set) var notes: [String] = []
    /// Lines on the event port that are no events.
    public internal(set) var malformedEvents: [String] = []
    /// At the goal, or at the failure.
    public internal(set) var screen: Screen?
    public internal(set) var outcome = HandsetOutcome.stopped
    /// How long it has been running, or ran.
    public internal(set) var seconds = 0.0

    public init() {}

    public var events: [ObservedEvent] { boots.flatMap(\.events) }
}

public enum HandsetOutcome: Equatable, Sendable {
    /// What was asked for was reached, and the handset powered off in order.
    case poweredOff
    /// The person ended the emulator.
    case stopped
    case interrupted(signal: Int32)
    case failed(HandsetFailure)
}

/// Why a handset did not do what was asked.
public enum HandsetFailure: Equatable, Sendable, CustomStringConvertible {
    case panicked(String)
    case reset(String)
    case hung(HangDetector.Hang, position: String)
    case emulatorCrashed(String)
    /// The loader found nothing to start.
    case halted(String)
    case timedOut(seconds: Int, position: String)
    case poweredOffEarly(String)
    /// Asked to power off, it did not.
    case didNotPowerOff(seconds: Int)

    public var description: String {
        switch self {
        case .panicked(let text): "the kernel panicked: \(text)"
        case .reset(let reason): "it reset: \(reason)"
        case .hung(let hang, let position): "\(hang) (\(position))"
        case .emulatorCrashed(let message): "QEMU ended by itself: \(message)"
        case .halted(let message): message
        case .timedOut(let seconds, let position): "not done after \(seconds) s (\(position)); see --timeout"
        case .poweredOffEarly(let reason): "it powered off before it was ready (\(reason))"
        case .didNotPowerOff(let seconds): "it did not power off within \(seconds) s of the power button"
        }
    }
}

extension HandsetOutcome: CustomStringConvertible {
    public var description: String {
        switch self {
        case .poweredOff: "powered off in order"
        case .stopped: "stopped"
        case .interrupted(let signal): "interrupted by signal \(signal)"
        case .failed(let failure): failure.description
        }
    }
}
