import LinuxSystem
import Wire

/// Passes events on to the machine that watches this one, through the virtio-serial port `amos.events`, and
/// keeps them for `amosctl`. Real hardware has no such port; then they are only kept.
final class Announcer {
    /// What waits for a host that does not read right now: as much of a boot as is kept here, too. What comes
    /// then is dropped, and the first event that has room again tells the host how much.
    static let backlogLimit = EventHistory.bootLimit

    var port: FileDescriptor?
    var backlog: [UInt8] = []
    private var dropped: UInt64 = 0
    var history = EventHistory()
    /// Called when the history has grown.
    var listener: (() -> Void)?

    /// What stage 1 has told the host already.
    func takeStage1() {
        guard let bytes = contents(of: BootEvent.stage1Path, limit: EventHistory.stage1Limit) else { return }
        try? Directory.unlink(BootEvent.stage1Path)
        for line in bytes.split(separator: 0x0a) { history.append(Array(line) + [0x0a]) }
    }

    func openPort() { port = VirtioPort.open(named: "amos.events") }

    func announce(_ event: BootEvent) {
        pass(event.line(nanoseconds: Machine.bootTimeNanoseconds))
        if case .ready = event { history.endBoot() }
    }

    /// A finished line, newline included.
    func pass(_ line: [UInt8]) {
        history.append(line)
        listener?()
        guard port != nil else { return }
        if !hasRoom(for: line) { flush() }
        guard hasRoom(for: line) else {
            dropped += UInt64(line.count)
            return
        }
        if dropped > 0 {
            backlog += BootEvent.lost(bytes: dropped).line(nanoseconds: Machine.bootTimeNanoseconds)
            dropped = 0
        }
        backlog.append(contentsOf: line)
        flush()
    }

    /// With what would say that something is missing before it.
    private func hasRoom(for line: [UInt8]) -> Bool {
        backlog.count + line.count + BootEvent.lineLimit <= Self.backlogLimit
    }

    /// Hands over what the host takes now.
    func flush() {
        while !backlog.isEmpty {
            guard let sent = try? port?.writeOnce(backlog.span), sent > 0 else { return }
            backlog.removeFirst(sent)
        }
    }
}
