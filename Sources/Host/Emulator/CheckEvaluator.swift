import DeviceSpec
import Foundation
import Wire

/// What became of one check.
public struct CheckResult: Sendable, Equatable {
    public let name: String
    /// nil: it holds. Otherwise what was seen instead.
    public let failure: String?

    public init(name: String, failure: String?) {
        self.name = name
        self.failure = failure
    }
}

/// Decides a device's `checks` from what the guest reported, printed and showed.
public struct CheckEvaluator: Sendable {
    /// What may still come after the handset is healthy: an address, the time from the network.
    public static let settleSeconds = 20.0

    public let checks: [Check]
    /// The display that was asked for. QEMU shows a 640x480 placeholder until the guest sets a mode.
    public let display: MachineConfiguration.Display?

    public init(_ checks: [Check], display: MachineConfiguration.Display?) {
        self.checks = checks
        self.display = display
    }

    /// For `HandsetRun.Options.Goal`: healthy, and every check that can be seen while it runs holds or has
    /// had its time.
    public func isReached(_ record: HandsetRecord) -> Bool {
        guard let boot = record.boots.last,
            let healthy = boot.events.last(where: { if case .healthy = $0.event { true } else { false } })
        else { return false }
        if record.seconds - healthy.seconds > Self.settleSeconds { return true }
        return checks.allSatisfy { check in
            switch check.expectation {
            // A look at the screen stops the guest: it comes last.
            case .screenNotBlank: record.screen == nil || failure(of: check, in: record) == nil
            case .console(_, false): true
            default: failure(of: check, in: record) == nil
            }
        }
    }

    /// The boot itself first, then the checks in the order of the device file.
    public func evaluate(_ record: HandsetRecord) -> [CheckResult] {
        var boot: String?
        if record.outcome != .poweredOff { boot = record.outcome.description }
        if boot == nil, let line = record.malformedEvents.first {
            boot = "the handset reported something that is no event: \(line)"
        }
        return [CheckResult(name: "boot", failure: boot)]
            + checks.map { CheckResult(name: $0.name, failure: failure(of: $0, in: record)) }
    }

    private func failure(of check: Check, in record: HandsetRecord) -> String? {
        let events = (record.boots.last?.events ?? []).map(\.event)
        switch check.expectation {
        case .healthy:
            return record.boots.last?.isHealthy == true ? nil : "it did not become healthy"
        case .service(let name, let state): return service(name, state, events)
        case .mounted(let path, let type, let options): return mount(path, type, options, events)
        case .network:
            let isUp = events.contains { if case .network = $0 { true } else { false } }
            return isUp ? nil : "no address was leased"
        case .clock:
            let isSet = events.contains {
                if case .clock(let source, _) = $0 { source != "none" } else { false }
            }
            return isSet ? nil : "the clock was not set"
        case .memoryUsedBelow(let bytes): return memory(bytes, events)
        case .console(let pattern, let present): return console(pattern, present, record)
        case .screenNotBlank: return screen(record)
        }
    }

    private func service(_ name: String, _ state: String, _ events: [BootEvent]) -> String? {
        for event in events.reversed() {
            // The handset is powered off when this is asked; the stopping that follows is not what was meant.
            if case .service(name, let seen, _, let reason) = event, seen != .stopping, seen != .stopped {
                let because = reason.isEmpty ? "" : " (\(reason))"
                return seen.name == state ? nil : "\(name) is \(seen.name)\(because), not \(state)"
            }
            if case .service(name, .stopped, _, _) = event, state == "stopped" { return nil }
        }
        return "\(name) was never started"
    }

    private func mount(_ path: String, _ type: String?, _ options: [String], _ events: [BootEvent]) -> String?
    {
        for event in events.reversed() {
            guard case .mount(path, let seenType, let seenOptions) = event else { continue }
            if let type, type != seenType { return "\(path) is mounted as \(seenType), not \(type)" }
            let seen = seenOptions.split(separator: ",").map(String.init)
            let missing = options.filter { !seen.contains($0) }
            return missing.isEmpty
                ? nil : "\(path) is mounted with \(seenOptions), without \(missing.joined(separator: ","))"
        }
        return "\(path) was not mounted"
    }

    private func memory(_ limit: UInt64, _ events: [BootEvent]) -> String? {
        for case .memory(let total, let available) in events {
            let used = total > available ? (total - available) * 1024 : 0
            return used < limit
                ? nil : "\(used >> 10) KiB were in use when it was ready; the limit is \(limit >> 10) KiB"
        }
        return "it did not report its memory"
    }

    private func console(_ pattern: String, _ present: Bool, _ record: HandsetRecord) -> String? {
        guard let expression = try? Regex(pattern) else { return "\(pattern) is no regular expression" }
        // Line by line, as people read a console; `.` then never runs on into the next line.
        for line in record.console.text.split(whereSeparator: \.isNewline) where line.contains(expression) {
            return present ? nil : "the console has: \(line.prefix(200))"
        }
        return present ? "the console has no line with \(pattern)" : nil
    }

    private func screen(_ record: HandsetRecord) -> String? {
        guard let screen = record.screen else { return "there is no screenshot" }
        if let display, screen.width != display.width || screen.height != display.height {
            return "the screen is \(screen.width)x\(screen.height), not \(display.width)x\(display.height): "
                + "no program has set a mode"
        }
        return screen.isBlank ? "the screen is blank" : nil
    }
}
