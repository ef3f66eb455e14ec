import LinuxSystem
import Services
import Wire

/// `amosctl reload`: another plan, live. What the supervisor keeps goes on untouched; this moves everything
/// that PID 1 holds for the services to their new numbers.
struct Successor {
    let file: HeldDescriptor
    /// Names of services that are not in it.
    let removed: [String]
    /// Of the plan before it.
    let lateModules: [String]
    let machineWatchdogMilliseconds: UInt32
}

extension Supervision {
    /// The plan comes as a sealed memory file: reading it cannot wait, and what was checked stays so.
    func reload(_ passed: consuming FileDescriptor?, _ connection: Connection, _ slot: Int) {
        guard let file = passed, file.isSealedMemory else {
            return refuse("a plan is passed as a sealed memory file, as amosctl does", slot)
        }
        do throws(InitError) {
            let plan = try AmosInit.decodePlan(file)
            let removed = supervisor.plan.services.map { $0.name }.filter { plan.index(of: $0) == nil }
            let effects = try begin(plan)
            successor = Successor(
                file: HeldDescriptor(file), removed: removed, lateModules: supervisor.plan.lateModules,
                machineWatchdogMilliseconds: supervisor.plan.machineWatchdogMilliseconds)
            connection.awaits = .reload
            perform(effects)
        } catch {
            refuse("the plan was refused, and nothing has changed: " + error.description, slot)
        }
    }

    private func begin(_ plan: BootPlan) throws(InitError) -> [Supervisor.Effect] {
        do throws(BootPlanError) {
            return try supervisor.reload(
                plan, stamped: Self.stampedServices(plan, state), now: Clock.monotonicMilliseconds)
        } catch { throw .plan(error) }
    }

    /// The new plan is in force; services have their new numbers. `former` has the old one of each, or −1.
    func takeOver(former: [Int32]) {
        if let successor {
            planFile = successor.file
            for name in successor.removed { groups?.group(named: name).remove() }
            if options.isSystem { followMachine(successor) }
        }
        successor = nil
        var present = [Int](repeating: -1, count: resources.count)
        for (service, old) in former.enumerated() where present.indices.contains(Int(old)) {
            present[Int(old)] = service
        }
        let old = resources
        resources = former.map { old.indices.contains(Int($0)) ? old[Int($0)] : ServiceResources() }
        // From here on what was removed is closed: its output stays readable for the logger, which has it.
        for service in old.indices where present[service] < 0 { discard(old[service]) }
        emptying = emptying.compactMap { one in
            let service = present[one.service]
            return service < 0 ? nil : Emptying(service: service, process: one.process)
        }
        renumberConnections(present)
        pipeOrder = pipeOrder.compactMap { present[$0] < 0 ? nil : present[$0] }
        renumberTags()
        renumberTriggers(former: former)
        announcer.announce(.stage(name: "plan-reloaded"))
        for slot in connections.indices where connections[slot]?.awaits == .reload {
            connections[slot]?.awaits = .nothing
            reply(.end, slot)
        }
    }

    /// What a plan says of the machine, and not of services.
    private func followMachine(_ successor: Successor) {
        SystemSetup.applyIdentity(supervisor.plan)
        let new = supervisor.plan.lateModules.filter { path in
            !successor.lateModules.contains { UTF8Text.equal($0, path) }
        }
        if !new.isEmpty { insertLateModules(new) }
        let watchdogMilliseconds = supervisor.plan.machineWatchdogMilliseconds
        guard watchdogMilliseconds != successor.machineWatchdogMilliseconds else { return }
        if watchdogMilliseconds == 0 { watchdog?.stop() }
        // It is told its new time by being opened anew; the kernel lets it run meanwhile.
        watchdog = nil
        openWatchdog(isLast: true)
    }

    private func discard(_ removed: ServiceResources) {
        for socket in removed.sockets { socket.removeFile() }
    }

    /// Before the order of the pipes changes: how far the logger has come is counted in it.
    private func renumberConnections(_ present: [Int]) {
        for slot in connections.indices {
            guard let connection = connections[slot] else { continue }
            if let next = connection.nextRow {
                let rest = present.dropFirst(next).filter { $0 >= 0 }
                connection.nextRow = rest.min() ?? supervisor.plan.services.count
            }
            if let next = connection.nextPipe {
                connection.nextPipe = pipeOrder.prefix(next).count { present[$0] >= 0 }
            }
            connection.changedSources = connection.changedSources.compactMap {
                present[$0] < 0 ? nil : present[$0]
            }
            if let watched = connection.watchedService {
                connection.watchedService = present[watched] < 0 ? nil : present[watched]
                // Nothing that it waits for can come any more.
                if present[watched] < 0 { refuse("a new plan has removed this service", slot) }
            }
        }
    }

    private func renumberTags() {
        for service in resources.indices {
            do throws(SystemCallError) {
                try resources[service].retag(epoll, service)
            } catch {
                Log.say(.error, supervisor.plan.services[service].name + ": " + error.description)
            }
        }
    }
}

extension ServiceResources {
    fileprivate func retag(_ epoll: borrowing Epoll, _ service: Int) throws(SystemCallError) {
        if let number = readiness?.rawValue {
            try epoll.modify(number: number, tag: Supervision.tag(.readiness, service), for: .reading)
        }
        if let number = stranger?.rawValue {
            try epoll.modify(number: number, tag: Supervision.tag(.stranger, service), for: .reading)
        }
        if let number = events?.rawValue {
            try epoll.modify(number: number, tag: Supervision.tag(.groups, service), for: .change)
        }
    }
}
