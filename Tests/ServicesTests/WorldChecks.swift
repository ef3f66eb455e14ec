import Wire

@testable import Services

extension World {
    /// Is it up as far as the outside can tell?
    func isUp(_ service: Int) -> Bool { isUp(service, supervisor.records[service]) }

    func isUp(_ service: Int, _ record: Supervisor.Record) -> Bool {
        switch facts[service].kind {
        case .target: return record.state == .ready
        case .oneShot:
            return record.state == .done
                && (services[service].lastExit == .exited(code: 0) || services[service].isStamped)
        case .longRunning:
            guard record.state == .ready, let main = alive[record.process] else { return false }
            return main.service == service && main.hasSaidReady
        }
    }

    func checkHealthIsUp(_ effect: String) throws {
        // Much may be overdue after a jump: what follows in the same step may already have changed it.
        guard now > jumpedAt else { return }
        for name in plan.health.services where !isUp(plan.index(of: name)!) {
            throw Violation(description: "\(effect) although \(name) is not up")
        }
    }

    /// Nothing starts before what it needs, beside what it conflicts with, or beside what is left of itself.
    func checkMayStart(_ service: Int) throws {
        let definition = plan.services[service]
        let name = definition.name
        if let process = alive.first(where: { $0.value.service == service }) {
            throw Violation(description: "\(name) starts beside its own process \(process.key)")
        }
        if services[service].awaitsEmpty {
            throw Violation(description: "\(name) starts before its group is empty")
        }
        if services[service].isArmed { throw Violation(description: "\(name) starts, but is armed") }
        if definition.runsOncePerInstallation, services[service].isStamped {
            throw Violation(description: "\(name) runs a second time on this data")
        }
        if now < services[service].earliestStart {
            throw Violation(description: "\(name) restarts before its delay is over")
        }
        // After a jump, what is overdue may take it away again in the very step that starts this one.
        guard now > jumpedAt else { return }
        for other in facts[service].requires where shutdownAt == nil && !isUp(other) {
            throw Violation(description: "\(name) starts although \(other) is not up")
        }
        for other in facts[service].milestones where shutdownAt == nil && !services[other].hasBeenUp {
            throw Violation(description: "\(name) starts although \(other) has never been up")
        }
    }

    func checkStopOrder(_ service: Int) throws {
        for other in alive.values where !other.hangs && other.role != .leftover {
            let isDying = supervisor.records[other.service][.killed] || other.signalledAt != nil
            if facts[other.service].requires.contains(service), !isDying {
                throw Violation(
                    description: "\(plan.services[service].name) stops before one that requires it")
            }
        }
    }

    /// SIGABRT only for one that said that it was broken, or said nothing for its time.
    func checkWatchdog(_ service: Int) throws {
        let definition = plan.services[service]
        let silence = now - min(now, services[service].lastSign)
        let isLate =
            definition.watchdogMilliseconds > 0 && silence >= UInt64(definition.watchdogMilliseconds)
        guard isLate || services[service].isBroken else {
            throw Violation(description: "\(definition.name) is aborted although it gave signs of life")
        }
    }

    /// After every step: states are true, stops are bounded, promises are kept once.
    func checkClaims() throws {
        // Bound once: each access through the supervisor would copy it, which is slow without optimisation.
        let records = supervisor.records
        for service in facts.indices { try checkClaim(of: service, records) }
        for process in alive.values { try checkEnds(process, records[process.service]) }
        guard becameReady <= 1, markedHealthy + failedBoots <= 1, finished <= 1 else {
            throw Violation(description: "something that happens once happened again")
        }
        if eventCount % 8 == 0 { try checkCounts() }
    }

    private func checkClaim(of service: Int, _ records: [Supervisor.Record]) throws {
        let record = records[service]
        func violation(_ text: String) -> Violation {
            Violation(description: "\(plan.services[service].name) (\(record.state)) \(text)")
        }
        if record.state.isUp {
            guard isUp(service, records[service]) else { throw violation("is not up") }
            if shutdownAt == nil,
                let missing = facts[service].requires.first(where: { !isUp($0, records[$0]) })
            {
                throw violation("stays up without \(missing)")
            }
        }
        for process in [record.process, record.probe] where process != 0 {
            guard alive[process]?.service == service else { throw violation("claims a dead process") }
            guard record.state.isActive else { throw violation("has a process") }
        }
        guard record.state.isActive else { return }
        for other in facts[service].conflicts where records[other].state.isActive {
            throw violation("is active together with \(other)")
        }
    }

    /// Nothing runs after its stop, and no stop lasts.
    private func checkEnds(_ process: Process, _ record: Supervisor.Record) throws {
        guard !process.hangs else { return }
        guard record.state.isActive || record[.emptying] else {
            let name = plan.services[process.service].name
            throw Violation(description: "something of \(name) runs, but it is \(record.state)")
        }
        guard let since = process.signalledAt, since > jumpedAt, process.role == .main else { return }
        if now > since + facts[process.service].grace + Self.longestExtension + 20 {
            throw Violation(description: "the stop of \(plan.services[process.service].name) does not end")
        }
    }

    /// More than this no service of this world asks for.
    static let longestExtension: UInt64 = 500

    /// The counts that are kept up by steps are those that follow from the states.
    private func checkCounts() throws {
        var fresh = supervisor
        fresh.recount()
        for service in plan.services.indices {
            let (kept, counted) = (supervisor.records[service], fresh.records[service])
            guard kept.unmetCount == counted.unmetCount, kept.downCount == counted.downCount,
                kept.pendingMilestoneCount == counted.pendingMilestoneCount,
                kept.unsettledCount == counted.unsettledCount,
                kept.activeConflictCount == counted.activeConflictCount,
                kept.activeDependantCount == counted.activeDependantCount,
                kept.stoppingSuccessorCount == counted.stoppingSuccessorCount
            else { throw Violation(description: "the counts of \(plan.services[service].name) are wrong") }
        }
        guard fresh.stoppingCount == supervisor.stoppingCount, fresh.leavingCount == supervisor.leavingCount,
            fresh.stoppingOrdinaryCount == supervisor.stoppingOrdinaryCount,
            fresh.health.unreadyCount == supervisor.health.unreadyCount
        else { throw Violation(description: "the counts of the whole are wrong") }
    }

    /// When nothing is left to happen: whoever could run runs.
    func checkNobodyIsForgotten() throws {
        for service in plan.services.indices {
            let record = supervisor.records[service]
            let definition = plan.services[service]
            let name = definition.name
            // Longer than any grace, extension and patience of this world together.
            if record.state == .stopping, now - record.since > 4_000 {
                throw Violation(description: "\(name) is stopping for ever")
            }
            if record[.wanted], record.state == .stopped || record.state == .failed {
                throw Violation(description: "\(name) is wanted, but \(record.state)")
            }
            if record.state == .waiting || record.state == .blocked, !record[.emptying] {
                let isHeldUp =
                    facts[service].requires.contains { !isUp($0) }
                    || facts[service].milestones.contains { !services[$0].hasBeenUp }
                    || record.unsettledCount > 0
                guard isHeldUp else { throw Violation(description: "\(name) waits for nothing") }
                guard supervisor.explanation(of: service).count > 2 else {
                    throw Violation(description: "nobody says why \(name) waits")
                }
            }
            if record.state == .starting, definition.startTimeoutMilliseconds > 0,
                supervisor.nextDeadline == nil
            {
                throw Violation(description: "\(name) is starting for ever")
            }
        }
    }

    func checkEverythingEnded() throws {
        guard finished == 1 else { throw Violation(description: "the shutdown did not finish") }
        for process in alive.values where !process.hangs {
            throw Violation(
                description: "\(plan.services[process.service].name) still runs after the shutdown")
        }
        guard !services.contains(where: { $0.isArmed }) else {
            throw Violation(description: "a trigger is left")
        }
    }
}
