import Wire

extension Supervisor {
    /// Stops a service, or, if nothing of it runs, forgets that it was wanted.
    mutating func beginStop(_ service: Int, _ cause: StopCause) {
        switch records[service].state {
        case .starting, .ready, .done:
            killProbe(service)
            records[service].stopCause = cause
            records[service][.signalled] = false
            records[service][.killed] = false
            enter(.stopping, service, reason(of: cause, service))
        case .waiting, .blocked, .backoff:
            if !records[service][.wanted] || records[service][.leaving] {
                enter(.stopped, service, reason(of: cause, service))
            }
        case .stopping:
            // What is told to stop is no failure any more.
            if cause != .requirement { records[service].stopCause = cause }
        case .failed: if records[service][.leaving] { enter(.stopped, service, .planChange) }
        case .stopped: break
        }
    }

    private func reason(of cause: StopCause, _ service: Int) -> Reason {
        switch cause {
        case .command: return .command
        case .shutdown: return .shutdown
        case .idle: return .idle
        case .isolation: return .isolation
        case .reload: return .planChange
        case .startTimeout: return .startTimeout
        case .reloadTimeout: return .reloadTimeout
        case .watchdog: return .watchdog
        case .broken: return .broken
        case .ownWill: return .ownWill
        case .finished: return .none
        case .death, .ended: return records[service].reason
        case .conflict: return conflictReason(service)
        case .requirement:
            for position in graph.requires.range(of: service)
            where !records[graph.requires[position]].state.isUp {
                return .requirement(graph.requires[position])
            }
            return .none
        }
    }

    private func conflictReason(_ service: Int) -> Reason {
        for position in graph.conflicts.range(of: service)
        where records[graph.conflicts[position]][.wanted] { return .conflict(graph.conflicts[position]) }
        return .none
    }

    /// Sends the stop signal as soon as nothing stands on the service any more.
    mutating func continueStop(_ service: Int) {
        let record = records[service]
        guard !record[.launching], !record[.signalled], !record[.killed] else { return }
        if !isBudgetSpent, !record.stopCause.isAbrupt {
            guard record.activeDependantCount == 0 else { return }
            if shutdown != nil {
                guard record.stoppingSuccessorCount == 0 else { return }
                guard !record[.last] || stoppingOrdinaryCount == 0 else { return }
            }
        }
        guard record.process != 0 else { return finishIfGone(service) }
        guard !isBudgetSpent else { return empty(service) }
        records[service][.signalled] = true
        let signal = record.stopCause.isAbrupt ? Self.abortSignal : plan.services[service].stopSignal
        effects.append(.signal(service: service, process: record.process, signal: signal))
        deadlines.set(slot(.state, service), now + UInt64(plan.services[service].stopGraceMilliseconds))
    }

    /// SIGABRT: a core dump shows where it hung.
    private static let abortSignal: UInt8 = 6

    /// The grace time is over, or the time that a kill may take.
    mutating func escalateStop(_ service: Int) {
        guard records[service][.killed] else { return empty(service) }
        // The patience may have run out before anything was left to wait for but an answer.
        guard !records[service][.launching], !records[service][.probeAsked] else { return }
        for process in [records[service].process, records[service].probe] where process != 0 {
            processes.remove(process)
        }
        records[service].process = 0
        records[service].probe = 0
        finishStop(service, isUnkillable: true)
    }

    /// Kills what is left of the group, once per stop.
    mutating func empty(_ service: Int) {
        if !records[service][.killed] {
            records[service][.killed] = true
            records[service][.emptying] = true
            effects.append(.killGroup(service: service, process: records[service].process))
            deadlines.set(slot(.state, service), now + Self.killPatienceMilliseconds)
        }
        finishIfGone(service)
    }

    mutating func groupEmptied(_ service: Int) {
        guard records[service][.emptying] else { return }
        records[service][.emptying] = false
        if records[service].state == .stopping { return finishIfGone(service) }
        queue(service)
    }

    mutating func finishIfGone(_ service: Int) {
        let record = records[service]
        guard record.state == .stopping, record.process == 0, record.probe == 0 else { return }
        guard record.flags.isDisjoint(with: [.launching, .probeAsked, .emptying]) else { return }
        finishStop(service)
    }

    mutating func finishStop(_ service: Int, isUnkillable: Bool = false) {
        let cause = records[service].stopCause
        let reason: Reason = isUnkillable ? .unkillable : self.reason(of: cause, service)
        if records[service][.leaving] || shutdown != nil { return enter(.stopped, service, reason) }
        if cause == .finished, !isUnkillable { return finishOneShot(service) }
        if cause == .ended, !isUnkillable { return endWell(service) }
        guard records[service][.wanted] else { return enter(.stopped, service, reason) }
        if isUnkillable {
            records[service][.exhausted] = true
            return failForGood(service, reason)
        }
        if cause.isFailure { return fail(service, reason) }
        enter(.waiting, service)
    }

    private mutating func finishOneShot(_ service: Int) {
        records[service].failureCount = 0
        if plan.services[service].runsOncePerInstallation, !records[service][.stamped] {
            records[service][.stamped] = true
            effects.append(.stamp(service: service))
        }
        // With triggers, one run was wanted, not the state.
        if plan.services[service].activation.hasTriggers { records[service][.wanted] = false }
        if records[service].unmetCount > 0 {
            // What it requires went away while its group was being emptied: it is not up, but runs again.
            return enter(records[service][.wanted] ? .waiting : .stopped, service)
        }
        enter(.done, service)
        rest(service, UInt64(plan.services[service].restartDelayMilliseconds))
    }

    private mutating func endWell(_ service: Int) {
        records[service][.wanted] = false
        enter(.stopped, service, records[service].reason)
        rest(service, UInt64(plan.services[service].restartDelayMilliseconds))
        loseEssential(service)
    }

    mutating func beginShutdown(_ kind: ShutdownKind) {
        guard shutdown == nil else { return }
        shutdown = kind
        successor = nil
        health.isDecided = true
        for deadline in [SystemDeadline.stable, .health] { deadlines.clear(systemSlot(deadline)) }
        deadlines.set(systemSlot(.budget), now + UInt64(plan.shutdownBudgetMilliseconds))
        for service in records.indices {
            records[service].flags.subtract([.wanted, .leaving])
            beginStop(service, .shutdown)
            queue(service)
        }
        leavingCount = 0
    }

    /// The budget of a shutdown is spent: everything that is left is killed, whoever stands on it. Those that
    /// only wait for others have not used it up.
    mutating func spendBudget() {
        isBudgetSpent = true
        for service in records.indices where records[service].state == .stopping {
            let hasBeenTold = !records[service].flags.isDisjoint(with: [.signalled, .killed, .launching])
            if hasBeenTold { effects.append(.overdue(service: service)) }
            if records[service].process != 0 { empty(service) } else { queue(service) }
        }
    }

    mutating func queueLast() {
        for service in records.indices where records[service][.last] { queue(service) }
    }

    /// Marks what stops last, and everything that such a service stands on: it cannot go first.
    mutating func markLast() {
        var pending: [Int] = []
        for service in records.indices where plan.services[service].stopsLast { pending.append(service) }
        while let service = pending.popLast() {
            guard !records[service][.last] else { continue }
            records[service][.last] = true
            for edges in [graph.requires, graph.after] {
                for position in edges.range(of: service) { pending.append(edges[position]) }
            }
        }
    }
}
