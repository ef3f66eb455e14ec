extension Supervisor {
    /// Marks the health services, and as essential also what they require.
    mutating func markEssential(_ services: [UInt32]) {
        var pending: [Int] = []
        for service in services {
            if !records[Int(service)].isHealth { health.unreadyCount += 1 }
            records[Int(service)].isHealth = true
            pending.append(Int(service))
        }
        while let service = pending.popLast() {
            guard !records[service].isEssential else { continue }
            records[service].isEssential = true
            for position in graph.requires.range(of: service) { pending.append(graph.requires[position]) }
        }
    }

    mutating func startHealth() {
        health.isStarted = true
        if plan.health.deadlineMilliseconds > 0 {
            deadlines.set(systemIndex(.health), now + UInt64(plan.health.deadlineMilliseconds))
        }
    }

    /// After every event: are the health services up, and since when?
    mutating func updateHealth() {
        guard health.isStarted, !health.isDecided else { return }
        guard health.unreadyCount == 0 else {
            deadlines.clear(systemIndex(.stable))
            guard health.isOverdue else { return }
            let culprit = culprit()
            failBoot(nil, .deadline(service: culprit, because: records[culprit].reason))
            return
        }
        if !health.isReadyAnnounced {
            health.isReadyAnnounced = true
            effects.append(.becameReady)
        }
        if !deadlines.isSet(systemIndex(.stable)) {
            deadlines.set(systemIndex(.stable), now + UInt64(plan.health.stableForMilliseconds))
        }
    }

    mutating func expireSystem(_ deadline: Int) {
        switch SystemDeadline(rawValue: deadline) {
        case .stable:
            guard !health.isDecided else { return }
            health.isDecided = true
            deadlines.clear(systemIndex(.health))
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
        guard records[service].isEssential, health.isStarted, !health.isDecided else { return }
        failBoot(service, records[service].reason)
    }

    private mutating func failBoot(_ service: Int?, _ reason: Reason) {
        health.isDecided = true
        effects.append(.failBoot(service: service, reason: reason))
        beginShutdown(.reboot)
    }

    /// A health service that is not up, or what it waits for, and that, and so on.
    private func culprit() -> Int {
        for service in records.indices where records[service].isHealth && !records[service].state.isUp {
            var culprit = service
            while records[culprit].state == .blocked { culprit = firstDown(of: culprit) }
            return culprit
        }
        return 0
    }

    private func systemIndex(_ deadline: SystemDeadline) -> Int { records.count + deadline.rawValue }
}
