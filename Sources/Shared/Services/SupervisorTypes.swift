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
}

/// Why a service is in the state that it is in.
public enum Reason: Equatable, Sendable {
    case none
    case ended(ExitStatus)
    case execFailed(errorNumber: Int32)
    case startTimeout
    /// It requires this service, which is down.
    case requirement(Int)
    case command
    case shutdown
    case unkillable
    /// The health deadline passed while this service, which keeps a health service down, was not up.
    indirect case deadline(service: Int, because: Reason)
}

extension Supervisor {
    enum State: UInt8, Sendable {
        case stopped, waiting, blocked, starting, ready, done, backoff, stopping, failed

        var isUp: Bool { self == .ready || self == .done }
        /// It will not come up by the next step; who requires it need not hold up others.
        var isDown: Bool { self == .stopped || self == .blocked || self == .backoff || self == .failed }
        /// Those that come after it wait.
        var isUnsettled: Bool { self == .waiting || self == .starting }
        /// It stands on what it requires, which must not stop before it.
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

    enum StopCause: UInt8, Sendable { case command, requirement, startTimeout, shutdown }

    /// What the machine remembers of one service. The counts mirror its neighbours' states, so that no
    /// event has to walk through all of them.
    struct Record: Sendable {
        var state = State.stopped
        var stopCause = StopCause.command
        var isWanted = false
        /// A spawn was asked for and not answered yet.
        var isLaunching = false
        var isSignalled = false
        var isKilled = false
        var isQueued = false
        var isEssential = false
        var isHealth = false
        /// Stops in the second phase of a shutdown.
        var isLast = false
        /// 0: none.
        var process: Int32 = 0
        /// Of those it requires: not up, and down.
        var unmetCount: Int32 = 0
        var downCount: Int32 = 0
        /// Of those it comes after: waiting or starting.
        var unsettledCount: Int32 = 0
        /// Of those that require it: active. Of those that come after it: stopping.
        var activeDependantCount: Int32 = 0
        var stoppingSuccessorCount: Int32 = 0
        /// Deaths in a row, for the backoff.
        var failureCount: UInt32 = 0
        var restartCount: UInt32 = 0
        var since: UInt64 = 0
        var reason = Reason.none
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
        var isStarted = false
        var isOverdue = false
    }

    /// For people: what stands behind a state.
    public func text(of reason: Reason) -> String {
        switch reason {
        case .none: ""
        case .ended(.exited(let code)): "exited with status \(code)"
        case .ended(.killed(let signal)): "killed by signal \(signal)"
        case .execFailed(let number): "its program could not be run (error \(number))"
        case .startTimeout: "was not ready within its start timeout"
        case .requirement(let service): "requires \(plan.services[service].name), which is down"
        case .command: "by command"
        case .shutdown: "shutting down"
        case .unkillable: "cannot be killed; it hangs in the kernel"
        case .deadline(let service, let cause):
            plan.services[service].name + " was not ready in time"
                + (cause == .none ? "" : ": " + text(of: cause))
        }
    }
}
