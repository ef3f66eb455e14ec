import LinuxSystem
import Wire

/// PID 1's own messages go to the kernel's log, where amos-logd finds them, and which outlives it.
enum Log {
    /// Set once, before anything else runs; there is only one thread.
    nonisolated(unsafe) static var isSystem = false
    /// Kept open: a full descriptor table must not silence the message about it.
    nonisolated(unsafe) private static var file: HeldDescriptor?

    /// In a forked child, which has no other descriptors than its own.
    static func reopen() { file = nil }

    static func say(_ level: LogRecord.Level, _ text: String) {
        let prefix = isSystem ? "<" + String(level.rawValue) + ">amos-init: " : "amos-init: "
        if file == nil {
            let path = isSystem ? "/dev/kmsg" : "/dev/stderr"
            // A file that stderr was directed to has more to keep than the last line. Nobody is waited for:
            // of what a reader that stands still does not take, the newest is lost.
            let options: FileDescriptor.Options = [.writeOnly, .append, .nonBlocking]
            guard let opened = try? FileDescriptor.open(path, options) else { return }
            file = HeldDescriptor(opened)
        }
        try? file?.descriptor.write(Array((prefix + text + "\n").utf8))
    }
}
