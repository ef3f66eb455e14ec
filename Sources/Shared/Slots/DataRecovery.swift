/// How stage 1 gets a usable `data` partition. It performs `step`, reports with `finish`, and reads `step`
/// again.
///
///     errors noted ──▶ repair(preen) ─ok─▶ mount ─ok─▶ done
///        none ─────────────────────────────▶ │ fails
///                 ┌──────────────────────────┘
///                 ▼ the next of these that was not tried yet
///        repair(preen) ─▶ repair(everything) ─▶ requestReset ─▶ replace ─▶ mount ─▶ completeReset ─▶ done
///                                                                 ▲  └──────┴─ fails ─▶ giveUp
///        factory reset asked for ─────────────────────────────────┘
///
/// The request is on disk before the first byte is replaced and is taken back after the new file system has
/// been mounted: a power cut in between starts the replacement over, and never leaves half a file system in
/// use.
public struct DataRecovery: Equatable, Sendable {
    public enum Step: Equatable, Sendable {
        /// Mount the partition at its place.
        case mount
        case repair(Repair)
        /// Note in `misc` that `data` is to be replaced.
        case requestReset
        /// Discard the partition and write the pristine file system to it.
        case replace
        /// Take the note in `misc` back.
        case completeReset
        case done
        /// `data` can be neither mounted, repaired nor replaced.
        case giveUp
    }

    public enum Repair: Equatable, Sendable {
        /// `e2fsck -p`: what is safe to do without asking.
        case preen
        /// `e2fsck -f -y`: whatever it takes, even if files are lost.
        case everything
    }

    public private(set) var step: Step
    public private(set) var wasRepaired = false
    public private(set) var wasReplaced = false
    private var latestRepair: Repair?

    /// `hasErrors`: the superblock says that the kernel met errors in this file system.
    public init(resetRequested: Bool, hasErrors: Bool) {
        step = resetRequested ? .replace : hasErrors ? .repair(.preen) : .mount
        if step == .repair(.preen) { latestRepair = .preen }
    }

    /// How the current step ended.
    public mutating func finish(succeeded: Bool) {
        switch step {
        case .mount where succeeded: step = wasReplaced ? .completeReset : .done
        case .mount: step = wasReplaced ? .giveUp : escalate()
        case .repair where succeeded:
            wasRepaired = true
            step = .mount
        case .repair: step = escalate()
        // Without a note in `misc` a power cut may leave half a file system, which the next boot replaces
        // again.
        case .requestReset: step = .replace
        case .replace:
            wasReplaced = succeeded
            step = succeeded ? .mount : .giveUp
        // If the note stays, the next boot resets again; there is nothing better to do with an unwritable
        // `misc`.
        case .completeReset: step = .done
        case .done, .giveUp: break
        }
    }

    private mutating func escalate() -> Step {
        switch latestRepair {
        case nil:
            latestRepair = .preen
            return .repair(.preen)
        case .preen:
            latestRepair = .everything
            return .repair(.everything)
        case .everything: return .requestReset
        }
    }
}
