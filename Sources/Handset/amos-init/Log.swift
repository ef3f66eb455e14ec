import LinuxSystem
import Wire

/// PID 1's own messages go to the kernel's log, where amos-logd finds them, and which outlives it.
enum Log {
    /// Set once, before anything else runs; there is only one thread.
    nonisolated(unsafe) static var isSystem = false

    static func say(_ level: LogRecord.Level, _ text: String) {
        let path = isSystem ? "/dev/kmsg" : "/dev/stderr"
        let prefix = isSystem ? "<" + String(level.rawValue) + ">amos-init: " : "amos-init: "
        // A file that stderr was directed to has more to keep than the last line.
        guard let file = try? FileDescriptor.open(path, [.writeOnly, .append]) else { return }
        try? file.write(Array((prefix + text + "\n").utf8))
    }
}
