extension Supervisor {
    /// What the plan makes of each service: health, essential, last.
    mutating func markRoles() throws(BootPlanError) {
        let services = try plan.indices(of: plan.health.services, relation: "health", in: "health")
        for service in services {
            records[Int(service)][.health] = true
            records[Int(service)][.essential] = true
        }
        var pending = records.indices.filter { records[$0][.essential] }
        while let service = pending.popLast() {
            let isAlways = records[service][.essential]
            for position in graph.requires.range(of: service) {
                mark(graph.requires[position], isAlways ? .essential : .essentialAtFirst, &pending)
            }
            for position in graph.milestones.range(of: service) {
                mark(graph.milestones[position], .essentialAtFirst, &pending)
            }
        }
        markLast()
    }

    /// A service may be marked twice, the stronger mark later: then its surroundings are, too.
    private mutating func mark(_ service: Int, _ flag: Flags, _ pending: inout [Int]) {
        guard !records[service][flag], !records[service][.essential] else { return }
        records[service][flag] = true
        pending.append(service)
    }

    mutating func startHealth() {
        if plan.health.deadlineMilliseconds > 0 {
            deadlines.set(systemSlot(.health), now + UInt64(plan.health.deadlineMilliseconds))
        }
    }

    /// After every event: are the health services up, and since when?
    mutating func updateHealth() {
        guard isBooted, !health.isDecided else { return }
        guard health.unreadyCount == 0 else {
            deadlines.clear(systemSlot(.stable))
            guard health.isOverdue else { return }
            let culprit = culprit()
            return failBoot(nil, .deadline(service: culprit, because: records[culprit].reason))
        }
        if !health.isReadyAnnounced {
            health.isReadyAnnounced = true
            effects.append(.becameReady)
        }
        if !deadlines.isSet(systemSlot(.stable)) {
            deadlines.set(systemSlot(.stable), now + UInt64(plan.health.stableForMilliseconds))
        }
    }

    mutating func expireSystem(_ deadline: Int) {
        switch SystemDeadline(rawValue: deadline) {
        case .stable:
            guard !health.isDecided else { return }
            health.isDecided = true
            deadlines.clear(systemSlot(.health))
            effects.append(.markHealthy)
        case .health:
            // All up, only not yet for long enough, is not a dead product: `updateHealth` judges.
            health.isOverdue = true
        case .budget: spendBudget()
        case nil: break
        }
    }

    /// A service is gone and will not come back by itself.
    mutating func loseEssential(_ service: Int) {
        guard isBooted, !health.isDecided, shutdown == nil else { return }
        let isEssential =
            records[service][.essential]
            || records[service][.essentialAtFirst] && !records[service][.hasBeenUp]
        if isEssential { failBoot(service, records[service].reason) }
    }

    private mutating func failBoot(_ service: Int?, _ reason: Reason) {
        health.isDecided = true
        effects.append(.failBoot(service: service, reason: reason))
        beginShutdown(.reboot)
    }

    /// A health service that is not up, or what it waits for, and that, and so on.
    private func culprit() -> Int {
        for service in records.indices where records[service][.health] && !records[service].state.isUp {
            return origin(of: service)
        }
        return 0
    }

    /// Follows what blocks a service to the one that is down by itself.
    func origin(of service: Int) -> Int {
        var origin = service
        while records[origin].state == .blocked {
            let next = firstDown(of: origin)
            guard next != origin else { break }
            origin = next
        }
        return origin
    }
}
