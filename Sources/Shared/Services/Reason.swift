/// Why a service is in the state that it is in. Services are indices into the plan.
public enum Reason: Equatable, Sendable {
    case none
    case ended(ExitStatus)
    case execFailed(errorNumber: Int32)
    case startTimeout
    /// `RELOADING=1`, and no `READY=1` within the start timeout.
    case reloadTimeout
    case watchdog
    /// `WATCHDOG=trigger`.
    case broken
    /// It requires this service, which is down (or waits for it as a milestone).
    case requirement(Int)
    /// It cannot run at the same time as this service.
    case conflict(Int)
    case command
    case idle
    /// A final action isolates another one, which does not need it.
    case isolation
    /// The new plan lacks or changes it.
    case planChange
    case reloading
    case ownWill
    case shutdown
    case unkillable
    /// The health deadline passed while this service, which keeps a health service down, was not up.
    indirect case deadline(service: Int, because: Reason)
}

extension Supervisor {
    /// For people: what stands behind a state.
    public func text(of reason: Reason) -> String {
        switch reason {
        case .none: ""
        case .ended(.exited(let code)): "exited with status " + String(code)
        case .ended(.killed(let signal)): "killed by signal " + String(signal)
        case .execFailed(let number): "its program could not be run (error " + String(number) + ")"
        case .startTimeout: "was not ready within its start timeout"
        case .reloadTimeout: "did not end its reload within its start timeout"
        case .watchdog: "gave no sign of life within its watchdog time"
        case .broken: "reported itself broken"
        case .requirement(let service): "requires " + name(service) + ", which is down"
        case .conflict(let service): "conflicts with " + name(service)
        case .command: "by command"
        case .idle: "idle"
        case .isolation: "a failed service isolates another one, which does not need this one"
        case .planChange: "changed by a new plan"
        case .reloading: "reloads its configuration"
        case .ownWill: "ends by its own will"
        case .shutdown: "shutting down"
        case .unkillable: "cannot be killed; it hangs in the kernel"
        case .deadline(let service, let cause):
            name(service) + " was not ready in time" + (cause == .none ? "" : ": " + text(of: cause))
        }
    }

    func name(_ service: Int) -> String { plan.services[service].name }
}
