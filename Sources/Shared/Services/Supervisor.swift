import Wire

/// The service supervisor: a pure machine. It takes one event at a time and answers with effects; it
/// performs none, knows no clock but the `now` it is given, and finds every service by index, so an event
/// costs the same with ten services as with thousands (plus the edges of the services whose state changes).
///
/// ## States
///
///     stopped ──wanted──▶ waiting ───────all it needs is there───────▶ starting ──ready──▶ ready
///                          ▲   │ ▲                                       │    │ one-shot   │
///          all can be up   │   │ └── delay over ── backoff ◀─ may restart │    └──▶ done    │
///                          │   ▼ one required is down            ▲       │           │     │
///                         blocked                    failed ◀────┤ died  │           │     │
///                                                                │       ▼           ▼     ▼
///     stopped (unwanted), waiting (wanted), done (success) ◀─────┴──── stopping ◀───────────┘
///
/// - *up*: `ready`, `done`. *down*: `stopped`, `blocked`, `backoff`, `failed`. *active*: `starting`, up,
///   `stopping`.
/// - A service leaves `waiting` when all that it requires is up, every milestone has been up, nothing that
///   it comes after is `waiting` or `starting`, and nothing that it conflicts with is active. If one that it
///   requires, or a milestone that has never been up, is down, it is `blocked`, and goes on by itself.
/// - Every life ends in `stopping`, a crash too: it is over when the main process and the probe have been
///   reaped *and* the group is empty. So nothing restarts beside what an earlier life left behind.
/// - The outside sees `blocked` and `backoff` as *waiting*, with the reason, and a death only when its group
///   is empty.
///
/// ## What makes a service wanted
/// The boot (`activation.atBoot`), a trigger, a command, a final action; and with it all that it requires,
/// wants, or needs as a milestone that has not been up yet. It stays wanted until a command, a conflict, an
/// isolation, an idle stop, its own successful end, or a failure for good. What was pulled in because
/// another needed it and is stopped stays down; whoever requires it is blocked.
///
/// A service with triggers is *armed* while it is at rest: not wanted, or a finished one-shot on which
/// nothing stands, with nothing active that it conflicts with. After it ended by itself it rests for its
/// restart delay (a growing one after a failure) first: a connection that its program does not take would
/// start it again at once, for ever. After the restart limit it is not armed at all.
///
/// ## Stopping
/// A service whose requirement is no longer up stops, a finished one-shot included: it will run again. A
/// stop is asked for by entering `stopping`; the signal is sent when no dependant is active and, in a
/// shutdown, when nothing that comes after it is still stopping. After the grace time the whole group is
/// killed; what survives even that for `killPatience` hangs in the kernel and is given up with the reason
/// "cannot be killed". So every stop ends. Milestones do not count for stopping.
///
/// ## Failing
/// A death, a failed exec, a start or reload timeout, a missed watchdog (SIGABRT, at once, then as usual).
/// Each restart waits: the delay doubles up to its limit, varies by its jitter, and begins anew once the
/// service was ready for the healthy time. More restarts than the limit within a window (which begins with
/// the first restart after the last window) fail it for good. Then its final action follows, once, until a
/// command or a healthy time: two services that start each other do not do so for ever.
///
/// ## What wins
/// - A shutdown wins over everything, a reload included; the first one asked for stays. Its budget kills
///   what is left, whatever the order, and names those that had been told to stop.
/// - The failure of the boot wins over a final action.
/// - A command or final action wins over the restart policy and over what runs: it resets the backoff, and
///   what conflicts is stopped and no longer wanted. A boot, a trigger and a reload displace nothing: the
///   one that was there first stays, the other is stopped with the reason "conflicts with". Within one
///   start the nearer to what was asked for wins.
/// - A stop during `starting` needs no ready first. A start during `stopping` does not interrupt it: the
///   service starts again when it has ended. A stop between a spawn's request and its answer waits for the
///   answer. A trigger, or a need, does not cut a backoff short.
/// - An event for a process that is not, or no longer, a service's changes nothing.
///
/// ## Health
/// When all health services are up for the first time: `becameReady`, once. When they stay so:
/// `markHealthy`, once. Until then, the deadline or the death for good of an essential service (a health
/// service, what it requires, or a milestone that has not been up) fails the boot: `failBoot`, followed by a
/// shutdown to reboot. After `markHealthy` such a death is only reported: resetting a handset in its owner's
/// hands mends nothing that a restart policy or a final action could not.
///
/// ## Reload
/// What the new plan lacks or changes stops, its dependants by requirement with it. When it is down, the
/// next `tick` (due at once) switches the plan: `replan` is the first effect of that step, and services are
/// numbered by the new plan from then on. What is unchanged keeps process, state and counters; what was
/// wanted and changed, and what is new and for the boot, starts.
public struct Supervisor: Sendable {
    /// Time between `cgroup.kill` and giving a process up; a kill takes milliseconds unless the kernel hangs.
    public static let killPatienceMilliseconds: UInt64 = 2_000
    /// One `EXTEND_TIMEOUT_USEC=` asks for no more: what takes longer can ask again.
    public static let extensionLimitMilliseconds: UInt64 = 3_600_000

    public internal(set) var plan: BootPlan
    var graph: DependencyGraph
    var records: [Record]
    var processes = ProcessTable()
    /// `Slot.count` deadlines per service, then those of `SystemDeadline`.
    var deadlines: DeadlineHeap
    var random: SplitMix64
    var health = Health()
    var now: UInt64 = 0
    var effects: [Effect] = []
    /// Services whose surroundings changed; looked at in order before an event is over.
    var worklist: [Int32] = []
    /// Services that may start when nothing else changes any more.
    var candidates: [Int32] = []
    var isBooted = false
    var shutdown: ShutdownKind?
    var isShutdownFinished = false
    var isBudgetSpent = false
    /// Services in `stopping`, and how many of them belong to the first phase of a shutdown.
    var stoppingCount = 0
    var stoppingOrdinaryCount = 0
    /// The plan that is about to replace this one, and how many services must stop first.
    var successor: Successor?
    var leavingCount = 0

    /// - Parameters:
    ///   - seed: where the jitter of restarts begins.
    ///   - stamped: services with `runsOncePerInstallation` that have succeeded on this `data`.
    public init(
        _ plan: BootPlan, seed: UInt64 = 0, stamped: [Int] = []
    ) throws(BootPlanError) {
        self.plan = plan
        graph = try DependencyGraph(plan)
        try graph.checkForCycle(in: plan)
        records = [Record](repeating: Record(), count: plan.services.count)
        deadlines = DeadlineHeap(count: plan.services.count * Slot.count + SystemDeadline.count)
        random = SplitMix64(state: seed)
        for service in stamped where service >= 0 && service < records.count {
            records[service][.stamped] = true
        }
        try markRoles()
        recount()
    }

    /// When the next `tick` is due, in the clock of `now`; nil: never.
    public var nextDeadline: UInt64? { isSwitchDue ? now : deadlines.earliest }

    public var isShuttingDown: Bool { shutdown != nil }

    /// Between an accepted `reload` and its `replan`.
    public var isReloading: Bool { successor != nil }

    /// `now` is in milliseconds and never goes back.
    public mutating func handle(_ event: Event, now time: UInt64) -> [Effect] {
        now = max(now, time)
        if isKnown(event) { take(event) }
        return conclude()
    }

    /// Everything that follows from what has just changed, and from the time.
    mutating func conclude() -> [Effect] {
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
        ServiceStatus(
            name: plan.services[service].name, state: records[service].state.announced,
            pid: records[service].process, restarts: records[service].restartCount,
            sinceMilliseconds: records[service].since, reason: text(of: records[service].reason))
    }

    public func process(of service: Int) -> Int32 { records[service].process }

    /// The service whose main process or probe this is.
    public func service(of process: Int32) -> Int? { processes[process] }

    /// Looks at every service whose surroundings changed until nothing changes any more.
    private mutating func settle() {
        repeat {
            var next = 0
            while next < worklist.count {
                let service = Int(worklist[next])
                next += 1
                records[service][.queued] = false
                evaluate(service)
            }
            worklist.removeAll(keepingCapacity: true)
            launchCandidates()
            updateHealth()
        } while !worklist.isEmpty
        if let shutdown, stoppingCount == 0, !isShutdownFinished {
            isShutdownFinished = true
            effects.append(.finishShutdown(shutdown))
        }
    }

    private mutating func evaluate(_ service: Int) {
        // First: its triggers are not watched any more when it starts.
        updateArming(service)
        let record = records[service]
        switch record.state {
        case .waiting:
            if record.downCount > 0 {
                enter(.blocked, service, .requirement(firstDown(of: service)))
            } else if record[.emptying] {
                enter(.blocked, service, .unkillable)
            } else if record.mayLaunch {
                candidates.append(Int32(service))
            }
        case .blocked: if record.downCount == 0, !record[.emptying] { enter(.waiting, service) }
        case .starting, .ready, .done: if record.unmetCount > 0 { beginStop(service, .requirement) }
        case .stopping: continueStop(service)
        case .stopped, .backoff, .failed: break
        }
    }

    /// After all stops have spread: what a service requires may be up and about to go in the same step.
    private mutating func launchCandidates() {
        for service in candidates where records[Int(service)].mayLaunch { launch(Int(service)) }
        candidates.removeAll(keepingCapacity: true)
    }

    /// What it needs and cannot have now; itself if there is nothing.
    func firstDown(of service: Int) -> Int {
        for position in graph.requires.range(of: service)
        where records[graph.requires[position]].state.isDown { return graph.requires[position] }
        for position in graph.milestones.range(of: service) {
            let milestone = graph.milestones[position]
            if records[milestone].state.isDown, !records[milestone][.hasBeenUp] { return milestone }
        }
        return service
    }
}
