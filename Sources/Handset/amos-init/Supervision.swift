import LinuxSystem
import Services
import Wire

/// PID 1's loop: turns what the kernel reports into the supervisor's events, and its effects into system
/// calls.
final class Supervision {
    /// What a report of the epoll is about; the lower half of a tag is an index.
    enum Source: UInt32 {
        case signal, control, connection, readiness, notify, modules, powerKey, socket, device, path, timer,
            groups, stranger
    }

    /// Packets taken per wake-up and socket: the epoll reports what is left, and nobody who sends without end
    /// keeps PID 1 from the others.
    static let packetLimit = 64
    /// What the notification socket can hold (`SystemSetup`), and some that come while it is emptied.
    static let notificationQueueLimit = 1_024
    /// Children reaped per wake-up: a millisecond's work.
    static let reapLimit = 256

    let options: Options
    let announcer: Announcer
    var supervisor: Supervisor
    var resources: [ServiceResources]
    /// Services whose output pipe exists, in the order of their creation: the logger gets them in this order.
    var pipeOrder: [Int] = []
    var connections: [Connection?] = []
    var powerKeys: [PowerKey?] = []
    var lateModules: LateModules?
    /// To be inserted after those.
    var waitingModules: [String] = []
    var notificationComplaintCount = 0
    /// Each is there once the first service needs it.
    var timers: Timers?
    var pathWatcher: PathWatcher?
    var deviceEvents: DeviceWatcher?
    var watchdog: MachineWatchdog?
    /// Services whose triggers held when a reload looked at them again.
    var triggeredByReload: [Int] = []
    let state: StateFiles
    var spares = SpareDescriptors()
    /// Children have ended that were not looked at yet.
    var hasMoreToReap = false
    /// When PID 1 began, by the boot clock: timers count from here.
    var startMilliseconds = Clock.bootMilliseconds
    var end: ShutdownKind?
    /// The boot has failed: the exit status of an ordinary program says so.
    var hasFailed = false
    var epoll: Epoll
    let null: FileDescriptor
    var groups: GroupHierarchy?
    /// Services of which nothing may be left, where there are no cgroups.
    var emptying: [Emptying] = []
    var isInputWeightMissing = false
    private let signals: SignalDescriptor
    let controlSocket: LocalSocket
    let notifySocket: LocalSocket
    /// The plan in force, as it was read: `amosctl` gets it as a descriptor.
    var planFile: HeldDescriptor
    /// A plan that waits until what it changes is down.
    var successor: Successor?
    var handover: HandoverRequest?
    /// How often this PID 1 has re-executed itself.
    var handovers: UInt32 = 0

    init(
        _ plan: BootPlan, _ file: consuming FileDescriptor, _ options: Options, _ announcer: Announcer,
        resuming former: HandoverState? = nil
    ) throws(InitError) {
        planFile = HeldDescriptor(file)
        self.options = options
        self.announcer = announcer
        state = StateFiles(options.stateDirectory)
        supervisor =
            if let former { try Resuming.supervisor(plan, former) } else { try Self.supervisor(plan, state) }
        resources = []
        resources.reserveCapacity(plan.services.count)
        for _ in plan.services { resources.append(ServiceResources()) }
        groups = GroupHierarchy(isSystem: options.isSystem)
        do throws(SystemCallError) {
            epoll = try Epoll()
            null = try FileDescriptor.open("/dev/null", .readWrite)
            signals = try SignalDescriptor()
            controlSocket = try Self.socket(
                former?.control, options.runDirectory + "/control.sock", .connections)
            notifySocket = try Self.socket(former?.notify, options.runDirectory + "/notify", .datagrams)
            try epoll.add(signals.descriptor, tag: Self.tag(.signal, 0))
            try epoll.add(controlSocket.descriptor, tag: Self.tag(.control, 0))
            try epoll.add(notifySocket.descriptor, tag: Self.tag(.notify, 0))
        } catch { throw .system(error) }
        announcer.listener = { [unowned(unsafe) self] in self.continueFollowers() }
    }

    private static func supervisor(
        _ plan: BootPlan, _ state: StateFiles
    ) throws(InitError) -> Supervisor {
        var random = SystemRandomNumberGenerator()
        let stamped = stampedServices(plan, state)
        do throws(BootPlanError) {
            return try Supervisor(plan, seed: random.next(), stamped: stamped)
        } catch { throw .plan(error) }
    }

    /// The one that is open already, or a new one.
    private static func socket(
        _ former: Int32?, _ path: String, _ kind: LocalSocket.Kind
    ) throws(SystemCallError) -> LocalSocket {
        if let former { return LocalSocket(FileDescriptor(owning: former)) }
        return try LocalSocket(listeningAt: path, kind, permissions: 0o666)
    }

    static func tag(_ source: Source, _ index: Int) -> UInt64 {
        UInt64(source.rawValue) << 32 | UInt64(index)
    }

    /// Or `resume`.
    func begin() {
        if !options.isSystem { ChildProcess.adoptOrphans() }
        makeSockets()
        prepareTimers()
        openWatchdog(isLast: supervisor.plan.lateModules.isEmpty)
        handle(.boot)
        startLateModules()
    }

    /// Returns when a shutdown is done and this is not the handset's PID 1.
    func run() {
        var tags: [UInt64] = []
        continueEmptying()
        while end == nil {
            do throws(SystemCallError) {
                try epoll.wait(milliseconds: timeUntilDeadline(), tags: &tags)
            } catch {
                // Contained: without the pause a broken epoll would take the whole processor.
                Log.say(.critical, error.description)
                Machine.sleep(milliseconds: 100)
            }
            for tag in tags { react(to: tag) }
            if hasMoreToReap { reap() }
            let now = Clock.monotonicMilliseconds
            if let deadline = supervisor.nextDeadline, deadline <= now { handle(.tick) }
            // A tick may have brought a new plan into force.
            for service in triggeredByReload { handle(.triggered(service: service)) }
            triggeredByReload = []
            continueEmptying()
            state.retry()
            watchdog?.feedIfDue(now)
            spares.refill()
            announcer.flush()
            completeHandover()
        }
        state.finish(withinMilliseconds: PowerControl.killPatienceMilliseconds)
        if options.isSystem, let end { PowerControl.finish(end, announcer, watchdog) }
        if groups == nil { killOrphans() }
        groups?.remove(supervisor.plan.services)
    }

    private func timeUntilDeadline() -> UInt64? {
        if hasMoreToReap { return 0 }
        var next = supervisor.nextDeadline
        for other in [watchdog?.nextFeeding, handover?.deadlineMilliseconds] {
            if let other { next = min(next ?? other, other) }
        }
        guard let next else { return nil }
        let now = Clock.monotonicMilliseconds
        return next > now ? next - now : 0
    }

    private func react(to tag: UInt64) {
        let index = Int(truncatingIfNeeded: tag & 0xffff_ffff)
        switch Source(rawValue: UInt32(tag >> 32)) {
        case .signal: takeSignals()
        case .control: acceptConnections()
        case .connection: serve(index)
        case .readiness: takeReadiness(index)
        case .notify: takeNotifications()
        case .modules: takeModuleEvents()
        case .powerKey: takePowerKey(index)
        case .socket: takeSocket(index)
        case .device: takeDeviceEvents()
        case .path: takePathEvents()
        case .timer: takeTimers()
        case .groups: takeGroupEvent(index)
        case .stranger: takeStranger(index)
        case nil: break
        }
    }

    /// One event, its effects, and the events that follow from them, in order.
    func handle(_ event: Supervisor.Event) {
        perform(supervisor.handle(event, now: Clock.monotonicMilliseconds))
    }

    /// Effects, and the events that follow from them.
    func perform(_ effects: [Supervisor.Effect]) {
        var answers: [Supervisor.Event] = []
        for effect in effects {
            if let answer = perform(effect) { answers.append(answer) }
        }
        var next = 0
        while next < answers.count {
            for effect in supervisor.handle(answers[next], now: Clock.monotonicMilliseconds) {
                if let answer = perform(effect) { answers.append(answer) }
            }
            next += 1
        }
    }

    private func takeSignals() {
        // One: the epoll reports what is left.
        if let signal = signals.next() {
            switch signal {
            case ChildProcess.childSignal: break
            // An ordinary program ends when it is told to; on a handset only root's amosctl and the power
            // key count.
            case ChildProcess.terminateSignal where options.isSystem: Log.say(.notice, "SIGTERM is ignored")
            // What the kernel makes of Ctrl-Alt-Del.
            case ChildProcess.interruptSignal where options.isSystem: beginShutdown(.reboot)
            default: beginShutdown(.powerOff)
            }
        }
        reap()
    }

    /// Children that have ended, some at a time: ten thousand of them at once must not keep callers, the
    /// watchdog and the other services waiting.
    private func reap() {
        // First, and all that wait: a notification from a process that has ended is understood only as long
        // as the process has not been reaped.
        takeNotifications(limit: Self.notificationQueueLimit)
        hasMoreToReap = true
        for _ in 0..<Self.reapLimit {
            guard let ended = ChildProcess.reap() else {
                hasMoreToReap = false
                return
            }
            if state.takeEnded(ended.process) { continue }
            if takeCheck(ended.process, exitCode: ended.exitCode) { continue }
            let status: ExitStatus =
                ended.signal != 0 ? .killed(signal: ended.signal) : .exited(code: ended.exitCode)
            if let service = supervisor.service(of: ended.process),
                supervisor.process(of: service) == ended.process
            {
                noteEnd(of: service, status)
            }
            handle(.exited(process: ended.process, status))
        }
    }

    func noteEnd(of service: Int, _ status: ExitStatus) {
        resources[service].readiness = nil
        resources[service].stranger = nil
        tellLogger(service, process: 0)
        resources[service].lastEndMilliseconds = Clock.monotonicMilliseconds
        switch status {
        case .exited(let code): resources[service].lastEnd = .exited(code: code)
        case .killed(let signal): resources[service].lastEnd = .killed(signal: signal)
        }
    }

    private func takeReadiness(_ service: Int) {
        guard resources.indices.contains(service),
            let bytes = try? resources[service].readiness?.read(upTo: 64)
        else { return }
        let process = supervisor.process(of: service)
        if bytes.isEmpty || bytes.contains(UInt8(ascii: "\n")) { resources[service].readiness = nil }
        if bytes.contains(UInt8(ascii: "\n")) { handle(.ready(process: process)) }
    }
}
