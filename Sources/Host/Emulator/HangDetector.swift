/// Decides, from what can be seen outside, that a guest which has not become ready never will.
///
/// It is asked about progress (console bytes or events) and about QEMU's processor time. A guest that waits
/// for something that cannot come leaves QEMU idle; one that runs in circles keeps a processor busy and
/// says nothing. PID 1's own deadlines come first: they end in a `failure` event and a reset.
public struct HangDetector: Sendable {
    /// Longer than any silent wait of a sound boot: DHCP's address probing takes up to 7 seconds.
    public static let idleLimitSeconds = 12.0
    /// A kernel with `quiet` says nothing for 3 seconds on a 2-core machine; this allows for one ten times
    /// slower.
    public static let busyLimitSeconds = 30.0
    /// Below this share of one processor the guest does nothing but timer ticks.
    public static let idleShare = 0.10

    public enum Hang: Equatable, Sendable, CustomStringConvertible {
        case idle(seconds: Int)
        case busy(seconds: Int)

        public var description: String {
            switch self {
            case .idle(let seconds): "it hangs: idle and silent for \(seconds) s before it was ready"
            case .busy(let seconds): "it hangs: busy but silent for \(seconds) s before it was ready"
            }
        }
    }

    private var lastProgress: Double
    private var processorSecondsThen = 0.0
    private var isReady = false

    public init(now: Double) { lastProgress = now }

    public mutating func progressed(at now: Double, processorSeconds: Double) {
        lastProgress = now
        processorSecondsThen = processorSeconds
    }

    /// From here on silence is normal.
    public mutating func becameReady() { isReady = true }

    public func check(at now: Double, processorSeconds: Double) -> Hang? {
        let silent = now - lastProgress
        guard !isReady, silent >= Self.idleLimitSeconds else { return nil }
        if processorSeconds - processorSecondsThen < silent * Self.idleShare {
            return .idle(seconds: Int(silent))
        }
        return silent >= Self.busyLimitSeconds ? .busy(seconds: Int(silent)) : nil
    }
}
