import CLinux
import Wire

/// Wakes an epoll at a time of the wall clock, and whenever somebody sets that clock (`timerfd_create(2)`,
/// CLOCK_REALTIME, TFD_TIMER_CANCEL_ON_SET). It counts the time that the machine sleeps.
public struct ClockTimer: ~Copyable {
    public let descriptor: FileDescriptor

    public init() throws(SystemCallError) {
        let fd = try retryingOnInterrupt("timerfd_create") { amos_timer_create() }
        descriptor = FileDescriptor(owning: Int32(fd))
    }

    /// `nil`: only when the clock is set.
    public borrowing func wake(atUnixNanoseconds time: Int64?) throws(SystemCallError) {
        // Not 0, which would stop the timer, and far beyond any service's patience otherwise.
        let time = max(1, time ?? Int64.max / 2)
        let fd = descriptor.rawValue
        let (seconds, rest) = (time / 1_000_000_000, time % 1_000_000_000)
        do throws(SystemCallError) {
            try retryingOnInterrupt("timerfd_settime") { amos_timer_set(fd, seconds, rest) }
        } catch  where error.code == ECANCELED {
            // The clock was set since the last read: the timer is set all the same.
        }
    }

    /// Takes what woke the epoll, be it the time or a set clock.
    public borrowing func acknowledge() {
        var bytes = [UInt8](repeating: 0, count: 8)
        var span = bytes.mutableSpan
        _ = try? descriptor.read(into: &span)
    }
}
