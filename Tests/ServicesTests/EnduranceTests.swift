import Testing
import Wire

@testable import Services

/// What must not grow, and what must not take longer, however long it goes on.
@Suite struct EnduranceTests {
    /// A day in which something dies every few seconds.
    @Test func twentyFourHoursOfCrashesLeaveMemoryFlat() throws {
        var random = Seeded(state: 24)
        let count = 20
        var services: [ServiceDefinition] = []
        for index in 0..<count {
            var service = ServiceDefinition(name: "s" + String(100 + index))
            if index > 0, random.chance(30) { service.requires = [services[random.pick(index)].name] }
            service.restart = .always
            services.append(service)
        }
        let plan = BootPlan(
            hostname: "x", services: services, lateModules: [],
            health: .init(services: [], stableForMilliseconds: 0, deadlineMilliseconds: 0))
        var machine = Machine(supervisor: try Supervisor(plan))
        machine.feed(.boot)
        let day: UInt64 = 24 * 3_600_000
        var early: [Int] = []
        while machine.now < day {
            machine.now += random.upTo(6_000)
            machine.feed(.tick)
            let process = machine.supervisor.process(of: random.pick(count))
            if process != 0 { machine.feed(.exited(process: process, .killed(signal: 11))) }
            if early.isEmpty, machine.now > day / 24 { early = machine.sizes }
        }
        #expect(machine.sizes == early)
        #expect(machine.restarts > 20_000)
    }

    /// A chain of 10,000 comes up and goes down without recursion, and its last link can say why it waits.
    @Test func aChainOfTenThousand() throws {
        var services: [ServiceDefinition] = []
        for index in 0..<10_000 {
            var service = ServiceDefinition(name: "s" + String(10_000 + index))
            if index > 0 { service.requires = [services[index - 1].name] }
            services.append(service)
        }
        services[0].readiness = .notify
        services[9_999].finalAction = .isolate("s19000")
        let plan = BootPlan(
            hostname: "x", services: services, lateModules: [],
            health: .init(
                services: ["s19999"], stableForMilliseconds: 0, deadlineMilliseconds: 100_000))
        try plan.validate()
        var machine = Machine(supervisor: try Supervisor(plan))
        machine.feed(.boot)
        #expect(machine.supervisor.explanation(of: 9_999).count > 1)
        machine.feed(.stop(service: 0))
        #expect(machine.supervisor.status(of: 9_999).state == .waiting)
        #expect(machine.supervisor.explanation(of: 9_999).count < 40)
        machine.feed(.start(service: 0))
        machine.feed(.ready(process: machine.supervisor.process(of: 0)))
        #expect(machine.supervisor.status(of: 9_999).state == .ready)
        let restored = try Supervisor(plan, restoring: machine.supervisor.encodeState(), now: 0)
        #expect(restored.status(of: 9_999).state == .ready)
        machine.feed(.shutDown(.powerOff))
        #expect(machine.isFinished)
    }
}

/// A loop whose processes do at once what they are told.
private struct Machine {
    var supervisor: Supervisor
    var now: UInt64 = 0
    var nextProcess: Int32 = 2
    var isFinished = false
    var restarts = 0

    mutating func feed(_ event: Supervisor.Event) {
        var queue = [event]
        var next = 0
        while next < queue.count {
            let effects = supervisor.handle(queue[next], now: now)
            next += 1
            for effect in effects {
                switch effect {
                case .spawn(let service):
                    queue.append(.spawned(service: service, process: nextProcess))
                    nextProcess = nextProcess == 30_000 ? 2 : nextProcess + 1
                    restarts += 1
                case .signal(_, let process, _): queue.append(.exited(process: process, .killed(signal: 15)))
                case .killGroup(let service, _): queue.append(.groupEmpty(service: service))
                case .finishShutdown: isFinished = true
                default: break
                }
            }
        }
    }

    /// Everything in the supervisor that could grow.
    var sizes: [Int] {
        [
            supervisor.encodeState().count, supervisor.records.capacity, supervisor.processes.capacity,
            supervisor.deadlines.capacity, supervisor.worklist.capacity, supervisor.candidates.capacity,
            supervisor.effects.capacity,
        ]
    }
}
