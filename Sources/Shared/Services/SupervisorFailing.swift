extension Supervisor {
    mutating func exited(_ process: Int32, _ status: ExitStatus) {
        guard let service = processes.remove(process) else { return }
        if records[service].probe == process { return probeEnded(service, status) }
        records[service].process = 0
        let endsWell = status.isSuccess && plan.services[service].restart != .always
        switch records[service].state {
        case .stopping:
            if records[service].stopCause == .ownWill {
                records[service].stopCause = endsWell ? .ended : .death
                records[service].reason = .ended(status)
            }
            empty(service)
        case .starting where plan.services[service].kind == .oneShot && status.isSuccess:
            end(service, .finished, .none)
        case .ready where endsWell: end(service, .ended, .ended(status))
        default: end(service, .death, .ended(status))
        }
    }

    /// It has ended by itself: whatever it left behind has nobody to look after it.
    private mutating func end(_ service: Int, _ cause: StopCause, _ reason: Reason) {
        killProbe(service)
        records[service].stopCause = cause
        records[service][.signalled] = true
        records[service][.killed] = false
        enter(.stopping, service, reason, silently: true)
        empty(service)
    }

    /// It died, or never lived: the restart policy decides.
    mutating func fail(_ service: Int, _ reason: Reason) {
        let delay = self.delay(service)
        records[service].failureCount &+= 1
        guard plan.services[service].restart != .never else {
            failForGood(service, reason)
            // Its triggers may start it again, but not at the speed of its deaths.
            return rest(service, delay)
        }
        guard mayRestart(service) else {
            records[service][.exhausted] = true
            return failForGood(service, reason)
        }
        enter(.backoff, service, reason)
        // What died by itself after it ran for longer than its delay returns at once.
        var runTime: UInt64 = 0
        if case .ended = reason { runTime = UInt64(records[service].upTime) }
        deadlines.set(slot(.state, service), now + delay - min(delay, runTime))
    }

    /// Doubles per failure up to the limit; never 0, or a service that dies at once would keep PID 1 busy.
    private mutating func delay(_ service: Int) -> UInt64 {
        let first = max(1, UInt64(plan.services[service].restartDelayMilliseconds))
        let limit = max(first, UInt64(plan.services[service].restartDelayLimitMilliseconds))
        let failures = records[service].failureCount
        let delay = failures >= 32 ? limit : min(limit, first << UInt64(failures))
        let spread = delay * min(100, UInt64(plan.services[service].restartJitterPercent)) / 100
        guard spread > 0 else { return delay }
        return max(1, delay - spread + random.upTo(2 * spread))
    }

    /// Counts an automatic restart; false: it would be one too many within the window.
    private mutating func mayRestart(_ service: Int) -> Bool {
        let limit = UInt32(plan.services[service].restartLimit)
        guard limit > 0 else { return true }
        let window = UInt64(plan.services[service].restartWindowMilliseconds)
        if records[service].windowCount == 0 || now - records[service].windowStart > window {
            records[service].windowStart = now
            records[service].windowCount = 0
        }
        records[service].windowCount += 1
        return records[service].windowCount <= limit
    }

    mutating func failForGood(_ service: Int, _ reason: Reason) {
        records[service][.wanted] = false
        enter(.failed, service, reason)
        loseEssential(service)
        guard shutdown == nil, !records[service][.acted] else { return }
        records[service][.acted] = true
        let target = Int(graph.finalTargets[service])
        switch plan.services[service].finalAction {
        case .none: break
        case .start: pull([target], .finalAction)
        case .isolate: isolate(target)
        case .reboot: beginShutdown(.reboot)
        case .fallbackSlot:
            effects.append(.fallBack(service: service, reason: reason))
            beginShutdown(.reboot)
        }
    }

    private mutating func isolate(_ target: Int) {
        for service in neededless(target) {
            records[service][.wanted] = false
            beginStop(service, .isolation)
        }
        pull([target], .finalAction)
    }

    /// All services that this one does not need, directly or through others.
    private func neededless(_ target: Int) -> [Int] {
        var isNeeded = [Bool](repeating: false, count: records.count)
        isNeeded[target] = true
        var pending = [target]
        while let service = pending.popLast() {
            for edges in [graph.requires, graph.milestones, graph.wants] {
                for position in edges.range(of: service) where !isNeeded[edges[position]] {
                    isNeeded[edges[position]] = true
                    pending.append(edges[position])
                }
            }
        }
        return records.indices.filter { !isNeeded[$0] }
    }
}
