import Wire

@testable import Services

/// Simulated processes around a supervisor: it performs every effect, now and then badly, and checks after
/// every step that the supervisor's claims agree with what "really" runs here.
struct World {
    struct Violation: Error, CustomStringConvertible {
        let description: String
    }

    struct Process {
        enum Role { case main, probe, leftover }

        var service: Int
        var role = Role.main
        var hasSaidReady = false
        var signalledAt: UInt64?
        /// Hangs in the kernel: not even a kill ends it.
        var hangs = false
        var ignoresSignal = false
    }

    /// What the world knows of a service beside its processes.
    struct Service {
        var isArmed = false
        var hasBeenUp = false
        var lastExit: ExitStatus?
        /// A kill of its group waits for its answer.
        var awaitsEmpty = false
        var isAwaitingSpawnAnswer = false
        var usage: UInt64 = 0
        var isStamped = false
        /// When it last became ready, or gave a sign of life.
        var lastSign: UInt64 = 0
        var isBroken = false
        var startedAt: UInt64 = 0
        /// Not before this time may a restart come, unless somebody intervenes.
        var earliestStart: UInt64 = 0
    }

    /// What the checks look at after every event, without copies of whole definitions or searches for names.
    struct Facts {
        var kind: ServiceDefinition.Kind
        var grace: UInt64
        var requires: [Int] = []
        var milestones: [Int] = []
        var conflicts: [Int] = []

        static func of(_ plan: BootPlan) -> [Facts] {
            plan.services.map { service in
                let indices = { (names: [String]) in names.map { plan.index(of: $0)! } }
                return Facts(
                    kind: service.kind, grace: UInt64(service.stopGraceMilliseconds),
                    requires: indices(service.requires), milestones: indices(service.milestones),
                    conflicts: indices(service.conflicts))
            }
        }
    }

    enum Happening {
        case ready(Int32)
        case exit(Int32, ExitStatus)
        case alive(Int32)
        // By name: a reload renumbers.
        case trigger(String)
        case groupEmpty(String)
        case event(String, (Int) -> Supervisor.Event)
        case broken(String)
        case takeOver(String)
        case reload
        case jump(UInt64)
        case restore
    }

    var plan: BootPlan { didSet { facts = Facts.of(plan) } }
    var facts: [Facts]
    var supervisor: Supervisor
    /// A supervisor that was written down and taken up again; it must decide the same from then on.
    var twin: Supervisor?
    var random: Seeded
    var now: UInt64 = 0
    var alive: [Int32: Process] = [:]
    var services: [Service]
    var agenda: [(time: UInt64, order: Int, what: Happening)] = []
    var nextProcess: Int32 = 2
    var nextOrder = 0
    var faultsEnabled = true
    /// The last time that the clock jumped: bounds on delays are judged only for what began since.
    var jumpedAt: UInt64 = 0
    var shutdownAt: UInt64?
    var overdueAt: UInt64?
    var finished = 0
    var becameReady = 0
    var markedHealthy = 0
    var failedBoots = 0
    var replans = 0
    var successor: BootPlan?
    var trace: [String] = []
    var isTraced = false
    var eventCount = 0

    init(_ plan: BootPlan, random: Seeded, stamped: [Int] = []) throws {
        self.plan = plan
        facts = Facts.of(plan)
        self.random = random
        services = [Service](repeating: Service(), count: plan.services.count)
        for service in stamped { services[service].isStamped = true }
        supervisor = try Supervisor(plan, seed: self.random.next(), stamped: stamped)
    }

    mutating func schedule(_ delay: UInt64, _ what: Happening) {
        agenda.append((now + delay, nextOrder, what))
        nextOrder += 1
    }

    mutating func schedule(
        _ delay: UInt64, _ service: Int, _ event: @escaping (Int) -> Supervisor.Event
    ) {
        schedule(delay, .event(plan.services[service].name, event))
    }

    /// Runs until nothing is left to happen, or the time is over.
    mutating func run(until end: UInt64) throws {
        while true {
            var next: Int?
            for index in agenda.indices {
                guard let best = next else {
                    next = index
                    continue
                }
                let (mine, its) = (agenda[index], agenda[best])
                if mine.time < its.time || mine.time == its.time && mine.order < its.order { next = index }
            }
            let happening = next.map { agenda[$0].time } ?? .max
            let deadline = supervisor.nextDeadline ?? .max
            guard min(happening, deadline) <= end else { break }
            if deadline < happening {
                now = max(now, deadline)
                try feed(.tick)
            } else {
                let (time, _, what) = agenda[next!]
                agenda.swapAt(next!, agenda.count - 1)
                agenda.removeLast()
                now = max(now, time)
                try happen(what)
            }
        }
        now = max(now, end)
    }

    private mutating func happen(_ what: Happening) throws {
        switch what {
        case .ready(let process):
            guard alive[process] != nil else { return }
            alive[process]!.hasSaidReady = true
            try feed(.ready(process: process))
        case .exit(let process, let status):
            guard let ended = alive.removeValue(forKey: process) else { return }
            if ended.role == .main { services[ended.service].lastExit = status }
            try feed(.exited(process: process, status))
            try reportEmpty(ended.service)
        case .alive(let process): try giveSign(process)
        case .trigger(let name):
            guard let service = plan.index(of: name), services[service].isArmed else { return }
            try feed(.triggered(service: service))
            // The connection is still there: it would trigger again.
            if services[service].isArmed { schedule(1 + random.upTo(400), .trigger(name)) }
        case .groupEmpty(let name):
            if let service = plan.index(of: name) { try feed(.groupEmpty(service: service)) }
        case .event(let name, let event):
            guard let service = plan.index(of: name) else { return }
            forgetDelays()
            try feed(event(service))
        case .broken(let name): try breakDown(name)
        case .takeOver(let name): try takeOver(name)
        case .reload: try reload()
        case .jump(let time):
            now += time
            jumpedAt = now
        case .restore: try restore()
        }
    }

    private mutating func reportEmpty(_ service: Int) throws {
        guard service < services.count, services[service].awaitsEmpty else { return }
        guard !alive.values.contains(where: { $0.service == service }) else { return }
        services[service].awaitsEmpty = false
        if random.chance(50) { return try feed(.groupEmpty(service: service)) }
        let name = plan.services[service].name
        schedule(random.upTo(20), .groupEmpty(name))
    }

    /// A command or final action overrides the restart policy.
    mutating func forgetDelays() {
        for service in services.indices { services[service].earliestStart = 0 }
    }

    private mutating func giveSign(_ process: Int32) throws {
        guard let sender = alive[process], !sender.hangs else { return }
        let period = UInt64(plan.services[sender.service].watchdogMilliseconds)
        guard period > 0 else { return }
        services[sender.service].lastSign = now
        try feed(.alive(service: sender.service))
        // Some day it forgets.
        if !faultsEnabled || !random.chance(10) { schedule(period / 2, .alive(process)) }
    }

    /// One event and all that follows from it at once; answers to spawns come back in order, as in the real
    /// loop.
    mutating func feed(_ event: Supervisor.Event) throws {
        try feed(answering: [event])
    }

    mutating func feed(answering events: [Supervisor.Event]) throws {
        var queue = events
        var next = 0
        while next < queue.count {
            let event = queue[next]
            next += 1
            eventCount += 1
            let time = time(of: event)
            if isTraced, !isSign(event) { trace.append("\(now): \(event)") }
            let effects = supervisor.handle(event, now: time)
            try compareTwin(effects) { $0.handle(event, now: time) }
            queue += try perform(effects)
        }
        try checkClaims()
    }

    private func isSign(_ event: Supervisor.Event) -> Bool {
        if case .alive = event { true } else { false }
    }

    /// A late report may carry an old time.
    private mutating func time(of event: Supervisor.Event) -> UInt64 {
        if isSign(event) { return now }
        return random.chance(3) ? now - min(now, random.upTo(200)) : now
    }

    mutating func perform(_ effects: [Supervisor.Effect]) throws -> [Supervisor.Event] {
        // A boot that fails may do so in the very step that asks for a spawn.
        if supervisor.isShuttingDown, shutdownAt == nil { shutdownAt = now }
        var answers: [Supervisor.Event] = []
        var isFirst = true
        for effect in effects {
            defer { isFirst = false }
            if isTraced { trace.append("    \(effect)") }
            if case .replan = effect, !isFirst {
                throw Violation(description: "replan is not the first effect of its step")
            }
            if let answer = try perform(effect) { answers.append(answer) }
        }
        return answers
    }

    mutating func compareTwin(
        _ effects: [Supervisor.Effect], _ action: (inout Supervisor) throws -> [Supervisor.Effect]
    ) throws {
        guard var other = twin else { return }
        // No second reference: it would be copied whole at every event.
        twin = nil
        let others = try action(&other)
        let isSame = others == effects && other.nextDeadline == supervisor.nextDeadline
        twin = other
        guard isSame else {
            throw Violation(description: "a restored supervisor decides differently: \(others) \(effects)")
        }
    }
}
