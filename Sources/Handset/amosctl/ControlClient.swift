import LinuxSystem
import Services
import Wire

/// A connection to PID 1.
struct ControlClient: ~Copyable {
    private let socket: LocalSocket

    init(_ arguments: Arguments) throws(SystemCallError) {
        socket = try LocalSocket(connectingTo: arguments.runDirectory + "/control.sock")
    }

    borrowing func ask(_ request: ControlRequest, passing descriptor: Int32 = -1) throws(SystemCallError) {
        let packet = request.encode()
        do throws(SystemCallError) {
            _ = try socket.send(packet, passing: descriptor, waiting: true)
        } catch  where error.code == SystemCallError.brokenPipe {
            // Turned away; why stands in the answer.
        }
    }

    /// The next answer, with a descriptor where one belongs to it; nil after the time.
    borrowing func answer(within milliseconds: UInt64? = nil) throws(SystemCallError) -> Answer? {
        if milliseconds != nil {
            guard try socket.descriptor.waitUntilReadable(milliseconds: milliseconds) else { return nil }
        }
        guard let packet = try socket.receive(limit: ControlReply.limit), !packet.bytes.isEmpty else {
            Amosctl.fail("amosctl: PID 1 has closed the connection; is the handset shutting down?")
        }
        let bytes = packet.bytes
        let passed = packet.takePassed()
        guard let reply = try? ControlReply(decoding: bytes) else {
            Amosctl.fail("amosctl: this answer is not understood; amosctl and amos-init differ in version")
        }
        if case .refused(let reason) = reply { Amosctl.fail("amosctl: " + reason) }
        return Answer(reply: reply, passed: passed)
    }

    struct Answer: ~Copyable {
        let reply: ControlReply
        var passed: FileDescriptor?

        consuming func takePassed() -> FileDescriptor? { passed }
    }

    borrowing func next() throws(SystemCallError) -> ControlReply {
        guard let answer = try answer() else { return .end }
        return answer.reply
    }

    /// For requests that are only accepted or refused.
    borrowing func expectEnd() throws(SystemCallError) {
        if case .end = try next() { return }
        Self.unexpected()
    }

    static func unexpected() -> Never {
        Amosctl.fail("amosctl: PID 1 answered something else than was asked")
    }

    /// `name` empty: all of them.
    borrowing func rows(_ name: String = "") throws(SystemCallError) -> [ServiceStatus] {
        try ask(ControlRequest(.status, text: name))
        var rows: [ServiceStatus] = []
        while true {
            switch try next() {
            case .row(let row): rows.append(row)
            case .end: return rows
            default: Self.unexpected()
            }
        }
    }

    borrowing func about() throws(SystemCallError) -> SupervisionStatus {
        try ask(ControlRequest(.about))
        if case .about(let status) = try next() { return status }
        Self.unexpected()
    }

    /// The plan in force.
    borrowing func plan() throws(SystemCallError) -> BootPlan {
        try ask(ControlRequest(.plan))
        guard let answer = try answer(), case .plan = answer.reply, let file = answer.takePassed() else {
            Self.unexpected()
        }
        let bytes = try file.readAll(limit: BootPlan.sizeLimit) ?? []
        do throws(BootPlanError) { return try BootPlan.decode(bytes) } catch {
            Amosctl.fail("amosctl: " + error.description)
        }
    }

    /// What happened in this boot, in order.
    borrowing func history() throws(SystemCallError) -> [TimedEvent] {
        try ask(ControlRequest(.history))
        var events: [TimedEvent] = []
        // They are missing up to the next event that is there.
        var missing: UInt64 = 0
        while true {
            switch try next() {
            case .event(let line):
                // Events of a newer or foreign program that this one does not know are passed over.
                guard let event = try? TimedEvent(line: Array(line.utf8)) else { continue }
                if missing > 0 {
                    events.append(TimedEvent(nanoseconds: event.nanoseconds, event: .lost(bytes: missing)))
                }
                missing = 0
                events.append(event)
            case .lost(let bytes): missing += bytes
            case .end: return events
            default: Self.unexpected()
            }
        }
    }
}
