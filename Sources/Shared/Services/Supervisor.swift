import Wire

/// The service supervisor: a pure machine. It takes one event at a time and answers with effects; it
/// performs none, knows no clock but the `now` it is given, and finds every service by index, so an event
/// costs the same with ten services as with thousands (plus the edges of the services whose state changes).
///
/// ## States
///
///     stopped ──wanted──▶ waiting ──all required are up, all before it settled──▶ starting ──ready──▶ ready
///                          ▲   │ ▲                                                 │    │ one-shot   │
///          all can be up   │   │ └── delay over ── backoff ◀── died, may restart ──┤    └──▶ done    │
///                          │   ▼ one required is down                              │           │     │
///                         blocked                    failed ◀── died, may not ─────┤           │     │
///                                                                                  ▼           ▼     ▼
///     stopped (unwanted), waiting (wanted), backoff or failed (too late) ◀────── stopping ◀──────────┘
///
/// - *up*: `ready`, `done`. Only then do dependants start.
/// - *down*: `stopped`, `blocked`, `backoff`, `failed`. Whoever requires it becomes `blocked`, and goes on by
///   itself.
/// - `after` waits only while the other is `waiting` or `starting`: it is order, not need.
/// - `wants` matters for a start command only: at boot everything in the plan is wanted.
/// - The outside sees `blocked` and `backoff` as *waiting*, with the reason.
///
/// ## Stopping
/// A service whose requirement is no longer up stops, a finished one-shot included: it will run again. A
/// stop is asked for by entering `stopping`; the signal is sent when no dependant is active and, in a
/// shutdown, when nothing that comes after it is still stopping. After the grace time the whole cgroup is
/// killed; what survives even that for `killPatience` hangs in the kernel and is given up with the reason
/// "cannot be killed". So every stop ends.
///
/// ## What wins
/// - A shutdown wins over everything; the first one asked for stays. Its budget kills what is left, whatever
///   the order.
/// - A command wins over the restart policy: it resets the backoff; a stop during `starting` needs no ready
///   first.
/// - A start during `stopping` does not interrupt it: the service starts again when it has ended.
/// - A stop between a spawn's request and its answer waits for the answer.
/// - An event for a process that is not, or no longer, a service's main process changes nothing.
///
/// ## Health
/// When all health services are up for the first time: `becameReady`, once. When they stay so:
/// `markHealthy`, once. Until then, the deadline or the death for good of an essential service (a health
/// service or what it requires) fails the boot: `failBoot`, followed by a shutdown to reboot. After
/// `markHealthy` such a death is only reported: resetting a handset in its owner's hands mends nothing that
/// a restart policy could not.
public struct Supervisor: Sendable {
    public enum Event: Sendable {
        /// Starts everything. The first event.
        case boot
        /// A `spawn` succeeded: the program is running.
        case spawned(service: Int, process: Int32)
        /// A `spawn` failed; no process is left of it.
        case execFailed(service: Int, errorNumber: Int32)
        /// The ready byte, or `READY=1`, of this process.
        case ready(process: Int32)
        /// A service's main process, or its probe, has been reaped.
        case exited(process: Int32, ExitStatus)
        /// Nothing of the service runs any more: the answer to `killGroup`, at once or later.
        case groupEmpty(service: Int)
        /// A `probe` runs, or (process 0) could not be started.
        case probing(service: Int, process: Int32)
        /// A socket, device, path or timer wants this service.
        case triggered(service: Int)
        /// `WATCHDOG=1`, or any other sign of life that the service sent.
        case alive(service: Int)
        /// `WATCHDOG=trigger`: the service itself says that it is broken.
        case broken(service: Int)
        /// `MAINPID=`: another process of the service's cgroup takes over as the main one.
        case mainProcess(service: Int, process: Int32)
        /// `RELOADING=1`; ended by `ready`.
        case reloading(service: Int)
        /// `STOPPING=1`: it ends by its own will; its exit with status 0 is no failure.
        case stopping(service: Int)
        /// `EXTEND_TIMEOUT_USEC=`: a start or stop deadline moves to this long from now.
        case extendTimeout(service: Int, milliseconds: UInt64)
        /// The answer to `measure`: processor time that the service has used in all.
        case usage(service: Int, microseconds: UInt64)
        /// Nothing but time has passed; due at `nextDeadline`.
        case tick
        case start(service: Int)
        case stop(service: Int)
        case restart(service: Int)
        case shutDown(ShutdownKind)
    }

    public enum Effect: Equatable, Sendable {
        /// Answer with `spawned` or `execFailed`, always.
        case spawn(service: Int)
        case signal(service: Int, process: Int32, signal: UInt8)
        /// Kill everything in the service's cgroup. `process` 0: its main process has already ended.
        case killGroup(service: Int, process: Int32)
        /// Answer with `probing`; its end comes as `exited`.
        case probe(service: Int)
        /// Watch its sockets, devices and paths from now on, and answer with `triggered`.
        case arm(service: Int)
        case disarm(service: Int)
        /// Answer with `usage`.
        case measure(service: Int)
        /// It is down and will not come back by itself: forget the descriptors that it stored (FDSTORE=1).
        case forgetStored(service: Int)
        /// A one-shot that runs once per installation has succeeded: keep its stamp.
        case stamp(service: Int)
        /// The slot is bad: record it; the shutdown to reboot is under way.
        case fallBack(service: Int, reason: Reason)
        /// The shutdown's budget is spent, and this service had not stopped.
        case overdue(service: Int)
        /// A reload is done: the plan is now the new one; element i is the former index of service i, or −1.
        case replan(former: [Int32])
        case announce(service: Int, state: ServiceState, process: Int32, reason: Reason)
        case becameReady
        case markHealthy
        /// Record it; the shutdown to reboot is under way. `service` is nil when the deadline passed.
        case failBoot(service: Int?, reason: Reason)
        /// Nothing is running any more: sync, unmount, go.
        case finishShutdown(ShutdownKind)
    }

    /// Time between `cgroup.kill` and giving a process up; a kill takes milliseconds unless the kernel hangs.
    public static let killPatienceMilliseconds: UInt64 = 2_000

    public let plan: BootPlan
    let graph: DependencyGraph
    var records: [Record]
    var processes = ProcessTable()
    /// One deadline per service, then the three of `SystemDeadline`.
    var deadlines: DeadlineHeap
    var health: Health
    var now: UInt64 = 0
    var effects: [Effect] = []
    /// Services whose surroundings changed; looked at in order before an event is over.
    var worklist: [Int32] = []
    var shutdown: ShutdownKind?
    var isShutdownFinished = false
    /// Services in `stopping`, and how many of them belong to the first phase of a shutdown.
    var stoppingCount = 0
    var stoppingOrdinaryCount = 0

    public init(_ plan: BootPlan) throws(BootPlanError) {
        self.plan = plan
        graph = try DependencyGraph(plan)
        records = [Record](repeating: Record(), count: plan.services.count)
        deadlines = DeadlineHeap(count: plan.services.count + SystemDeadline.count)
        health = Health()
        for index in records.indices {
            let required = Int32(graph.requires.range(of: index).count)
            records[index].unmetCount = required
            records[index].downCount = required
        }
        markEssential(try plan.indices(of: plan.health.services, relation: "health", in: "health"))
        markLast()
    }

    /// When the next `tick` is due, in the clock of `now`; nil: never.
    public var nextDeadline: UInt64? { deadlines.earliest }

    public var isShuttingDown: Bool { shutdown != nil }

    /// `now` is in milliseconds and never goes back.
    public mutating func handle(_ event: Event, now time: UInt64) -> [Effect] {
        now = max(now, time)
        switch event {
        case .boot: boot()
        case .spawned(let service, let process): spawned(service, process)
        case .execFailed(let service, let number): execFailed(service, number)
        case .ready(let process):
            if let service = processes[process] { becomeReady(service) }
        case .exited(let process, let status):
            if let service = processes.remove(process) { exited(service, status) }
        case .tick: break
        case .groupEmpty, .probing, .triggered, .alive, .broken, .mainProcess, .reloading, .stopping,
            .extendTimeout, .usage:
            break
        case .start(let service): start(service)
        case .stop(let service):
            records[service].isWanted = false
            beginStop(service, .command)
        case .restart(let service): restart(service)
        case .shutDown(let kind): beginShutdown(kind)
        }
        settle()
        while let due = deadlines.popDue(now) {
            expire(due)
            settle()
        }
        let result = effects
        effects = []
        return result
    }

    /// What `amosctl status` shows.
    public func status(of service: Int) -> ServiceStatus {
        let record = records[service]
        return ServiceStatus(
            name: plan.services[service].name, state: record.state.announced, pid: record.process,
            restarts: record.restartCount, sinceMilliseconds: record.since, reason: text(of: record.reason))
    }

    public func process(of service: Int) -> Int32 { records[service].process }

    public func service(of process: Int32) -> Int? { processes[process] }

    /// Looks at every service whose surroundings changed until nothing changes any more.
    private mutating func settle() {
        repeat {
            var next = 0
            while next < worklist.count {
                let service = Int(worklist[next])
                next += 1
                records[service].isQueued = false
                evaluate(service)
            }
            worklist.removeAll(keepingCapacity: true)
            updateHealth()
        } while !worklist.isEmpty
        if let shutdown, stoppingCount == 0, !isShutdownFinished {
            isShutdownFinished = true
            effects.append(.finishShutdown(shutdown))
        }
    }

    private mutating func evaluate(_ service: Int) {
        let record = records[service]
        switch record.state {
        case .waiting:
            if record.downCount > 0 {
                enter(.blocked, service, .requirement(firstDown(of: service)))
            } else if record.unmetCount == 0, record.unsettledCount == 0 {
                launch(service)
            }
        case .blocked: if record.downCount == 0 { enter(.waiting, service) }
        case .starting, .ready, .done: if record.unmetCount > 0 { beginStop(service, .requirement) }
        case .stopping: continueStop(service)
        case .stopped, .backoff, .failed: break
        }
    }

    func firstDown(of service: Int) -> Int {
        for position in graph.requires.range(of: service)
        where records[graph.requires[position]].state.isDown { return graph.requires[position] }
        return service
    }
}
