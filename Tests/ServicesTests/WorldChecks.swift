import Wire

@testable import Services

extension World {
    /// Is it up as far as the outside can tell?
    func isUp(_ service: Int) -> Bool {
        switch plan.services[service].kind {
        case .target: supervisor.status(of: service).state == .ready
        case .oneShot: supervisor.status(of: service).state == .done && lastExit[service] == .exited(code: 0)
        case .longRunning:
            alive.values.contains { $0.service == service && $0.hasSaidReady && $0.signalledAt == nil }
                && supervisor.status(of: service).state == .ready
        }
    }

    func checkHealthIsUp(_ effect: String) throws {
        for name in plan.health.services where !isUp(plan.index(of: name)!) {
            throw Violation(description: "\(effect) although \(name) is not up")
        }
    }

    /// After every step: states are true, stops are bounded, promises are kept once.
    func checkClaims() throws {
        for service in plan.services.indices {
            let status = supervisor.status(of: service)
            let claimsUp = status.state == .ready || status.state == .done
            if claimsUp, !isUp(service) {
                throw Violation(description: "\(status.name) is called \(status.state.name) but is not")
            }
            if status.pid != 0, alive[status.pid] == nil {
                throw Violation(description: "\(status.name) claims the dead process \(status.pid)")
            }
            if status.state == .stopped || status.state == .failed || status.state == .waiting,
                status.pid != 0
            {
                throw Violation(description: "\(status.name) is \(status.state.name) but has a process")
            }
            if claimsUp, shutdownAt == nil {
                for name in plan.services[service].requires where !isUp(plan.index(of: name)!) {
                    throw Violation(description: "\(status.name) stays up without \(name)")
                }
            }
        }
        for process in alive.values {
            guard let since = process.signalledAt, !process.hangs else { continue }
            let grace = UInt64(plan.services[process.service].stopGraceMilliseconds)
            if now > since + grace + 20 { throw Violation(description: "a stop does not end") }
        }
        guard becameReady <= 1, markedHealthy + failedBoots <= 1, finished <= 1 else {
            throw Violation(description: "something that happens once happened again")
        }
    }

    /// When nothing is left to happen: whoever could run runs.
    func checkNobodyIsForgotten() throws {
        for service in plan.services.indices {
            let status = supervisor.status(of: service)
            let requirementsUp = plan.services[service].requires.allSatisfy { isUp(plan.index(of: $0)!) }
            if status.state == .stopping {
                throw Violation(description: "\(status.name) is stopping for ever")
            }
            if status.state == .waiting, requirementsUp, supervisor.nextDeadline == nil {
                throw Violation(description: "\(status.name) waits for nothing")
            }
            if status.state == .starting, plan.services[service].startTimeoutMilliseconds > 0,
                supervisor.nextDeadline == nil
            {
                throw Violation(description: "\(status.name) is starting for ever")
            }
        }
    }

    func checkEverythingEnded() throws {
        guard finished == 1 else { throw Violation(description: "the shutdown did not finish") }
        for process in alive.values where !process.hangs {
            throw Violation(
                description: "\(plan.services[process.service].name) still runs after the shutdown")
        }
        guard supervisor.nextDeadline == nil || supervisor.isShuttingDown else {
            throw Violation(description: "a deadline is left")
        }
    }

    /// A random plan without cycles: everybody knows only names before its own.
    static func randomPlan(_ random: inout Seeded) -> BootPlan {
        let count = 1 + random.pick(12)
        var services: [ServiceDefinition] = []
        for index in 0..<count {
            var service = ServiceDefinition(name: index < 10 ? "s0\(index)" : "s\(index)")
            service.kind = random.chance(65) ? .longRunning : random.chance(70) ? .oneShot : .target
            for other in services.indices where random.chance(18) {
                service.requires.append(services[other].name)
            }
            for other in services.indices where random.chance(10) {
                service.after.append(services[other].name)
            }
            for other in services.indices where random.chance(5) {
                service.wants.append(services[other].name)
            }
            service.readiness = random.chance(40) ? .exec : random.chance(50) ? .notify : .descriptor(3)
            service.restart = [.never, .onFailure, .onFailure, .always][random.pick(4)]
            service.startTimeoutMilliseconds = random.chance(90) ? 500 : 150
            service.restartDelayMilliseconds = UInt32(random.pick(100))
            service.restartDelayLimitMilliseconds = 1_000
            service.restartResetMilliseconds = 2_000
            service.stopGraceMilliseconds = UInt32(random.pick(300))
            service.stopsLast = random.chance(10)
            services.append(service)
        }
        let health = services.filter { _ in random.chance(20) }.map(\.name)
        var plan = BootPlan(
            hostname: "sim", services: services, lateModules: [],
            health: .init(
                services: health, stableForMilliseconds: UInt32(random.pick(3_000)),
                deadlineMilliseconds: random.chance(50) ? 0 : UInt32(1_000 + random.pick(20_000))))
        plan.shutdownBudgetMilliseconds = 2_000
        return plan
    }
}
