import Testing
import Wire

@testable import Services

/// Random plans, random faults, random commands; a failure prints the seed that brings it back.
@Suite struct SimulationTests {
    static let runs: UInt64 = 2_000

    @Test func invariantsHoldInEveryWorld() throws {
        for seed in 1...Self.runs {
            do { try simulate(seed) } catch {
                Issue.record("seed \(seed): \(error)")
                return
            }
        }
    }

    private func simulate(_ seed: UInt64) throws {
        var random = Seeded(state: seed)
        let plan = World.randomPlan(&random)
        let commands = random.pick(8)
        var world = try World(plan, random: random)
        do { try play(&world, commands, isPatient: seed % 2 == 0) } catch {
            throw World.Violation(description: "\(error)\n" + world.trace.suffix(40).joined(separator: "\n"))
        }
    }

    private func play(_ world: inout World, _ commands: Int, isPatient: Bool) throws {
        try world.feed(.boot)
        for _ in 0..<commands {
            let service = world.random.pick(world.plan.services.count)
            let command: [Supervisor.Event] = [
                .start(service: service), .stop(service: service), .restart(service: service),
                .exited(process: 1, .exited(code: 0)), .ready(process: 1), .tick,
            ]
            world.schedule(world.random.upTo(8_000), .command(command[world.random.pick(command.count)]))
        }
        try world.run(until: 10_000)
        // Half of the worlds calm down before they end: then nobody may be left waiting without a reason.
        if isPatient, world.shutdownAt == nil {
            world.faultsEnabled = false
            try world.run(until: 60_000)
            try world.checkNobodyIsForgotten()
        }
        if world.finished == 0 { try world.feed(.shutDown(.powerOff)) }
        let asked = world.shutdownAt ?? world.now
        try world.run(until: asked + 2_000 + Supervisor.killPatienceMilliseconds + 400 + 2_000)
        try world.checkEverythingEnded()
    }

    /// Without faults and commands everything comes up, is healthy and stops within the budget.
    @Test func aQuietWorldBecomesHealthy() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = Seeded(state: seed)
            var plan = World.randomPlan(&random)
            for index in plan.services.indices { plan.services[index].startTimeoutMilliseconds = 1_000 }
            plan.health.deadlineMilliseconds = 30_000
            var world = try World(plan, random: random)
            world.faultsEnabled = false
            try world.feed(.boot)
            try world.run(until: 20_000)
            #expect(world.markedHealthy == 1 && world.becameReady == 1, "seed \(seed)")
            #expect(plan.services.indices.allSatisfy { world.isUp($0) }, "seed \(seed)")
            try world.feed(.shutDown(.reboot))
            try world.run(until: 30_000)
            try world.checkEverythingEnded()
        }
    }

    @Test func theProcessTableAgreesWithADictionary() {
        var random = Seeded(state: 7)
        var table = ProcessTable()
        var model: [Int32: Int] = [:]
        for _ in 0..<20_000 {
            let process = Int32(1 + random.pick(500)) * (random.chance(50) ? 1 : 64)
            if random.chance(50) {
                table.insert(process, Int(process))
                model[process] = Int(process)
            } else {
                #expect(table.remove(process) == model.removeValue(forKey: process))
            }
            #expect(table.count == model.count)
            let probe = Int32(1 + random.pick(500))
            #expect(table[probe] == model[probe])
        }
    }

    @Test func theHeapPopsInOrder() {
        var random = Seeded(state: 9)
        var heap = DeadlineHeap(count: 64)
        var model: [Int: UInt64] = [:]
        for _ in 0..<20_000 {
            let index = random.pick(64)
            switch random.pick(3) {
            case 0:
                model[index] = random.upTo(1_000)
                heap.set(index, model[index]!)
            case 1:
                model[index] = nil
                heap.clear(index)
            default:
                let earliest = model.min { ($0.value, $0.key) < ($1.value, $1.key) }
                #expect(heap.earliest == earliest?.value)
                if let earliest {
                    #expect(heap.popDue(earliest.value) == earliest.key)
                    model[earliest.key] = nil
                }
            }
        }
    }
}
