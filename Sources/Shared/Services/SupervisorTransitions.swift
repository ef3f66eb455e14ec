import Wire

extension Supervisor {
    /// Changes a state and everything that is counted from it.
    mutating func enter(_ state: State, _ service: Int, _ reason: Reason = .none) {
        let old = records[service].state
        records[service].state = state
        records[service].since = now
        records[service].reason = reason
        // Whoever enters a state that has a deadline sets its own afterwards.
        deadlines.clear(service)
        count(service, from: old, to: state)
        queue(service)
        // A plain wait is the normal beginning of a start; a thousand announcements of it would say nothing.
        if state == .waiting, reason == .none { return }
        effects.append(
            .announce(
                service: service, state: state.announced, process: records[service].process, reason: reason))
    }

    private mutating func count(_ service: Int, from old: State, to new: State) {
        let up: Int32 = old.isUp == new.isUp ? 0 : new.isUp ? -1 : 1
        let down: Int32 = old.isDown == new.isDown ? 0 : new.isDown ? 1 : -1
        if up != 0 || down != 0 {
            for position in graph.requiredBy.range(of: service) {
                let dependant = graph.requiredBy[position]
                records[dependant].unmetCount += up
                records[dependant].downCount += down
                queue(dependant)
            }
            if records[service].isHealth { health.unreadyCount += Int(up) }
        }
        if old.isUnsettled != new.isUnsettled {
            for position in graph.before.range(of: service) {
                records[graph.before[position]].unsettledCount += new.isUnsettled ? 1 : -1
                queue(graph.before[position])
            }
        }
        if old.isActive != new.isActive {
            for position in graph.requires.range(of: service) {
                records[graph.requires[position]].activeDependantCount += new.isActive ? 1 : -1
                queue(graph.requires[position])
            }
        }
        if (old == .stopping) != (new == .stopping) {
            countStopping(service, by: new == .stopping ? 1 : -1)
        }
    }

    private mutating func countStopping(_ service: Int, by change: Int32) {
        for position in graph.after.range(of: service) {
            records[graph.after[position]].stoppingSuccessorCount += change
            queue(graph.after[position])
        }
        stoppingCount += Int(change)
        if !records[service].isLast {
            stoppingOrdinaryCount += Int(change)
            if stoppingOrdinaryCount == 0, shutdown != nil { queueLast() }
        }
    }

    mutating func queue(_ service: Int) {
        guard !records[service].isQueued else { return }
        records[service].isQueued = true
        worklist.append(Int32(service))
    }

    mutating func boot() {
        for service in records.indices {
            records[service].isWanted = true
            enter(.waiting, service)
        }
        startHealth()
    }

    mutating func launch(_ service: Int) {
        let definition = plan.services[service]
        guard definition.kind != .target else { return enter(.ready, service) }
        enter(.starting, service)
        records[service].isLaunching = true
        if definition.startTimeoutMilliseconds > 0 {
            deadlines.set(service, now + UInt64(definition.startTimeoutMilliseconds))
        }
        effects.append(.spawn(service: service))
    }

    mutating func spawned(_ service: Int, _ process: Int32) {
        guard records[service].isLaunching else { return }
        records[service].isLaunching = false
        records[service].process = process
        processes.insert(process, service)
        if records[service].state == .stopping { return queue(service) }
        if plan.services[service].kind == .longRunning, plan.services[service].readiness == .exec {
            becomeReady(service)
        }
    }

    mutating func execFailed(_ service: Int, _ number: Int32) {
        guard records[service].isLaunching else { return }
        records[service].isLaunching = false
        if records[service].state == .stopping { return finishStop(service) }
        fail(service, .execFailed(errorNumber: number))
    }

    mutating func becomeReady(_ service: Int) {
        guard records[service].state == .starting, plan.services[service].kind == .longRunning else { return }
        enter(.ready, service)
    }

    mutating func exited(_ service: Int, _ status: ExitStatus) {
        records[service].process = 0
        // Whatever it left behind in its cgroup has nobody left to look after it.
        effects.append(.killGroup(service: service, process: 0))
        let definition = plan.services[service]
        switch records[service].state {
        case .stopping: finishStop(service)
        case .starting where definition.kind == .oneShot && status.isSuccess:
            records[service].failureCount = 0
            enter(.done, service, .none)
        case .ready where status.isSuccess && definition.restart != .always:
            records[service].isWanted = false
            enter(.stopped, service, .ended(status))
            loseEssential(service)
        default: fail(service, .ended(status))
        }
    }

    /// It died, or never lived: the restart policy decides.
    mutating func fail(_ service: Int, _ reason: Reason) {
        let definition = plan.services[service]
        guard definition.restart != .never, shutdown == nil else {
            records[service].isWanted = false
            enter(.failed, service, reason)
            return loseEssential(service)
        }
        if records[service].state == .ready,
            now - records[service].since >= UInt64(definition.restartResetMilliseconds)
        {
            records[service].failureCount = 0
        }
        let delay = Self.delay(definition, failures: records[service].failureCount)
        records[service].failureCount += 1
        enter(.backoff, service, reason)
        deadlines.set(service, now + delay)
    }

    /// Doubles per failure up to the limit; never 0, or a service that dies at once would keep PID 1 busy.
    static func delay(_ definition: ServiceDefinition, failures: UInt32) -> UInt64 {
        let first = max(1, UInt64(definition.restartDelayMilliseconds))
        let limit = max(first, UInt64(definition.restartDelayLimitMilliseconds))
        return failures >= 32 ? limit : min(limit, first << UInt64(failures))
    }

    /// A deadline that passed: of a service by its state, or of the system.
    mutating func expire(_ due: Int) {
        guard due < records.count else { return expireSystem(due - records.count) }
        switch records[due].state {
        case .starting: beginStop(due, .startTimeout)
        case .backoff:
            records[due].restartCount += 1
            enter(.waiting, due)
        case .stopping: escalateStop(due)
        default: break
        }
    }

    /// The service and, transitively, all that it requires or wants.
    mutating func start(_ service: Int) {
        guard shutdown == nil else { return }
        var pending = [service]
        var isSeen = [Bool](repeating: false, count: records.count)
        isSeen[service] = true
        while let next = pending.popLast() {
            records[next].isWanted = true
            switch records[next].state {
            case .stopped, .failed, .backoff:
                records[next].failureCount = 0
                records[next].restartCount = 0
                enter(.waiting, next)
            default: break
            }
            for edges in [graph.requires, graph.wants] {
                for position in edges.range(of: next) where !isSeen[edges[position]] {
                    isSeen[edges[position]] = true
                    pending.append(edges[position])
                }
            }
        }
    }

    mutating func restart(_ service: Int) {
        guard shutdown == nil else { return }
        records[service].failureCount = 0
        start(service)
        if records[service].state.isActive { beginStop(service, .command) }
    }
}
