import Wire

extension Supervisor {
    /// Changes a state and everything that is counted from it.
    mutating func enter(_ state: State, _ service: Int, _ reason: Reason = .none, silently: Bool = false) {
        let old = records[service].state
        if old == .ready, now - records[service].since >= healthyTime(service) {
            records[service].failureCount = 0
            records[service][.acted] = false
        }
        if old == .ready { records[service].upTime = UInt32(clamping: now - records[service].since) }
        records[service].state = state
        records[service].since = now
        records[service].reason = reason
        records[service].flags.subtract([.resting, .reloading, .measured, .idleDue])
        // Whoever enters a state that has a deadline sets its own afterwards.
        for slot in [Slot.state, .watch, .idle] { deadlines.clear(self.slot(slot, service)) }
        count(service, from: old, to: state)
        queue(service)
        // A plain wait is the normal beginning of a start; a thousand announcements of it would say nothing.
        if silently || state == .waiting && reason == .none { return }
        announce(service)
        if state == .stopped || state == .failed { forgetStored(service) }
    }

    func healthyTime(_ service: Int) -> UInt64 { UInt64(plan.services[service].restartResetMilliseconds) }

    mutating func announce(_ service: Int) {
        effects.append(
            .announce(
                service: service, state: records[service].state.announced, process: records[service].process,
                reason: records[service].reason))
    }

    private mutating func forgetStored(_ service: Int) {
        guard records[service][.hasRun], !records[service][.leaving], shutdown == nil else { return }
        records[service][.hasRun] = false
        effects.append(.forgetStored(service: service))
    }

    private mutating func count(_ service: Int, from old: State, to new: State) {
        countNeeds(service, from: old, to: new)
        if old.isUnsettled != new.isUnsettled {
            for position in graph.before.range(of: service) {
                records[graph.before[position]].unsettledCount += new.isUnsettled ? 1 : -1
                queue(graph.before[position])
            }
        }
        if old.isActive != new.isActive {
            let change: Int32 = new.isActive ? 1 : -1
            for position in graph.requires.range(of: service) {
                records[graph.requires[position]].activeDependantCount += change
                queue(graph.requires[position])
            }
            for position in graph.conflicts.range(of: service) {
                records[graph.conflicts[position]].activeConflictCount += change
                queue(graph.conflicts[position])
            }
        }
        if (old == .stopping) != (new == .stopping) {
            countStopping(service, by: new == .stopping ? 1 : -1)
        }
        if records[service][.leaving], old != .stopped, new == .stopped { leavingCount -= 1 }
    }

    private mutating func countNeeds(_ service: Int, from old: State, to new: State) {
        let up: Int32 = old.isUp == new.isUp ? 0 : new.isUp ? -1 : 1
        let down: Int32 = old.isDown == new.isDown ? 0 : new.isDown ? 1 : -1
        let isFirst = !records[service][.hasBeenUp]
        if up != 0 || down != 0 {
            for position in graph.requiredBy.range(of: service) {
                let dependant = graph.requiredBy[position]
                records[dependant].unmetCount += up
                records[dependant].downCount += down
                queue(dependant)
            }
            if records[service][.health] { health.unreadyCount += Int(up) }
        }
        guard isFirst else { return }
        if new.isUp { records[service][.hasBeenUp] = true }
        for position in graph.milestoneOf.range(of: service) {
            let dependant = graph.milestoneOf[position]
            records[dependant].downCount += down
            if new.isUp { records[dependant].pendingMilestoneCount -= 1 }
            queue(dependant)
        }
    }

    private mutating func countStopping(_ service: Int, by change: Int32) {
        for position in graph.after.range(of: service) {
            records[graph.after[position]].stoppingSuccessorCount += change
            queue(graph.after[position])
        }
        stoppingCount += Int(change)
        if !records[service][.last] {
            stoppingOrdinaryCount += Int(change)
            if stoppingOrdinaryCount == 0, shutdown != nil { queueLast() }
        }
    }

    /// All counts from the states alone: at the beginning, after a new plan and after a re-exec.
    mutating func recount() {
        stoppingCount = 0
        stoppingOrdinaryCount = 0
        leavingCount = 0
        health.unreadyCount = 0
        for service in records.indices { clearCounts(of: service) }
        for service in records.indices {
            let state = records[service].state
            countNeighbours(of: service)
            if records[service][.health], !state.isUp { health.unreadyCount += 1 }
            if records[service][.leaving], state != .stopped { leavingCount += 1 }
            guard state == .stopping else { continue }
            stoppingCount += 1
            if !records[service][.last] { stoppingOrdinaryCount += 1 }
            for position in graph.after.range(of: service) {
                records[graph.after[position]].stoppingSuccessorCount += 1
            }
        }
    }

    private mutating func clearCounts(of service: Int) {
        records[service].unmetCount = 0
        records[service].downCount = 0
        records[service].pendingMilestoneCount = 0
        records[service].unsettledCount = 0
        records[service].activeConflictCount = 0
        records[service].activeDependantCount = 0
        records[service].stoppingSuccessorCount = 0
    }

    private mutating func countNeighbours(of service: Int) {
        for position in graph.requires.range(of: service) {
            let required = graph.requires[position]
            if !records[required].state.isUp { records[service].unmetCount += 1 }
            if records[required].state.isDown { records[service].downCount += 1 }
            if records[service].state.isActive { records[required].activeDependantCount += 1 }
        }
        for position in graph.milestones.range(of: service)
        where !records[graph.milestones[position]][.hasBeenUp] {
            records[service].pendingMilestoneCount += 1
            if records[graph.milestones[position]].state.isDown { records[service].downCount += 1 }
        }
        for position in graph.after.range(of: service)
        where records[graph.after[position]].state.isUnsettled { records[service].unsettledCount += 1 }
        for position in graph.conflicts.range(of: service)
        where records[graph.conflicts[position]].state.isActive { records[service].activeConflictCount += 1 }
    }

    mutating func queue(_ service: Int) {
        guard !records[service][.queued] else { return }
        records[service][.queued] = true
        worklist.append(Int32(service))
    }
}
