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
///        a step that could not be tried ──▶ giveUp
///
/// Only what is wrong with the file system itself leads to its replacement: a missing mount point or a
/// missing e2fsck is the slot's fault, and the other slot may do better with the owner's data.
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
        /// What is safe to do without asking.
        case preen
        /// Whatever it takes, even if files are lost.
        case everything

        /// For e2fsck(8). Without `-f` it believes a superblock that says "clean", and the mount that failed
        /// knows better.
        public var options: [String] { ["-f", self == .preen ? "-p" : "-y"] }
    }

    public enum Outcome: Equatable, Sendable {
        case succeeded
        /// It was tried, and the file system does not allow it.
        case failed
        /// It could not be tried, which says nothing about the file system.
        case impossible
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
    public mutating func finish(_ outcome: Outcome) {
        let succeeded = outcome == .succeeded
        switch step {
        case .mount where outcome == .impossible, .repair where outcome == .impossible: step = .giveUp
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
