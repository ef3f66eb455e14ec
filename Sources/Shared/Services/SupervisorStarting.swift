extension Supervisor {
    mutating func boot() {
        guard !isBooted, shutdown == nil else { return }
        isBooted = true
        var roots: [Int] = []
        for service in records.indices {
            if plan.services[service].activation.atBoot { roots.append(service) }
            // Those at rest are armed.
            queue(service)
        }
        pull(roots, .boot)
        startHealth()
    }

    mutating func start(_ service: Int) {
        guard shutdown == nil else { return }
        pull([service], .command)
    }

    mutating func restart(_ service: Int) {
        guard shutdown == nil else { return }
        records[service].failureCount = 0
        start(service)
        if records[service].state.isActive { beginStop(service, .command) }
    }

    /// Makes services wanted and, transitively, all that they need; the nearer first.
    mutating func pull(_ roots: [Int], _ cause: WantCause) {
        var found: [Int32] = []
        for root in roots where !records[root][.seen] {
            records[root][.seen] = true
            found.append(Int32(root))
        }
        let rootCount = found.count
        var next = 0
        while next < found.count {
            let service = Int(found[next])
            next += 1
            guard want(service, cause, isRoot: next <= rootCount) else { continue }
            for edges in [graph.requires, graph.milestones, graph.wants] {
                for position in edges.range(of: service) { reach(edges[position], from: service, &found) }
            }
        }
        for service in found { records[Int(service)].flags.subtract([.seen, .pulled]) }
    }

    private mutating func reach(_ service: Int, from source: Int, _ found: inout [Int32]) {
        guard !records[service][.seen] else { return }
        records[service][.seen] = true
        found.append(Int32(service))
        if !records[service][.wanted] { records[service].wantSource = Int32(source) }
    }

    /// Returns false if it stays as it is: something that it conflicts with keeps it from running, or it has
    /// failed for good.
    private mutating func want(_ service: Int, _ cause: WantCause, isRoot: Bool) -> Bool {
        if records[service].state == .failed, records[service][.exhausted], !cause.isForceful { return false }
        if let rival = rival(of: service, cause) {
            records[service][.wanted] = false
            if records[service].state == .stopped { enter(.stopped, service, .conflict(rival)) }
            return false
        }
        records[service][.pulled] = true
        if isRoot {
            records[service].wantCause = cause
            records[service].wantSource = -1
        } else if !records[service][.wanted] {
            records[service].wantCause = .need
        }
        records[service][.wanted] = true
        for position in graph.conflicts.range(of: service) { displace(graph.conflicts[position]) }
        if !records[service][.leaving] { wake(service, cause, isRoot: isRoot) }
        return true
    }

    /// Who stands in the way and stays there.
    private func rival(of service: Int, _ cause: WantCause) -> Int? {
        for position in graph.conflicts.range(of: service) {
            let other = graph.conflicts[position]
            let isThere =
                records[other][.wanted] || records[other].state.isActive && records[other].state != .stopping
            if isThere, !cause.isForceful || records[other][.pulled] { return other }
        }
        return nil
    }

    private mutating func displace(_ service: Int) {
        records[service][.wanted] = false
        beginStop(service, .conflict)
    }

    private mutating func wake(_ service: Int, _ cause: WantCause, isRoot: Bool) {
        if cause.isForceful {
            if records[service].state.isDown || records[service].state == .stopping {
                records[service].failureCount = 0
                records[service].windowCount = 0
                records[service][.exhausted] = false
            }
            if cause == .command { records[service][.acted] = false }
        }
        switch records[service].state {
        case .stopped: enter(.waiting, service)
        case .failed: if !records[service][.exhausted] { enter(.waiting, service) }
        case .backoff: if cause.isForceful { enter(.waiting, service) }
        case .done: if isRoot, cause == .trigger { enter(.waiting, service) }
        case .stopping:
            let stop = records[service].stopCause
            if cause.isForceful && stop.isFailure || stop == .ended || stop == .ownWill {
                records[service].stopCause = .command
            }
        case .waiting, .blocked, .starting, .ready: break
        }
    }

    mutating func launch(_ service: Int) {
        if plan.services[service].kind == .target { return enter(.ready, service) }
        if isDoneForGood(service) { return enter(.done, service) }
        enter(.starting, service)
        records[service][.launching] = true
        records[service].upTime = 0
        let timeout = UInt64(plan.services[service].startTimeoutMilliseconds)
        if timeout > 0 { deadlines.set(slot(.state, service), now + timeout) }
        effects.append(.spawn(service: service))
    }

    func isDoneForGood(_ service: Int) -> Bool {
        records[service][.stamped] && plan.services[service].runsOncePerInstallation
            && plan.services[service].kind == .oneShot
    }

    mutating func spawned(_ service: Int, _ process: Int32) {
        guard records[service][.launching] else { return }
        records[service][.launching] = false
        records[service][.hasRun] = true
        records[service].process = process
        records[service].watchdogMilliseconds = nil
        processes.insert(process, service)
        if records[service].state == .stopping { return queue(service) }
        guard plan.services[service].kind == .longRunning else { return }
        switch plan.services[service].readiness {
        case .exec: becomeReady(service)
        case .probe: askProbe(service)
        case .descriptor, .notify: break
        }
    }

    mutating func execFailed(_ service: Int, _ number: Int32) {
        guard records[service][.launching] else { return }
        records[service][.launching] = false
        if records[service].state == .stopping { return finishStop(service) }
        fail(service, .execFailed(errorNumber: number))
    }

    /// The ready byte, `READY=1`, or the end of a reload.
    mutating func readyReported(by process: Int32) {
        guard let service = processes[process], records[service].process == process else { return }
        if records[service][.reloading] {
            records[service][.reloading] = false
            records[service].reason = .none
            deadlines.clear(slot(.state, service))
            return announce(service)
        }
        guard records[service].state == .starting, plan.services[service].kind == .longRunning else { return }
        // A probe has the last word where there is one.
        if plan.services[service].readiness != .probe { becomeReady(service) }
    }

    private mutating func becomeReady(_ service: Int) {
        enter(.ready, service)
        watch(service)
        beginIdlePeriod(service)
    }
}

// Probes: one at a time, the next one an interval after the last has ended.
extension Supervisor {
    mutating func askProbe(_ service: Int) {
        guard records[service].probe == 0, !records[service][.probeAsked] else { return }
        records[service][.probeAsked] = true
        effects.append(.probe(service: service))
    }

    mutating func probing(_ service: Int, _ process: Int32) {
        guard records[service][.probeAsked] else { return }
        records[service][.probeAsked] = false
        guard process > 0 else { return probeEnded(service, .exited(code: 1)) }
        records[service].probe = process
        processes.insert(process, service)
        if records[service].state != .starting { killProbe(service) }
    }

    mutating func probeEnded(_ service: Int, _ status: ExitStatus) {
        records[service].probe = 0
        guard records[service].state == .starting else { return finishIfGone(service) }
        if status.isSuccess { return becomeReady(service) }
        // Never 0: a probe that fails at once would keep PID 1 busy.
        let interval = max(1, UInt64(plan.services[service].probeIntervalMilliseconds))
        deadlines.set(slot(.watch, service), now + interval)
    }

    mutating func killProbe(_ service: Int) {
        guard records[service].probe != 0 else { return }
        effects.append(.signal(service: service, process: records[service].probe, signal: 9))
    }
}
