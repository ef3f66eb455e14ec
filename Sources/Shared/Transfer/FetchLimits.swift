/// How much patience a transfer has, in milliseconds where nothing else is said.
public struct FetchLimits: Sendable {
    /// A server that is there answers a connection in a second or two, from everywhere.
    public var connect: UInt64 = 20_000
    /// From the connection to the answer's first line; servers that make files when asked need a while.
    public var answer: UInt64 = 30_000
    /// A body that stays below `minimumBytesPerSecond` for this long is given up: an attacker's trickle would
    /// hold an update back for ever.
    public var stall: UInt64 = 30_000
    public var minimumBytesPerSecond: UInt64 = 100
    /// Failures in a row; with the pauses below, half a minute of bad luck.
    public var attempts = 6
    /// Failures altogether, whatever came in between.
    public var attemptsAltogether = 64
    /// So much more than before the last failure, and the failures are counted anew.
    public var progress: UInt64 = 64 << 10
    /// Before the second attempt, doubled each time. A random half of it is left out, so that handsets that
    /// lost a server together do not come back together.
    public var firstPause: UInt64 = 500
    public var pauseLimit: UInt64 = 30_000
    /// A server may ask for longer pauses (Retry-After), but not for ever.
    public var longestAskedPause: UInt64 = 120_000
    /// As browsers and curl count: real chains have one or two.
    public var redirects = 5

    public init() {}
}
