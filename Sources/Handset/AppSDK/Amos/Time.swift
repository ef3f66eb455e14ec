import Glibc

/// What time it is, and waiting.
///
/// Random numbers need nothing of ours: `Int.random(in: 1...6)` and `SystemRandomNumberGenerator` take the
/// kernel's.
public enum Time {
    /// Seconds since 1970 in UTC. A handset may have no clock: before it has asked the network this can be
    /// long ago, and it may jump.
    public static var unixSeconds: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec)
    }

    /// Milliseconds since the handset was switched on, sleep included: for measuring, it never jumps.
    public static var sinceBootMilliseconds: UInt64 {
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return UInt64(now.tv_sec) * 1000 + UInt64(now.tv_nsec) / 1_000_000
    }

    /// Waits, for the whole time even if a signal comes.
    public static func sleep(milliseconds: UInt32) {
        var left = timespec()
        left.tv_sec = Int(milliseconds / 1000)
        left.tv_nsec = Int(milliseconds % 1000) * 1_000_000
        var rest = timespec()
        while nanosleep(&left, &rest) != 0, errno == EINTR { left = rest }
    }
}
