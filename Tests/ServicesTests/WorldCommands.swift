import Wire

@testable import Services

extension World {
    /// Something from outside, at a random time.
    mutating func scheduleCommand() {
        let time = random.upTo(8_000)
        let name = plan.services[random.pick(plan.services.count)].name
        let others: [Happening] = [
            .reload, .restore, .jump(random.upTo(20_000)), .event(name, Self.nonsense),
        ]
        let kind = random.pick(20)
        guard kind >= others.count else { return schedule(time, others[kind]) }
        let amount = random.upTo(Self.longestExtension)
        let events: [(Int) -> Supervisor.Event] = [
            { .start(service: $0) }, { .stop(service: $0) }, { .restart(service: $0) },
            { .reloading(service: $0) }, { .stopping(service: $0) },
            { .extendTimeout(service: $0, milliseconds: amount) },
            { _ in .exited(process: 1, .exited(code: 0)) }, { _ in .ready(process: 1) }, { _ in .tick },
            { .triggered(service: $0) },
        ]
        let choice = random.pick(events.count + 2)
        if choice == events.count { return schedule(time, .broken(name)) }
        if choice > events.count { return schedule(time, .takeOver(name)) }
        schedule(time, .event(name, events[choice]))
    }

    /// Indices that no service has.
    private static func nonsense(_ service: Int) -> Supervisor.Event {
        service % 2 == 0 ? .start(service: 99) : .spawned(service: -1, process: 3)
    }

    mutating func breakDown(_ name: String) throws {
        guard let service = plan.index(of: name) else { return }
        services[service].isBroken = true
        try feed(.broken(service: service))
    }

    /// A child of the service becomes its main process.
    mutating func takeOver(_ name: String) throws {
        guard let service = plan.index(of: name), supervisor.isStartingOrReady(service) else { return }
        let former = supervisor.process(of: service)
        guard alive[former] != nil else { return }
        let process = fork(former)
        try feed(.mainProcess(service: service, process: process))
        guard supervisor.process(of: service) == process else {
            throw Violation(description: "MAINPID= did nothing")
        }
    }

    /// From here on the restored supervisor does the work, and the former one is its witness.
    mutating func restore() throws {
        guard !supervisor.isReloading else { return }
        let state = supervisor.encodeState()
        let restored = try Supervisor(plan, restoring: state, now: supervisor.now)
        guard restored.encodeState() == state else {
            throw Violation(description: "a restored state is not what was written")
        }
        twin = supervisor
        supervisor = restored
        trace.append("\(now): restored")
    }

    mutating func reload() throws {
        guard successor == nil else { return }
        let isBad = random.chance(20)
        let new = isBad ? Self.spoiled(plan, &random) : Self.changed(plan, &random)
        let before = supervisor.encodeState()
        do {
            let effects = try supervisor.reload(new, now: now)
            guard !isBad else { throw Violation(description: "a bad plan was accepted") }
            let time = now
            try compareTwin(effects) { try $0.reload(new, now: time) }
            trace.append("\(now): reload to \(new.services.map(\.name))")
            successor = new
            try feed(answering: try perform(effects))
        } catch let error as BootPlanError {
            guard isBad || supervisor.isShuttingDown || supervisor.isReloading else { throw error }
            guard supervisor.encodeState() == before, error != .foreignState else {
                throw Violation(description: "a refused reload has left traces")
            }
        }
    }
}
