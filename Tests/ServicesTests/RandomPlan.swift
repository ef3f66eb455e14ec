@testable import Services

extension World {
    /// A random plan without cycles: everybody waits only for names before its own.
    static func randomPlan(_ random: inout Seeded) -> BootPlan {
        let count = 1 + random.pick(12)
        var services: [ServiceDefinition] = []
        for index in 0..<count {
            let name = index < 10 ? "s0\(index)" : "s\(index)"
            services.append(randomService(name, after: services.map(\.name), &random))
        }
        let health = services.filter { _ in random.chance(15) }.map(\.name)
        var plan = BootPlan(
            hostname: "sim", services: services, lateModules: [],
            health: .init(
                services: health, stableForMilliseconds: UInt32(random.pick(3_000)),
                deadlineMilliseconds: random.chance(50) ? 0 : UInt32(1_000 + random.pick(20_000))))
        plan.shutdownBudgetMilliseconds = 2_000
        return plan
    }

    private static func randomService(
        _ name: String, after others: [String], _ random: inout Seeded
    ) -> ServiceDefinition {
        var service = ServiceDefinition(name: name)
        service.kind = random.chance(65) ? .longRunning : random.chance(70) ? .oneShot : .target
        for other in others {
            if random.chance(14) { service.requires.append(other) }
            if random.chance(7) { service.milestones.append(other) }
            if random.chance(8) { service.after.append(other) }
            if random.chance(5) { service.wants.append(other) }
            if random.chance(4) { service.conflicts.append(other) }
        }
        service.readiness = [.exec, .exec, .notify, .descriptor(3), .probe][random.pick(5)]
        service.probeIntervalMilliseconds = UInt32(random.pick(200))
        service.startTimeoutMilliseconds = random.chance(90) ? 500 : 150
        service.stopGraceMilliseconds = UInt32(random.pick(300))
        service.stopsLast = random.chance(10)
        service.runsOncePerInstallation = service.kind == .oneShot && random.chance(30)
        if service.kind == .longRunning, random.chance(20) { service.watchdogMilliseconds = 600 }
        randomRestart(&service, others, &random)
        randomActivation(&service.activation, &random)
        return service
    }

    private static func randomRestart(
        _ service: inout ServiceDefinition, _ others: [String], _ random: inout Seeded
    ) {
        service.restart = [.never, .onFailure, .onFailure, .always][random.pick(4)]
        service.restartDelayMilliseconds = UInt32(random.pick(100))
        service.restartDelayLimitMilliseconds = 1_000
        service.restartResetMilliseconds = 2_000
        service.restartJitterPercent = UInt8(random.pick(4) * 10)
        if random.chance(30) { service.restartLimit = UInt16(1 + random.pick(4)) }
        service.restartWindowMilliseconds = UInt32(random.pick(10_000))
        guard random.chance(20) else { return }
        let other = others.isEmpty ? service.name : others[random.pick(others.count)]
        let actions: [ServiceDefinition.FinalAction] = [
            .isolate(other), .start(other), .start(service.name), .reboot, .fallbackSlot,
        ]
        service.finalAction = actions[random.pick(actions.count)]
    }

    private static func randomActivation(_ activation: inout Activation, _ random: inout Seeded) {
        activation.atBoot = random.chance(75)
        if random.chance(25) { activation.devices = ["sda"] }
        if random.chance(15) { activation.paths = [PathTrigger(path: "/x", condition: .exists)] }
        if random.chance(15) { activation.idleStopMilliseconds = UInt32(100 + random.pick(1_000)) }
    }

    /// Another plan that shares most of its services with this one.
    static func changed(_ plan: BootPlan, _ random: inout Seeded) -> BootPlan {
        var new = plan
        if new.services.count > 1, random.chance(50) {
            let gone = new.services.remove(at: random.pick(new.services.count)).name
            new.health.services.removeAll { $0 == gone }
            for index in new.services.indices { new.services[index].forget(gone) }
        }
        for index in new.services.indices where random.chance(15) {
            let names = new.services[..<index].map(\.name)
            let name = new.services[index].name
            if random.chance(50) { new.services[index] = randomService(name, after: names, &random) }
            new.services[index].arguments.append("changed")
        }
        if random.chance(50) {
            let position = random.pick(new.services.count + 1)
            let before = new.services[..<position].map(\.name)
            let name = (before.last ?? "s") + "+"
            if new.index(of: name) == nil {
                new.services.insert(randomService(name, after: before, &random), at: position)
            }
        }
        return new
    }

    /// A plan that cannot be run.
    static func spoiled(_ plan: BootPlan, _ random: inout Seeded) -> BootPlan {
        var new = changed(plan, &random)
        let last = new.services.count - 1
        switch random.pick(4) {
        case 0: new.services[last].requires.append("nobody")
        case 1: new.services[0].after.append(new.services[0].name)
        case 2:
            new.services[0].milestones.append(new.services[last].name)
            new.services[last].requires.append(new.services[0].name)
        default: new.services.append(new.services[0])
        }
        return new
    }
}

extension ServiceDefinition {
    fileprivate mutating func forget(_ name: String) {
        requires.removeAll { $0 == name }
        milestones.removeAll { $0 == name }
        wants.removeAll { $0 == name }
        after.removeAll { $0 == name }
        conflicts.removeAll { $0 == name }
        if finalAction == .start(name) || finalAction == .isolate(name) { finalAction = .none }
    }
}
