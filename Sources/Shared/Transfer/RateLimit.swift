/// Lets so many bytes a second through, a tenth of a second's worth at once.
struct RateLimit: Sendable {
    private let bytesPerSecond: UInt64
    private var available: UInt64
    private var filledAt: UInt64 = 0

    init(bytesPerSecond: UInt64) {
        self.bytesPerSecond = max(bytesPerSecond, 1)
        available = max(bytesPerSecond / 10, 1)
    }

    private var burst: UInt64 { max(bytesPerSecond / 10, 1) }

    func allowance(_ now: UInt64) -> UInt64 {
        guard filledAt > 0, now > filledAt else { return available }
        // Longer than it takes to fill is no more.
        return min(burst, available + min(now - filledAt, 1_100_000) * bytesPerSecond / 1000)
    }

    mutating func use(_ count: UInt64, _ now: UInt64) {
        let left = allowance(now)
        // Fractions that a short time has gathered must not be lost.
        guard count > 0 || left == burst else { return }
        available = left - min(count, left)
        filledAt = now
    }

    /// Not for each byte: then every one would have a message of its own.
    func pausedUntil(_ now: UInt64) -> UInt64? {
        allowance(now) > 0 ? nil : max(filledAt, now) + max(25, 1000 / bytesPerSecond)
    }
}
