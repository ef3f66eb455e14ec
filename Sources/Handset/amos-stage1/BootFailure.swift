import LinuxSystem
import Slots

/// Why this boot cannot go on. There is no way back from it: it is reported, and the machine restarts.
struct BootFailure: Error {
    let reason: FailureReason
    /// "insert module virtio_blk"
    let what: String
    /// "No such device"
    let why: String

    init(_ reason: FailureReason, _ what: String, _ why: String) {
        self.reason = reason
        self.what = what
        self.why = why
    }

    init(_ reason: FailureReason, _ error: SystemCallError) {
        self.init(reason, error.subject.isEmpty ? error.call : error.call + " " + error.subject, error.reason)
    }
}

/// Runs a call into the kernel whose failure ends the boot for `reason`.
func required<Value: ~Copyable>(
    _ reason: FailureReason, _ body: () throws(SystemCallError) -> Value
) throws(BootFailure) -> Value {
    do throws(SystemCallError) {
        return try body()
    } catch {
        throw BootFailure(reason, error)
    }
}
