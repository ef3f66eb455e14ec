import CLinux

/// Time, and the end of it.
public enum Machine {
    /// Nanoseconds since the kernel started, sleep included (`CLOCK_BOOTTIME`): the time of every event.
    public static var bootTimeNanoseconds: UInt64 { amos_boot_time_ns() }

    public static func sleep(milliseconds: UInt64) { amos_sleep_ns(milliseconds * 1_000_000) }

    /// `sync(2)`: everything written so far is on its way to the disks.
    public static func synchronizeDisks() { amos_sync() }

    /// `reboot(2)`, RESTART. Unmounts nothing. Comes back only when the kernel refuses, with the reason.
    public static func restart() -> SystemCallError {
        SystemCallError("reboot", code: Int32(-amos_restart()))
    }

    /// `reboot(2)`, POWER_OFF. Unmounts nothing. Comes back only when the kernel refuses.
    public static func powerOff() -> SystemCallError {
        SystemCallError("power off", code: Int32(-amos_power_off()))
    }
}
