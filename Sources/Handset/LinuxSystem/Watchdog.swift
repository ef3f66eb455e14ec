import CLinux

/// A hardware watchdog (`/dev/watchdog`).
public enum Watchdog {
    /// WDIOC_SETTIMEOUT, and what the driver made of it, in seconds.
    public static func set(
        seconds: Int32, on device: borrowing FileDescriptor
    ) throws(SystemCallError) -> Int32 {
        let fd = device.rawValue
        return Int32(clamping: try retryingOnInterrupt("set", "watchdog") { amos_watchdog_set(fd, seconds) })
    }

    /// WDIOC_GETTIMEOUT
    public static func seconds(of device: borrowing FileDescriptor) throws(SystemCallError) -> Int32 {
        let fd = device.rawValue
        return Int32(clamping: try retryingOnInterrupt("ask", "watchdog") { amos_watchdog_get(fd) })
    }

    /// WDIOC_KEEPALIVE
    public static func feed(_ device: borrowing FileDescriptor) throws(SystemCallError) {
        let fd = device.rawValue
        try retryingOnInterrupt("feed", "watchdog") { amos_watchdog_feed(fd) }
    }
}
