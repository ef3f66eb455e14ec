import LinuxSystem
import Slots
import Wire

/// The file systems that are windows into the kernel; they move along to the new root.
enum KernelFileSystems {
    static let all: [(type: String, path: String)] = [
        ("devtmpfs", "/dev"), ("proc", "/proc"), ("sysfs", "/sys"), ("tmpfs", "/run"),
    ]

    static func mount() throws(BootFailure) {
        try required(.handoverFailed) { () throws(SystemCallError) in
            try Mount.attach(
                "devtmpfs", at: "/dev", type: "devtmpfs", [.noSetuid, .noExecute], options: "mode=0755")
            try Mount.attach("proc", at: "/proc", type: "proc", [.noSetuid, .noDevices, .noExecute])
            try Mount.attach("sysfs", at: "/sys", type: "sysfs", [.noSetuid, .noDevices, .noExecute])
            try Mount.attach(
                "tmpfs", at: "/run", type: "tmpfs", [.noSetuid, .noDevices], options: "mode=0755")
        }
        // A kernel that panics, or a stage 1 that crashes, must not hang: −1 restarts at once.
        set("/proc/sys/kernel/panic", "-1")
        // Inserting modules and switching tables waits for grace periods; PID 1 sets this back when it is
        // ready.
        set("/sys/kernel/rcu_expedited", "1")
    }

    /// The kernel lacks the setting or refuses it: the boot goes on without.
    private static func set(_ path: String, _ value: String) {
        do throws(SystemCallError) {
            try FileDescriptor.open(path, .writeOnly).write(Array(value.utf8))
        } catch {}
    }
}
