import LinuxSystem
import Slots
import Wire

/// Tells the outside what happens: console lines for failures, events for the machine that watches.
struct Reporter: ~Copyable {
    /// Events that happen before the port exists wait; stage 1 has fewer than this in a normal boot.
    static let pendingLimit = 64

    private var port: FileDescriptor?
    private var pending: [[UInt8]] = []
    /// All of them, for PID 1.
    private var lines: [UInt8] = []

    init() {}

    mutating func announce(_ event: BootEvent) {
        let line = event.line(nanoseconds: Machine.bootTimeNanoseconds)
        if pending.count < Self.pendingLimit { pending.append(line) }
        if lines.count + line.count <= Self.pendingLimit * 256 { lines.append(contentsOf: line) }
        flush()
    }

    mutating func stage(_ name: String) { announce(.stage(name: name)) }

    /// A line on the console, for what a person should see in the log.
    borrowing func say(_ line: String) {
        if let console = Console() { console.say("amos: " + line) }
    }

    /// PID 1 has no other way to know what happened before it.
    borrowing func leaveLines() {
        guard let file = try? FileDescriptor.open(BootEvent.stage1Path, [.writeOnly, .create]) else { return }
        try? file.write(lines)
    }

    /// The port takes one opener at a time: PID 1 wants it next.
    mutating func close() { port = nil }

    private mutating func flush() {
        if port == nil { port = VirtioPort.open(named: "amos.events") }
        guard port != nil else { return }
        while let line = pending.first {
            // A port whose other side is not listening refuses; the line waits for the next event.
            guard let count = try? port!.writeOnce(line.span) else { return }
            pending.removeFirst()
            if count < line.count { pending.insert(Array(line.dropFirst(count)), at: 0) }
        }
    }
}
