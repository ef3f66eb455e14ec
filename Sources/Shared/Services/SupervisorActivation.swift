extension Supervisor {
    /// The loop watches a service's triggers exactly while it is at rest.
    mutating func updateArming(_ service: Int) {
        guard plan.services[service].activation.hasTriggers else { return }
        let isResting = isAtRest(service)
        guard isResting != records[service][.armed] else { return }
        records[service][.armed] = isResting
        effects.append(isResting ? .arm(service: service) : .disarm(service: service))
    }

    private func isAtRest(_ service: Int) -> Bool {
        let record = records[service]
        guard isBooted, shutdown == nil, !isDoneForGood(service), record.activeConflictCount == 0,
            record.flags.isDisjoint(with: [.wanted, .resting, .leaving, .emptying])
        else { return false }
        switch record.state {
        case .stopped: return true
        case .failed: return !record[.exhausted]
        case .done: return record.activeDependantCount == 0
        case .waiting, .blocked, .starting, .ready, .backoff, .stopping: return false
        }
    }

    /// Keeps triggers from starting a service again at once.
    mutating func rest(_ service: Int, _ milliseconds: UInt64) {
        guard plan.services[service].activation.hasTriggers, shutdown == nil else { return }
        switch records[service].state {
        case .stopped, .failed, .done: break
        case .waiting, .blocked, .starting, .ready, .backoff, .stopping: return
        }
        records[service][.resting] = true
        deadlines.set(slot(.state, service), now + max(1, milliseconds))
    }

    mutating func triggered(_ service: Int) {
        guard records[service][.armed], isAtRest(service) else { return }
        pull([service], .trigger)
        // What it conflicts with is wanted, though nothing of it runs now: try again later.
        if !records[service][.wanted] { rest(service, Self.refusedTriggerRestMilliseconds) }
    }

    /// Long enough to cost nothing, short enough that nobody notices when the way becomes free.
    static let refusedTriggerRestMilliseconds: UInt64 = 1_000

    mutating func beginIdlePeriod(_ service: Int) {
        let period = UInt64(plan.services[service].activation.idleStopMilliseconds)
        guard period > 0, plan.services[service].kind == .longRunning else { return }
        deadlines.set(slot(.idle, service), now + period)
        if !records[service][.measured] { effects.append(.measure(service: service)) }
    }

    mutating func endIdlePeriod(_ service: Int) {
        guard records[service].state == .ready else { return }
        records[service][.idleDue] = true
        effects.append(.measure(service: service))
    }

    /// Less processor time than this in a period is no work: a program that sleeps in its event loop uses
    /// none at all.
    static let idleMicroseconds: UInt64 = 1_000

    mutating func used(_ service: Int, _ microseconds: UInt64) {
        guard records[service].state == .ready else { return }
        let before = records[service].usage
        let isKnown = records[service][.measured]
        records[service].usage = microseconds
        records[service][.measured] = true
        guard records[service][.idleDue] else { return }
        records[service][.idleDue] = false
        let isIdle = isKnown && microseconds >= before && microseconds - before < Self.idleMicroseconds
        guard isIdle, !isNeeded(service) else { return beginIdlePeriod(service) }
        records[service][.wanted] = false
        beginStop(service, .idle)
    }

    /// A dependant that still waits for others counts, too: it would find this one gone.
    private func isNeeded(_ service: Int) -> Bool {
        if records[service].activeDependantCount > 0 { return true }
        for position in graph.requiredBy.range(of: service)
        where records[graph.requiredBy[position]][.wanted] { return true }
        return false
    }
}

// What a service says of itself (sd_notify).
extension Supervisor {
    /// A sign of life, or the first moment: the watchdog waits anew.
    mutating func watch(_ service: Int) {
        let time = records[service].watchdogMilliseconds ?? plan.services[service].watchdogMilliseconds
        if time > 0 { deadlines.set(slot(.watch, service), now + UInt64(time)) }
    }

    /// The service has chosen another time.
    mutating func watch(_ service: Int, every milliseconds: UInt32) {
        guard isStartingOrReady(service), records[service].process != 0 else { return }
        records[service].watchdogMilliseconds = milliseconds
        guard records[service].state == .ready else { return }
        deadlines.clear(slot(.watch, service))
        watch(service)
    }

    /// The former main process stays in the group, and ends with it.
    mutating func takeOver(_ service: Int, _ process: Int32) {
        guard isStartingOrReady(service), records[service].process != 0 else { return }
        guard process > 0, processes[process] == nil else { return }
        processes.remove(records[service].process)
        processes.insert(process, service)
        records[service].process = process
    }

    mutating func reloading(_ service: Int) {
        guard records[service].state == .ready, plan.services[service].kind == .longRunning else { return }
        let timeout = UInt64(plan.services[service].startTimeoutMilliseconds)
        if timeout > 0 { deadlines.set(slot(.state, service), now + timeout) }
        records[service][.reloading] = true
        records[service].reason = .reloading
        announce(service)
    }

    mutating func stopsByItself(_ service: Int) {
        guard isStartingOrReady(service), records[service].process != 0 else { return }
        killProbe(service)
        records[service].stopCause = .ownWill
        records[service][.signalled] = true
        records[service][.killed] = false
        enter(.stopping, service, .ownWill)
        deadlines.set(slot(.state, service), now + UInt64(plan.services[service].stopGraceMilliseconds))
    }

    mutating func extendTimeout(_ service: Int, _ milliseconds: UInt64) {
        let record = records[service]
        let mayExtend =
            record.state == .starting || record[.reloading]
            || record.state == .stopping && record[.signalled] && !record[.killed]
        guard mayExtend, deadlines.isSet(slot(.state, service)) else { return }
        deadlines.set(
            slot(.state, service), now + min(milliseconds, Self.extensionLimitMilliseconds))
    }
}
