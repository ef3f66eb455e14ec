import LinuxSystem
import Slots

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
        restartOnPanic()
    }

    /// A kernel that panics, or a stage 1 that crashes, must not hang: −1 restarts at once.
    private static func restartOnPanic() {
        guard let file = try? FileDescriptor.open("/proc/sys/kernel/panic", .writeOnly) else { return }
        try? file.write(Array("-1".utf8))
    }
}
