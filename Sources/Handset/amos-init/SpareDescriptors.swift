import LinuxSystem

/// Descriptors that are held for the moment when the table is full: one is closed, and a caller of the
/// control socket can be answered all the same. Otherwise `amosctl` would fail exactly when it is needed, and
/// the waiting connection would wake PID 1 up without end.
struct SpareDescriptors {
    /// Callers at the same time while the table is full; the last one only takes a caller to turn it away.
    static let count = 4

    private var held: [HeldDescriptor] = []

    init() { refill() }

    /// Takes back what was given, as soon as there is room again.
    mutating func refill() {
        while held.count < Self.count {
            guard let spare = try? FileDescriptor.open("/dev/null") else { return }
            held.append(HeldDescriptor(spare))
        }
    }

    /// Lets all of them go if the table is full, until the next `refill`; whether it was.
    mutating func lend() -> Bool {
        guard !held.isEmpty, (try? FileDescriptor.open("/dev/null")) == nil else { return false }
        held = []
        return true
    }

    /// The next caller; nil when nobody waits, or there is no room for anybody.
    mutating func accept(_ socket: borrowing LocalSocket) -> FileDescriptor? {
        do throws(SystemCallError) {
            return try socket.acceptOrFail()
        } catch {
            guard error.isDescriptorExhaustion, !held.isEmpty else { return nil }
        }
        held.removeLast()
        let caller = try? socket.acceptOrFail()
        // With none left, the caller goes: its end is closed here, which it sees.
        return held.isEmpty ? nil : caller
    }
}
