import Wire

extension Supervisor {
    /// A checked plan that waits until what it changes or removes is down.
    struct Successor: Sendable {
        var plan: BootPlan
        var graph: DependencyGraph
        /// For each of its services: the index in the present plan, or −1.
        var former: [Int32]
        /// Its services with a stamp that the present plan does not know.
        var stamped: [Int32]
    }

    var isSwitchDue: Bool { successor != nil && leavingCount == 0 && shutdown == nil }

    /// Replaces the plan by another one, live. A plan that cannot be run is refused whole, before anything
    /// has changed.
    ///
    /// - Parameter stamped: services of the new plan that have succeeded on this `data`.
    /// - Returns: effects in the numbering of the present plan; the `tick` that begins with `replan` follows.
    public mutating func reload(
        _ new: BootPlan, stamped: [Int] = [], now time: UInt64
    ) throws(BootPlanError) -> [Effect] {
        guard shutdown == nil else { throw .shuttingDown }
        guard successor == nil else { throw .reloadUnderWay }
        try adopt(new, stamped: stamped.map { Int32($0) })
        now = max(now, time)
        guard let former = successor?.former else { return [] }
        var isKept = [Bool](repeating: false, count: records.count)
        for service in former.indices where former[service] >= 0 {
            let old = Int(former[service])
            isKept[old] = new.services[service].isSame(as: plan.services[old])
        }
        for service in records.indices where !isKept[service] { records[service][.leaving] = true }
        for service in records.indices where !isKept[service] && records[service].state != .stopped {
            leavingCount += 1
        }
        for service in records.indices where !isKept[service] {
            beginStop(service, .reload)
            queue(service)
        }
        return conclude()
    }

    /// Checks a plan and keeps it as the successor of the present one.
    mutating func adopt(_ new: BootPlan, stamped: [Int32]) throws(BootPlanError) {
        try new.checkOrder()
        try new.validate()
        let graph = try DependencyGraph(new)
        var former = [Int32](repeating: -1, count: new.services.count)
        for service in new.services.indices {
            if let old = plan.index(of: new.services[service].name) { former[service] = Int32(old) }
        }
        successor = Successor(plan: new, graph: graph, former: former, stamped: stamped)
    }

    /// From here on services are numbered by the new plan.
    mutating func switchPlan() {
        guard let next = successor else { return }
        successor = nil
        let old = (records: records, deadlines: deadlines, health: systemSlot(.health), plan: plan)
        let present = translation(to: next.former)
        plan = next.plan
        graph = next.graph
        records = []
        records.reserveCapacity(next.former.count)
        for index in next.former {
            let record = index < 0 ? Record() : inherited(old.records[Int(index)], present)
            records.append(record)
        }
        for service in next.stamped where records.indices.contains(Int(service)) {
            records[Int(service)][.stamped] = true
        }
        deadlines = DeadlineHeap(count: records.count * Slot.count + SystemDeadline.count)
        for service in records.indices where next.former[service] >= 0 {
            for slot in [Slot.state, .watch, .idle] {
                let index = Int(next.former[service]) * Slot.count + slot.rawValue
                if let time = old.deadlines.time(of: index) { deadlines.set(self.slot(slot, service), time) }
            }
        }
        if !health.isDecided, plan.health.deadlineMilliseconds > 0 {
            // Counted from now where the old plan had none.
            let new = now + UInt64(plan.health.deadlineMilliseconds)
            deadlines.set(systemSlot(.health), old.deadlines.time(of: old.health) ?? new)
        }
        // Checked before the plan was accepted.
        try? markRoles()
        recount()
        renumberProcesses()
        worklist = []
        effects.append(.replan(former: next.former))
        startChanged(next.former, old.records, old.plan)
    }

    /// For each present service its index in the new plan, or −1.
    private func translation(to former: [Int32]) -> [Int32] {
        var result = [Int32](repeating: -1, count: records.count)
        for service in former.indices where former[service] >= 0 {
            result[Int(former[service])] = Int32(service)
        }
        return result
    }

    private func inherited(_ old: Record, _ present: [Int32]) -> Record {
        var record = Record()
        if old[.leaving] {
            // What could not be killed still is where the new life would begin.
            record.flags = old.flags.intersection([.emptying, .stamped])
            record.wantCause = old.wantCause
            record.since = old.since
        } else {
            record = old
            record.flags.formIntersection(.kept)
        }
        if old.wantSource >= 0 { record.wantSource = present[Int(old.wantSource)] }
        record.reason = old.reason.renumbered(present)
        return record
    }

    private mutating func renumberProcesses() {
        processes = ProcessTable()
        for service in records.indices {
            processes.insert(records[service].process, service)
            processes.insert(records[service].probe, service)
        }
    }

    private mutating func startChanged(_ former: [Int32], _ old: [Record], _ oldPlan: BootPlan) {
        var roots: [Int] = []
        for service in records.indices {
            queue(service)
            let index = Int(former[service])
            let isForBoot = plan.services[service].activation.atBoot
            if index < 0 {
                if isForBoot { roots.append(service) }
            } else if old[index][.leaving],
                old[index][.wanted] || isForBoot && !oldPlan.services[index].activation.atBoot
            {
                roots.append(service)
            }
        }
        if isBooted { pull(roots, .boot) }
    }
}

extension Reason {
    /// The same reason in the numbers of another plan.
    func renumbered(_ present: [Int32]) -> Reason {
        switch self {
        case .requirement(let service):
            present[service] < 0 ? .none : .requirement(Int(present[service]))
        case .conflict(let service): present[service] < 0 ? .none : .conflict(Int(present[service]))
        case .deadline: .none
        default: self
        }
    }
}

extension ServiceDefinition {
    /// Whether a running service may stay as it is. Compared in compiled form: text as bytes.
    public func isSame(as other: ServiceDefinition) -> Bool { comparable == other.comparable }

    /// Everything but the name, services by name and not by index: two plans number them differently.
    var comparable: [UInt8] {
        var body = ByteWriter()
        var parts: ServiceParts = []
        body.write(kind.rawValue)
        for names in [requires, milestones, wants, after, conflicts] { body.write(texts: names) }
        switch finalAction {
        case .none, .reboot, .fallbackSlot: body.write(0 as UInt8)
        case .isolate(let target), .start(let target): body.write(target)
        }
        switch finalAction {
        case .none: body.write(0 as UInt8)
        case .isolate: body.write(1 as UInt8)
        case .start: body.write(2 as UInt8)
        case .reboot: body.write(3 as UInt8)
        case .fallbackSlot: body.write(4 as UInt8)
        }
        encodeActivation(to: &body, &parts)
        encodeProcess(to: &body, &parts)
        encodeIdentityAndReadiness(to: &body, &parts)
        encodeRestart(to: &body, &parts)
        encodeRest(to: &body, &parts)
        body.write(parts.rawValue)
        return body.bytes
    }
}
