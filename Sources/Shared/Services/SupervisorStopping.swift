import Wire

extension Supervisor {
    /// Stops a service, or, if nothing of it runs, forgets that it was wanted.
    mutating func beginStop(_ service: Int, _ cause: StopCause) {
        switch records[service].state {
        case .starting, .ready, .done:
            records[service].stopCause = cause
            records[service].isSignalled = false
            records[service].isKilled = false
            enter(.stopping, service, reason(of: cause, service))
        case .waiting, .blocked, .backoff:
            if !records[service].isWanted { enter(.stopped, service, reason(of: cause, service)) }
        case .stopping:
            // A start timeout that a command overtakes is no failure any more.
            if cause == .command { records[service].stopCause = cause }
        case .stopped, .failed: break
        }
    }

    private func reason(of cause: StopCause, _ service: Int) -> Reason {
        switch cause {
        case .command: return .command
        case .shutdown: return .shutdown
        case .startTimeout: return .startTimeout
        case .requirement:
            for position in graph.requires.range(of: service)
            where !records[graph.requires[position]].state.isUp {
                return .requirement(graph.requires[position])
            }
            return .none
        }
    }

    /// Sends the stop signal as soon as nothing stands on the service any more.
    mutating func continueStop(_ service: Int) {
        let record = records[service]
        guard !record.isLaunching, !record.isSignalled, !record.isKilled else { return }
        guard record.activeDependantCount == 0 else { return }
        if shutdown != nil {
            guard record.stoppingSuccessorCount == 0 else { return }
            guard !record.isLast || stoppingOrdinaryCount == 0 else { return }
        }
        guard record.process != 0 else { return finishStop(service) }
        let definition = plan.services[service]
        records[service].isSignalled = true
        effects.append(.signal(service: service, process: record.process, signal: definition.stopSignal))
        deadlines.set(service, now + UInt64(definition.stopGraceMilliseconds))
    }

    /// The grace time is over, or the time that a kill may take.
    mutating func escalateStop(_ service: Int) {
        guard records[service].process != 0 else { return }
        guard records[service].isKilled else { return kill(service) }
        processes.remove(records[service].process)
        records[service].process = 0
        finishStop(service, .unkillable)
    }

    private mutating func kill(_ service: Int) {
        records[service].isKilled = true
        effects.append(.killGroup(service: service, process: records[service].process))
        deadlines.set(service, now + Self.killPatienceMilliseconds)
    }

    mutating func finishStop(_ service: Int, _ reason: Reason? = nil) {
        let cause = records[service].stopCause
        if shutdown != nil || !records[service].isWanted {
            enter(.stopped, service, reason ?? self.reason(of: cause, service))
        } else if cause == .startTimeout {
            fail(service, reason ?? .startTimeout)
        } else {
            enter(.waiting, service, reason ?? .none)
        }
    }

    mutating func beginShutdown(_ kind: ShutdownKind) {
        guard shutdown == nil else { return }
        shutdown = kind
        health.isDecided = true
        for deadline in [SystemDeadline.stable, .health] {
            deadlines.clear(records.count + deadline.rawValue)
        }
        deadlines.set(
            records.count + SystemDeadline.budget.rawValue, now + UInt64(plan.shutdownBudgetMilliseconds))
        for service in records.indices {
            records[service].isWanted = false
            beginStop(service, .shutdown)
        }
    }

    /// The budget of a shutdown is spent: everything that is left is killed, whoever stands on it.
    mutating func spendBudget() {
        for service in records.indices where records[service].state == .stopping {
            if records[service].process != 0, !records[service].isKilled { kill(service) }
        }
    }

    mutating func queueLast() {
        for service in records.indices where records[service].isLast { queue(service) }
    }

    /// Marks what stops last, and everything that such a service stands on: it cannot go first.
    mutating func markLast() {
        var pending: [Int] = []
        for service in records.indices where plan.services[service].stopsLast { pending.append(service) }
        while let service = pending.popLast() {
            guard !records[service].isLast else { continue }
            records[service].isLast = true
            for edges in [graph.requires, graph.after] {
                for position in edges.range(of: service) { pending.append(edges[position]) }
            }
        }
    }
}
