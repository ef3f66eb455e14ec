import CLinux
import Wire

public enum Clock {
    /// `CLOCK_MONOTONIC` in milliseconds: the supervisor's time. It stands still while the machine sleeps, as
    /// the services do: nobody is late because of it.
    public static var monotonicMilliseconds: UInt64 { amos_monotonic_ns() / 1_000_000 }

    /// `CLOCK_BOOTTIME` in milliseconds, sleep included: the time of timers and of everything that is shown.
    public static var bootMilliseconds: UInt64 { Machine.bootTimeNanoseconds / 1_000_000 }
}

/// The machine's name and its own network interface.
public enum Host {
    /// `sethostname(2)`.
    public static func setName(_ name: String) throws(SystemCallError) {
        try retryingOnInterrupt("sethostname", name) {
            name.withCString { amos_set_hostname($0, name.utf8.count) }
        }
    }

    /// Brings `lo` up (`SIOCSIFFLAGS`); the kernel adds 127.0.0.1 by itself.
    public static func bringLoopbackUp() throws(SystemCallError) {
        try retryingOnInterrupt("bring up", "lo") { amos_loopback_up() }
    }
}
