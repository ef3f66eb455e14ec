import CLinux
import Wire

/// The kernel's console, for the few lines that must not get lost.
public struct Console: ~Copyable {
    private let descriptor: FileDescriptor

    /// nil where the machine has no console.
    public init?() {
        guard let descriptor = try? FileDescriptor.open("/dev/console", [.writeOnly]) else { return nil }
        self.descriptor = descriptor
    }

    /// Writes one line, and returns when it has left the machine: a reset may follow.
    public borrowing func say(_ line: String) {
        try? descriptor.write(Array((line + "\r\n").utf8))
        _ = amos_drain(descriptor.rawValue)
    }
}
