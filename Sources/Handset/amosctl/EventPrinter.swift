import LinuxSystem
import Wire

/// `amosctl events`.
enum EventPrinter {
    static func run(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        try client.ask(ControlRequest(arguments.isFollowing ? .follow : .history))
        while true {
            switch try client.next() {
            case .event(let line): Amosctl.write(arguments.isJSON ? Array(line.utf8) : text(line))
            case .lost(let bytes):
                // On the other stream: what is on this one is whole lines of events.
                Amosctl.complain("amosctl: " + TextFormat.bytes(bytes) + " of events were lost here")
            case .end: return
            default: ControlClient.unexpected()
            }
        }
    }

    /// `   12.345678 service logd ready (71)`; what this program does not know stays as it is.
    private static func text(_ line: String) -> [UInt8] {
        let bytes = Array(line.utf8)
        guard let timed = try? TimedEvent(line: bytes) else { return bytes }
        let microseconds = timed.nanoseconds / 1000
        let time = TextFormat.decimal(microseconds, places: 6)
        let padding = String(repeating: " ", count: max(0, 13 - time.utf8.count))
        return Array((padding + time + "  " + describe(timed.event) + "\n").utf8)
    }

    private static func describe(_ event: BootEvent) -> String {
        switch event {
        case .stage(let name): "stage " + name
        case .module(let name, let duration):
            "module " + name + ", " + TextFormat.duration(milliseconds: duration / 1_000_000)
        case .mount(let path, let type, _): "mounted " + path + " (" + type + ")"
        case .service(let name, let state, let pid, let reason):
            "service " + name + " " + state.name + (pid == 0 ? "" : ", process " + String(pid))
                + (reason.isEmpty ? "" : ": " + reason)
        case .network(let interface, let address): "network " + interface + " " + address
        case .clock(let source, let seconds): "clock set by " + source + " to " + String(seconds)
        case .memory(let total, let available):
            "memory " + TextFormat.bytes(available * 1024) + " of " + TextFormat.bytes(total * 1024) + " free"
        case .ready: "ready"
        case .healthy(let slot): "healthy, slot " + slot
        case .failure(let what, let reason): "failure of " + what + ": " + reason
        case .crash(let program, let signal): "crash of " + program + ", signal " + String(signal)
        case .shutdown(let reason): "shutdown: " + reason
        case .unmounted(let path): "unmounted " + path
        case .lost(let bytes): TextFormat.bytes(bytes) + " of events are missing here"
        }
    }
}
