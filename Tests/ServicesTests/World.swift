import Wire

@testable import Services

/// A small, fast generator with a printable seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
    mutating func upTo(_ limit: UInt64) -> UInt64 { UInt64.random(in: 0...limit, using: &self) }
    mutating func pick(_ limit: Int) -> Int { Int.random(in: 0..<limit, using: &self) }
}

/// Simulated processes around a supervisor: it performs every effect, now and then badly, and checks after
/// every step that the supervisor's claims agree with what "really" runs here.
struct World {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    struct Process {
        let service: Int
        var hasSaidReady = false
        var signalledAt: UInt64?
        /// Hangs in the kernel: not even a kill ends it.
        var hangs = false
        var ignoresSignal = false
    }

    enum Happening { case ready(Int32), exit(Int32, ExitStatus), command(Supervisor.Event) }

    let plan: BootPlan
    var supervisor: Supervisor
    var random: Seeded
    var now: UInt64 = 0
    var alive: [Int32: Process] = [:]
    var agenda: [(time: UInt64, order: Int, what: Happening)] = []
    var nextProcess: Int32 = 2
    var nextOrder = 0
    var lastExit: [Int: ExitStatus] = [:]
    var faultsEnabled = true
    var shutdownAt: UInt64?
    var finished = 0
    var becameReady = 0
    var markedHealthy = 0
    var failedBoots = 0
    var trace: [String] = []

    init(_ plan: BootPlan, random: Seeded) throws {
        self.plan = plan
        self.random = random
        supervisor = try Supervisor(plan)
    }

    mutating func schedule(_ delay: UInt64, _ what: Happening) {
        agenda.append((now + delay, nextOrder, what))
        nextOrder += 1
    }

    /// Runs until nothing is left to happen, or the time is over.
    mutating func run(until end: UInt64) throws {
        while true {
            let next = agenda.indices.min {
                (agenda[$0].time, agenda[$0].order) < (agenda[$1].time, agenda[$1].order)
            }
            let happening = next.map { agenda[$0].time } ?? .max
            let deadline = supervisor.nextDeadline ?? .max
            guard min(happening, deadline) <= end else { break }
            if deadline < happening {
                now = max(now, deadline)
                try feed(.tick)
            } else {
                let (time, _, what) = agenda.remove(at: next!)
                now = max(now, time)
                try happen(what)
            }
        }
        now = end
    }

    private mutating func happen(_ what: Happening) throws {
        switch what {
        case .ready(let process):
            guard alive[process] != nil else { return }
            alive[process]!.hasSaidReady = true
            try feed(.ready(process: process))
        case .exit(let process, let status):
            guard let ended = alive.removeValue(forKey: process) else { return }
            lastExit[ended.service] = status
            try feed(.exited(process: process, status))
        case .command(let event): try feed(event)
        }
    }

    /// One event and all that follows from it at once; answers to spawns come back in order, as in the real
    /// loop.
    mutating func feed(_ event: Supervisor.Event) throws {
        var queue = [event]
        while !queue.isEmpty {
            let event = queue.removeFirst()
            trace.append("\(now): \(event)")
            let effects = supervisor.handle(event, now: now)
            // A boot that fails may do so in the very step that asks for a spawn.
            if supervisor.isShuttingDown, shutdownAt == nil { shutdownAt = now }
            for effect in effects {
                trace.append("    \(effect)")
                if let answer = try perform(effect) { queue.append(answer) }
            }
        }
        try checkClaims()
    }

    private mutating func perform(_ effect: Supervisor.Effect) throws -> Supervisor.Event? {
        guard finished == 0 else { throw Violation(description: "\(effect) after the end of the shutdown") }
        switch effect {
        case .spawn(let service): return try spawn(service)
        case .signal(let service, let process, _): try signal(service, process)
        case .killGroup(let service, let process):
            try kill(service, process)
            schedule(random.upTo(40), .command(.groupEmpty(service: service)))
        case .announce, .probe, .arm, .disarm, .measure, .forgetStored, .stamp, .fallBack, .overdue,
            .replan:
            break
        case .becameReady:
            becameReady += 1
            try checkHealthIsUp("becameReady")
        case .markHealthy:
            markedHealthy += 1
            try checkHealthIsUp("markHealthy")
        case .failBoot: failedBoots += 1
        case .finishShutdown: finished += 1
        }
        return nil
    }

    private mutating func spawn(_ service: Int) throws -> Supervisor.Event {
        let definition = plan.services[service]
        for process in alive.values where process.service == service && !process.hangs {
            throw Violation(description: "\(definition.name) is started twice")
        }
        if shutdownAt == nil {
            for name in definition.requires where !isUp(plan.index(of: name)!) {
                throw Violation(description: "\(definition.name) starts although \(name) is not up")
            }
        }
        if faultsEnabled, random.chance(6) { return .execFailed(service: service, errorNumber: 2) }
        let process = nextProcess
        nextProcess += 1
        var started = Process(service: service)
        started.ignoresSignal = faultsEnabled && random.chance(15)
        started.hangs = faultsEnabled && random.chance(1)
        started.hasSaidReady = definition.readiness == .exec
        alive[process] = started
        if definition.kind == .oneShot {
            schedule(
                random.upTo(300),
                .exit(process, faultsEnabled && random.chance(25) ? failure() : .exited(code: 0)))
        } else {
            if definition.readiness != .exec, !faultsEnabled || !random.chance(10) {
                schedule(random.upTo(200), .ready(process))
            }
            if faultsEnabled, random.chance(30) {
                schedule(random.upTo(4_000), .exit(process, random.chance(30) ? .exited(code: 0) : failure()))
            }
        }
        return .spawned(service: service, process: process)
    }

    private mutating func failure() -> ExitStatus {
        random.chance(50) ? .exited(code: 1) : .killed(signal: 11)
    }

    private mutating func signal(_ service: Int, _ process: Int32) throws {
        guard alive[process]?.service == service else {
            throw Violation(
                description: "a signal for \(process), which is not a process of service \(service)")
        }
        for other in alive.values
        where plan.services[other.service].requires.contains(plan.services[service].name) {
            guard !other.hangs else { continue }
            throw Violation(description: "\(plan.services[service].name) stops before one that requires it")
        }
        alive[process]!.signalledAt = now
        if !alive[process]!.ignoresSignal, !alive[process]!.hangs {
            schedule(random.upTo(100), .exit(process, .killed(signal: 15)))
        }
    }

    private mutating func kill(_ service: Int, _ process: Int32) throws {
        guard process != 0 else { return }
        guard let victim = alive[process], victim.service == service else {
            throw Violation(
                description: "a kill for \(process), which is not a process of service \(service)")
        }
        if !victim.hangs { schedule(random.upTo(20), .exit(process, .killed(signal: 9))) }
    }
}
