import LinuxSystem
import Services
import Slots
import Wire

extension Supervision {
    /// Performs an effect; some have an answer.
    func perform(_ effect: Supervisor.Effect) -> Supervisor.Event? {
        switch effect {
        case .spawn(let service): return spawn(service)
        case .signal(_, let process, let signal): ChildProcess.send(Int32(signal), to: process)
        case .killGroup(let service, let process): return killGroup(service, process)
        case .probe(let service): return probe(service)
        case .measure(let service): return usage(service)
        case .announce(let service, let state, let process, let reason):
            report(service, state, process, reason)
        case .forgetStored(let service): resources[service].stored = []
        case .arm(let service): return arm(service)
        case .disarm(let service): disarm(service)
        case .stamp(let service): state.keep("stamps/" + supervisor.plan.services[service].name, [])
        case .fallBack(let service, let reason): fallBack(service, reason)
        case .overdue(let service): reportOverdue(service)
        case .replan(let former): takeOver(former: former)
        case .becameReady:
            announceMemory()
            announcer.announce(.ready)
            if options.isSystem {
                SystemSetup.settle()
                show("ready after " + Self.seconds(Machine.bootTimeNanoseconds))
            }
        case .markHealthy: markHealthy()
        case .failBoot(let service, let reason): failBoot(service, reason)
        case .finishShutdown(let kind): end = kind
        }
        return nil
    }

    private func report(_ service: Int, _ state: ServiceState, _ process: Int32, _ reason: Reason) {
        let text = supervisor.text(of: reason)
        let name = supervisor.plan.services[service].name
        if state == .failed || state == .waiting {
            Log.say(.warning, name + " is " + state.name + ": " + text)
        }
        announcer.announce(.service(name: name, state: state, pid: process, reason: text))
        tellWatchers(service, state, process, text)
    }

    private func markHealthy() {
        guard options.isSystem else { return announcer.announce(.healthy(slot: "none")) }
        SlotRecord.update { metadata, slot in metadata.markSuccessful(slot) }
        announcer.announce(.healthy(slot: SlotRecord.slot?.name ?? "none"))
        show("healthy")
    }

    private func show(_ state: String) {
        Display.show(
            hostname: supervisor.plan.hostname, slot: SlotRecord.slot?.name ?? "none", state: state)
    }

    /// `3.8 s`
    private static func seconds(_ nanoseconds: UInt64) -> String {
        let tenths = nanoseconds / 100_000_000
        return String(tenths / 10) + "." + String(tenths % 10) + " s"
    }

    private func failBoot(_ service: Int?, _ reason: Reason) {
        guard let service else { return recordFailure(supervisor.text(of: reason), .notHealthyInTime) }
        let name = supervisor.plan.services[service].name
        recordFailure(name + ": " + supervisor.text(of: reason), .serviceLost)
    }

    /// A service has failed for good whose policy says that this slot is bad then.
    private func fallBack(_ service: Int, _ reason: Reason) {
        let name = supervisor.plan.services[service].name
        let text = name + " gives this slot up: " + supervisor.text(of: reason)
        recordFailure(text, .serviceLost)
        guard options.isSystem else { return }
        SlotRecord.update { metadata, slot in
            if !metadata.giveUp(slot) { Log.say(.error, "there is no other slot to fall back to") }
        }
    }

    private func recordFailure(_ text: String, _ code: FailureReason) {
        hasFailed = true
        Log.say(.critical, "this boot has failed: " + text)
        announcer.announce(.failure(what: "health", reason: text))
        guard options.isSystem else { return }
        SlotRecord.update { metadata, slot in
            metadata.recordFailure(in: slot, code, detail: Array(text.utf8))
        }
    }

    /// Who made the shutdown take as long as it did; an error, so that the console shows it.
    private func reportOverdue(_ service: Int) {
        let budget = Self.seconds(UInt64(supervisor.plan.shutdownBudgetMilliseconds) * 1_000_000)
        let name = supervisor.plan.services[service].name
        Log.say(.error, "shutdown: " + name + " used up the budget (" + budget + ")")
    }

    func beginShutdown(_ kind: ShutdownKind) {
        guard !supervisor.isShuttingDown else { return }
        announcer.announce(.shutdown(reason: kind.name))
        handle(.shutDown(kind))
    }

    private func announceMemory() {
        guard let text = contents(of: "/proc/meminfo", limit: 4096) else { return }
        var (total, available) = (UInt64(0), UInt64(0))
        for line in text.split(separator: UInt8(ascii: "\n")) {
            if line.starts(with: "MemTotal:".utf8) { total = Self.number(in: line) }
            if line.starts(with: "MemAvailable:".utf8) { available = Self.number(in: line) }
        }
        announcer.announce(.memory(totalKibibytes: total, availableKibibytes: available))
    }

    private static func number(in line: ArraySlice<UInt8>) -> UInt64 {
        Decimal.leading(line.drop { $0 < UInt8(ascii: "0") || $0 > UInt8(ascii: "9") }) ?? 0
    }
}
