import LinuxSystem
import Wire

/// Passes events on to the machine that watches this one, through the virtio-serial port `amos.events`. Real
/// hardware has no such port; then nothing happens.
final class Announcer {
    /// What a host that does not read right now may miss at most; a boot chart of 1,000 services fits.
    static let backlogLimit = 256 * 1024

    private var port: FileDescriptor?
    private var backlog: [UInt8] = []
    /// Sees every line, for `amosctl events`.
    var listener: (([UInt8]) -> Void)?

    func openPort() { port = VirtioPort.open(named: "amos.events") }

    func announce(_ event: BootEvent) {
        guard port != nil || listener != nil else { return }
        pass(event.line(nanoseconds: Machine.bootTimeNanoseconds))
    }

    /// A finished line, newline included.
    func pass(_ line: [UInt8]) {
        listener?(line)
        guard port != nil, backlog.count + line.count <= Self.backlogLimit else { return }
        backlog.append(contentsOf: line)
        flush()
    }

    /// Hands over what the host takes now.
    func flush() {
        while !backlog.isEmpty {
            guard let sent = try? port?.writeOnce(backlog.span), sent > 0 else { return }
            backlog.removeFirst(sent)
        }
    }
}
