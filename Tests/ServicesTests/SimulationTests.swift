import Glibc
import Testing
import Wire

@testable import Services

/// Random plans, random faults, random commands; a failure prints the seed that brings it back.
@Suite struct SimulationTests {
    /// More worlds for a long run: AMOS_SIMULATION_SEEDS=100000.
    static let runs: UInt64 = {
        guard let text = getenv("AMOS_SIMULATION_SEEDS") else { return 2_000 }
        return UInt64(String(cString: text)) ?? 2_000
    }()

    @Test func invariantsHoldInEveryWorld() throws {
        var events = 0
        for seed in 1...Self.runs {
            do { events += try simulate(seed, isTraced: false) } catch {
                // Once more, with a record of what happened.
                do { _ = try simulate(seed, isTraced: true) } catch { Issue.record("seed \(seed): \(error)") }
                return
            }
        }
        print("\(Self.runs) worlds, \(events) events")
    }

    private func simulate(_ seed: UInt64, isTraced: Bool) throws -> Int {
        var random = Seeded(state: seed)
        let plan = World.randomPlan(&random)
        let stamped = plan.services.indices.filter { _ in random.chance(10) }
        var world = try World(plan, random: random, stamped: stamped)
        world.isTraced = isTraced
        do { try play(&world, isPatient: seed % 2 == 0) } catch {
            throw World.Violation(
                description: "\(error)\n" + world.trace.suffix(80).joined(separator: "\n"))
        }
        return world.eventCount
    }

    private func play(_ world: inout World, isPatient: Bool) throws {
        try world.feed(.boot)
        for _ in 0..<world.random.pick(10) { world.scheduleCommand() }
        try world.run(until: 10_000)
        // Half of the worlds calm down before they end: then nobody may be left waiting without a reason.
        if isPatient, world.shutdownAt == nil {
            world.faultsEnabled = false
            try world.run(until: world.now + 15_000)
            if world.shutdownAt == nil { try world.checkNobodyIsForgotten() }
        }
        if world.finished == 0 { try world.feed(.shutDown(.powerOff)) }
        let asked = max(world.shutdownAt ?? world.now, world.jumpedAt)
        try world.run(until: asked + 2_000 + Supervisor.killPatienceMilliseconds + 400 + 2_000)
        try world.checkEverythingEnded()
    }

    /// Without faults and commands everything comes up, is healthy and stops within the budget.
    @Test func aQuietWorldBecomesHealthy() throws {
        for seed in 1...300 as ClosedRange<UInt64> {
            var random = Seeded(state: seed)
            var plan = World.randomPlan(&random)
            for index in plan.services.indices {
                plan.services[index].startTimeoutMilliseconds = 10_000
                plan.services[index].activation = Activation()
                plan.services[index].conflicts = []
            }
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
