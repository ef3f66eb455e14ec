import Wire

@testable import Services

extension World {
    mutating func perform(_ effect: Supervisor.Effect) throws -> Supervisor.Event? {
        guard finished == 0 else { throw Violation(description: "\(effect) after the end of the shutdown") }
        switch effect {
        case .spawn(let service): return try spawn(service)
        case .signal(let service, let process, let signal): try self.signal(service, process, signal)
        case .killGroup(let service, let process): return try kill(service, process)
        case .probe(let service): return try probe(service)
        case .arm(let service): try arm(service)
        case .disarm(let service):
            guard services[service].isArmed else { throw Violation(description: "disarmed twice") }
            services[service].isArmed = false
        case .measure(let service):
            services[service].usage += random.chance(60) ? random.upTo(900) : random.upTo(9_000)
            return .usage(service: service, microseconds: services[service].usage)
        case .stamp(let service):
            guard !services[service].isStamped else { throw Violation(description: "stamped twice") }
            services[service].isStamped = true
        case .announce(let service, let state, _, let reason): try heed(service, state, reason)
        case .overdue(let service):
            overdueAt = now
            // After a jump its patience may end in the same step.
            guard now == jumpedAt || supervisor.records[service].state == .stopping else {
                throw Violation(description: "overdue, but not stopping")
            }
        case .replan(let former): try replan(former)
        case .becameReady:
            becameReady += 1
            try checkHealthIsUp("becameReady")
        case .markHealthy:
            markedHealthy += 1
            try checkHealthIsUp("markHealthy")
        case .failBoot: failedBoots += 1
        case .fallBack, .forgetStored: break
        case .finishShutdown: finished += 1
        }
        return nil
    }

    private mutating func arm(_ service: Int) throws {
        let name = plan.services[service].name
        // In the step that begins a shutdown, it is disarmed again.
        guard !services[service].isArmed, shutdownAt == nil || shutdownAt == now else {
            throw Violation(description: "\(name) is armed twice, or in a shutdown")
        }
        guard !alive.values.contains(where: { $0.service == service }) else {
            throw Violation(description: "\(name) is armed while something of it runs")
        }
        services[service].isArmed = true
        if random.chance(70) { schedule(random.upTo(2_000), .trigger(name)) }
    }

    private mutating func heed(_ service: Int, _ state: ServiceState, _ reason: Reason) throws {
        if state == .ready || state == .done { services[service].hasBeenUp = true }
        if state == .ready, reason == .none { services[service].lastSign = supervisor.now }
        if state == .failed { forgetDelays() }
        guard state == .waiting, supervisor.records[service].state == .backoff,
            let end = supervisor.deadline(of: service)
        else { return }
        let started = services[service].startedAt
        let definition = plan.services[service]
        let first = max(1, UInt64(definition.restartDelayMilliseconds))
        let limit = max(first, UInt64(definition.restartDelayLimitMilliseconds))
        let percent = UInt64(definition.restartJitterPercent)
        guard end >= started + max(1, first - first * percent / 100),
            end <= supervisor.now + limit + limit * percent / 100
        else {
            throw Violation(description: "\(definition.name) was started at \(started), restarts at \(end)")
        }
        services[service].earliestStart = end
    }

    private mutating func spawn(_ service: Int) throws -> Supervisor.Event {
        try checkMayStart(service)
        services[service].isBroken = false
        services[service].startedAt = supervisor.now
        let definition = plan.services[service]
        if faultsEnabled, random.chance(6) { return .execFailed(service: service, errorNumber: 2) }
        let process = takeProcess(service, .main)
        alive[process]!.hasSaidReady = definition.readiness == .exec || definition.readiness == .probe
        if faultsEnabled, random.chance(20) { _ = takeProcess(service, .leftover) }
        if definition.kind == .oneShot {
            let status = faultsEnabled && random.chance(25) ? failure() : .exited(code: 0)
            schedule(random.upTo(300), .exit(process, status))
        } else {
            scheduleLife(of: process, definition)
        }
        return .spawned(service: service, process: process)
    }

    private mutating func takeProcess(_ service: Int, _ role: Process.Role) -> Int32 {
        let process = nextProcess
        nextProcess += 1
        var started = Process(service: service, role: role)
        started.ignoresSignal = role == .leftover || faultsEnabled && random.chance(15)
        started.hangs = faultsEnabled && random.chance(1)
        alive[process] = started
        return process
    }

    /// The parent ends soon after, as daemons do; nobody may take its end for the service's.
    mutating func fork(_ parent: Int32) -> Int32 {
        let child = takeProcess(alive[parent]!.service, .main)
        alive[child]!.hasSaidReady = alive[parent]!.hasSaidReady
        alive[parent]!.role = .leftover
        schedule(random.upTo(100), .exit(parent, .exited(code: 0)))
        let definition = plan.services[alive[child]!.service]
        if definition.kind == .oneShot {
            schedule(random.upTo(300), .exit(child, .exited(code: 0)))
        } else {
            scheduleLife(of: child, definition)
        }
        return child
    }

    private mutating func scheduleLife(of process: Int32, _ definition: ServiceDefinition) {
        let isNotified = definition.readiness == .notify || definition.readiness == .descriptor(3)
        if isNotified, !faultsEnabled || !random.chance(10) { schedule(random.upTo(200), .ready(process)) }
        let period = UInt64(definition.watchdogMilliseconds)
        if period > 0 { schedule(random.upTo(period / 2), .alive(process)) }
        guard faultsEnabled, random.chance(30) else { return }
        schedule(random.upTo(4_000), .exit(process, random.chance(30) ? .exited(code: 0) : failure()))
    }

    private mutating func failure() -> ExitStatus {
        random.chance(50) ? .exited(code: 1) : .killed(signal: 11)
    }

    private mutating func probe(_ service: Int) throws -> Supervisor.Event {
        let name = plan.services[service].name
        guard !alive.values.contains(where: { $0.service == service && $0.role == .probe }) else {
            throw Violation(description: "\(name) is probed twice at once")
        }
        guard supervisor.process(of: service) != 0 else {
            throw Violation(description: "\(name) is probed, but does not run")
        }
        if faultsEnabled, random.chance(10) { return .probing(service: service, process: 0) }
        let process = takeProcess(service, .probe)
        if !faultsEnabled || !random.chance(10) {
            schedule(random.upTo(60), .exit(process, .exited(code: random.chance(50) ? 0 : 1)))
        }
        return .probing(service: service, process: process)
    }

    private mutating func signal(_ service: Int, _ process: Int32, _ signal: UInt8) throws {
        let name = plan.services[service].name
        guard let target = alive[process], target.service == service else {
            throw Violation(description: "a signal for \(process), which is not a process of \(name)")
        }
        if signal == 6 { try checkWatchdog(service) }
        if target.role == .main, signal != 6, !supervisor.isBudgetSpent { try checkStopOrder(service) }
        alive[process]!.signalledAt = now
        guard !target.hangs, signal == 9 || !target.ignoresSignal else { return }
        schedule(random.upTo(signal == 9 ? 20 : 100), .exit(process, .killed(signal: Int32(signal))))
    }

    private mutating func kill(_ service: Int, _ process: Int32) throws -> Supervisor.Event? {
        guard process == 0 || alive[process]?.service == service else {
            throw Violation(description: "a kill for \(process), which is not of service \(service)")
        }
        guard !services[service].awaitsEmpty else { throw Violation(description: "killed twice at once") }
        var isEmpty = true
        for victim in alive.keys.sorted() where alive[victim]!.service == service {
            isEmpty = false
            if !alive[victim]!.hangs {
                schedule(random.upTo(20), .exit(victim, .killed(signal: 9)))
            } else if random.chance(50) {
                // The kernel comes back, late.
                schedule(3_000 + random.upTo(5_000), .exit(victim, .killed(signal: 9)))
            }
        }
        if isEmpty, random.chance(70) { return .groupEmpty(service: service) }
        services[service].awaitsEmpty = !isEmpty
        if isEmpty { schedule(random.upTo(30), .groupEmpty(plan.services[service].name)) }
        return nil
    }

    /// Everything that is kept by number moves to the new numbers.
    private mutating func replan(_ former: [Int32]) throws {
        guard let new = successor, former.count == new.services.count else {
            throw Violation(description: "a replan that nobody asked for")
        }
        successor = nil
        replans += 1
        trace.append("\(now): the plan is now \(new.services.map(\.name))")
        let (old, oldPlan) = (services, plan)
        plan = new
        var present: [Int: Int] = [:]
        services = former.indices.map { service in
            let index = Int(former[service])
            guard index >= 0 else { return Service() }
            present[index] = service
            var kept = old[index]
            if !new.services[service].isSame(as: oldPlan.services[index]) {
                kept.hasBeenUp = false
                kept.earliestStart = 0
            }
            return kept
        }
        for process in alive.keys {
            let service = alive[process]!.service
            if let moved = present[service] {
                alive[process]!.service = moved
            } else if alive[process]!.hangs {
                alive[process] = nil
            } else {
                throw Violation(description: "a removed service still runs")
            }
        }
    }
}
