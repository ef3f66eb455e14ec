import Wire

public enum ShutdownKind: UInt8, Sendable, CaseIterable {
    case powerOff = 0
    case reboot = 1

    public var name: String {
        switch self {
        case .powerOff: "poweroff"
        case .reboot: "reboot"
        }
    }
}

/// How a process ended.
public enum ExitStatus: Equatable, Sendable {
    case exited(code: Int32)
    case killed(signal: Int32)

    public var isSuccess: Bool { self == .exited(code: 0) }

    /// Of a process that another one has reaped. No success: whoever restarts on failure shall restart.
    public static let unknown = ExitStatus.exited(code: -1)
}

extension Supervisor {
    enum State: UInt8, Sendable {
        case stopped, waiting, blocked, starting, ready, done, backoff, stopping, failed

        var isUp: Bool { self == .ready || self == .done }
        /// It will not come up by the next step; who requires it need not hold up others.
        var isDown: Bool { self == .stopped || self == .blocked || self == .backoff || self == .failed }
        /// Those that come after it wait.
        var isUnsettled: Bool { self == .waiting || self == .starting }
        /// It stands on what it requires, which must not stop before it; what it conflicts with must not
        /// start.
        var isActive: Bool { self == .starting || isUp || self == .stopping }

        var announced: ServiceState {
            switch self {
            case .stopped: .stopped
            case .waiting, .blocked, .backoff: .waiting
            case .starting: .starting
            case .ready: .ready
            case .done: .done
            case .stopping: .stopping
            case .failed: .failed
            }
        }
    }

    /// What brought a service into `stopping`, and thereby what follows.
    enum StopCause: UInt8, Sendable {
        /// Told to stop: then it is stopped, or waits for a new start if it is wanted after all.
        case command, requirement, shutdown, idle, conflict, isolation, reload
        /// Failures: the restart policy decides.
        case startTimeout, reloadTimeout, watchdog, broken, death
        /// `STOPPING=1`: its exit decides.
        case ownWill
        /// Its program ended as it should: stopped, or done.
        case ended, finished

        var isFailure: Bool { rawValue >= Self.startTimeout.rawValue && rawValue <= Self.death.rawValue }
        /// It is of no use to its dependants any more: nobody is waited for.
        var isAbrupt: Bool { self == .watchdog || self == .broken }
    }

    /// Why a service is to run.
    enum WantCause: UInt8, Sendable {
        case none, boot, command, trigger, need, finalAction

        /// Wins over what runs and over the restart policy.
        var isForceful: Bool { self == .command || self == .finalAction }
    }

    struct Flags: OptionSet, Sendable {
        let rawValue: UInt32

        static let wanted = Flags(rawValue: 1 << 0)
        /// A spawn was asked for and not answered yet.
        static let launching = Flags(rawValue: 1 << 1)
        static let signalled = Flags(rawValue: 1 << 2)
        static let killed = Flags(rawValue: 1 << 3)
        /// The kill of its group was not answered yet: something of it may still run.
        static let emptying = Flags(rawValue: 1 << 4)
        /// What names it as a milestone may start.
        static let hasBeenUp = Flags(rawValue: 1 << 5)
        static let armed = Flags(rawValue: 1 << 6)
        /// Not to be armed before its deadline.
        static let resting = Flags(rawValue: 1 << 7)
        /// Failed for good: only a command or a final action brings it back.
        static let exhausted = Flags(rawValue: 1 << 8)
        /// Its final action has been taken.
        static let acted = Flags(rawValue: 1 << 9)
        static let stamped = Flags(rawValue: 1 << 10)
        /// It has run, and may have stored descriptors.
        static let hasRun = Flags(rawValue: 1 << 11)
        /// A probe was asked for and not answered yet.
        static let probeAsked = Flags(rawValue: 1 << 12)
        static let reloading = Flags(rawValue: 1 << 13)
        /// `usage` holds what it had used when its idle period began.
        static let measured = Flags(rawValue: 1 << 14)
        /// The idle period is over; the next `usage` judges.
        static let idleDue = Flags(rawValue: 1 << 15)
        /// A reload changes or removes it: it stays down until the plan is switched.
        static let leaving = Flags(rawValue: 1 << 16)
        static let kept = Flags(rawValue: (1 << 17) - 1)

        // Below: what follows from the plan, and marks that no event outlives.
        static let essential = Flags(rawValue: 1 << 20)
        /// Essential until it has been up.
        static let essentialAtFirst = Flags(rawValue: 1 << 21)
        static let health = Flags(rawValue: 1 << 22)
        /// Stops in the second phase of a shutdown.
        static let last = Flags(rawValue: 1 << 23)
        static let queued = Flags(rawValue: 1 << 24)
        static let seen = Flags(rawValue: 1 << 25)
        static let pulled = Flags(rawValue: 1 << 26)
    }

    /// What the machine remembers of one service. The counts mirror its neighbours' states, so that no
    /// event has to walk through all of them; they follow from the states (`recount`).
    struct Record: Sendable {
        var state = State.stopped
        var stopCause = StopCause.command
        var wantCause = WantCause.none
        var flags: Flags = []
        /// The service that needs this one and thereby made it wanted; −1: none.
        var wantSource: Int32 = -1
        /// 0: none.
        var process: Int32 = 0
        var probe: Int32 = 0
        /// Of those it requires: not up, and down (or, for milestones: never up, and down).
        var unmetCount: Int32 = 0
        var downCount: Int32 = 0
        /// Of its milestones: have never been up.
        var pendingMilestoneCount: Int32 = 0
        /// Of those it comes after: waiting or starting.
        var unsettledCount: Int32 = 0
        var activeConflictCount: Int32 = 0
        /// Of those that require it: active. Of those that come after it: stopping.
        var activeDependantCount: Int32 = 0
        var stoppingSuccessorCount: Int32 = 0
        /// Deaths in a row, for the backoff.
        var failureCount: UInt32 = 0
        var restartCount: UInt32 = 0
        /// Automatic restarts since `windowStart`, for the limit.
        var windowCount: UInt32 = 0
        var windowStart: UInt64 = 0
        /// For how many milliseconds it was ready when it last was: the delay of a restart is less by that.
        var upTime: UInt32 = 0
        /// The longest time between two signs of life that it has chosen itself; nil: the plan's.
        var watchdogMilliseconds: UInt32?
        /// Processor time in microseconds.
        var usage: UInt64 = 0
        var since: UInt64 = 0
        var reason = Reason.none

        var mayLaunch: Bool {
            state == .waiting && unmetCount == 0 && pendingMilestoneCount == 0 && unsettledCount == 0
                && activeConflictCount == 0 && !self[.emptying]
        }

        subscript(_ flag: Flags) -> Bool {
            get { flags.contains(flag) }
            set { if newValue { flags.insert(flag) } else { flags.remove(flag) } }
        }
    }

    /// What a service's deadlines are for; its three slots stand side by side in the heap.
    enum Slot: Int {
        /// Start, backoff, stop, reload or rest, by the state.
        case state = 0
        /// The next probe while starting, the watchdog when ready.
        case watch = 1
        case idle = 2
        static let count = 3
    }

    /// Deadlines of the whole system, numbered behind those of the services.
    enum SystemDeadline: Int {
        case stable = 0
        case health = 1
        case budget = 2
        static let count = 3
    }

    struct Health: Sendable {
        var unreadyCount = 0
        var isReadyAnnounced = false
        /// Healthy or failed: nothing more to find out.
        var isDecided = false
        var isOverdue = false
    }

    func slot(_ slot: Slot, _ service: Int) -> Int { service * Slot.count + slot.rawValue }

    func systemSlot(_ deadline: SystemDeadline) -> Int { records.count * Slot.count + deadline.rawValue }
}
