/// What loader, stage 1 and PID 1 tell each other across a reset: the contents of the `misc` partition.
///
/// The transitions are in `BootDecision.swift`, the bytes in `SlotMetadata+Encoding.swift`.
public struct SlotMetadata: Equatable, Sendable {
    /// How many failed boots in a row a slot may cost: one could be bad luck (power, a cosmic ray), three
    /// are not, and three boots are about as long as an owner waits before believing the handset is dead.
    public static let attemptLimit: UInt8 = 3
    /// Bounds what a writer can leave behind for a reader; twice what two slots need.
    public static let priorityLimit: UInt8 = 15

    public struct SlotState: Equatable, Sendable {
        /// The higher one is tried first; 0: never (empty, or being written by an update).
        public var priority: UInt8
        public var attemptsLeft: UInt8
        /// It was healthy at least once since it was written.
        public var isSuccessful: Bool
        public var lastFailure: Failure

        public init(
            priority: UInt8, attemptsLeft: UInt8, isSuccessful: Bool = false, lastFailure: Failure = Failure()
        ) {
            self.priority = priority
            self.attemptsLeft = attemptsLeft
            self.isSuccessful = isSuccessful
            self.lastFailure = lastFailure
        }
    }

    public struct Failure: Equatable, Sendable {
        /// Room for a service or module name and an errno; more belongs into the log.
        public static let detailLimit = 48

        public var reason: FailureReason
        /// Printable ASCII, at most `detailLimit` bytes.
        public private(set) var detail: [UInt8]

        /// Cuts the detail to its limit and replaces what a console should not print.
        public init(_ reason: FailureReason = .none, detail: [UInt8] = []) {
            self.reason = reason
            self.detail = detail.prefix(Self.detailLimit).map {
                $0 >= 32 && $0 < 127 ? $0 : UInt8(ascii: "?")
            }
        }
    }

    /// The latest boot, as far as it got. It is settled (an attempt spent or given back) when the loader
    /// next runs.
    public struct Boot: Equatable, Sendable {
        public enum Phase: UInt8, Sendable, CaseIterable {
            /// Settled, or ended in order: nothing to settle.
            case none = 0
            case started = 1
            case healthy = 2
            case failed = 3
        }

        public var phase: Phase
        public var slot: Slot
        /// The loader took the attempt at the start, because the slot had not been successful yet.
        public var attemptWasSpent: Bool
        /// Of the image that was started: what the floor rises to when this boot is healthy.
        public var rollbackIndex: UInt64

        public init(
            phase: Phase = .none, slot: Slot = .a, attemptWasSpent: Bool = false, rollbackIndex: UInt64 = 0
        ) {
            self.phase = phase
            self.slot = slot
            self.attemptWasSpent = attemptWasSpent
            self.rollbackIndex = rollbackIndex
        }
    }

    public enum Command: UInt8, Sendable, CaseIterable {
        case none = 0
        /// Stage 1 replaces `data` by the pristine file system.
        case factoryReset = 1
    }

    /// Grows by one with every write; the newer valid copy counts.
    public var sequence: UInt64 = 0
    public var rollbackFloor: UInt64 = 0
    public var command: Command = .none
    public var boot = Boot()
    public var a: SlotState
    public var b: SlotState

    /// A fresh image: both slots filled, neither tried, `a` first.
    public init() {
        a = SlotState(priority: 2, attemptsLeft: Self.attemptLimit)
        b = SlotState(priority: 1, attemptsLeft: Self.attemptLimit)
    }

    public subscript(slot: Slot) -> SlotState {
        get { slot == .a ? a : b }
        set { if slot == .a { a = newValue } else { b = newValue } }
    }
}
