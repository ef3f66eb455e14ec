import Foundation

/// QEMU's machine protocol (QMP): one JSON object per line; commands are answered in order, events come in
/// between.
struct ControlChannel: ~Copyable {
    /// QEMU answers within milliseconds, with a screen dump on a slow host within a second.
    private static let answerMilliseconds: Int32 = 10_000
    /// A QMP answer is short; what is longer is not QMP.
    private static let lineLimit = 1 << 20

    struct Event {
        let name: String
        /// `data.reason` of SHUTDOWN: guest-reset, guest-shutdown, guest-panic, host-qmp-quit, …
        let reason: String
    }

    private var socket: SocketPair
    private var pending: [UInt8] = []
    private var events: [Event] = []
    private(set) var isOpen = true

    init(_ socket: consuming SocketPair) { self.socket = socket }

    var descriptor: Int32 { socket.ours }

    mutating func closeChildEnd() { socket.closeChildEnd() }

    /// Awaits the greeting, then lets the guest go. It was started paused (`-S`), so that no event of it is
    /// missed.
    mutating func negotiate() throws(EmulatorError) {
        try greet()
        try execute("cont")
    }

    /// Awaits the greeting.
    mutating func greet() throws(EmulatorError) {
        guard let greeting = nextMessage(), greeting["QMP"] != nil else {
            throw .control("QEMU did not greet; it may have ended with an error")
        }
        try execute("qmp_capabilities")
    }

    @discardableResult
    mutating func execute(_ command: String, _ arguments: [String: String] = [:]) throws(EmulatorError)
        -> Any?
    {
        var request: [String: Any] = ["execute": command]
        if !arguments.isEmpty { request["arguments"] = arguments }
        guard let line = try? JSONSerialization.data(withJSONObject: request) else {
            throw .control("\(command) cannot be written as JSON")
        }
        guard socket.send([UInt8](line) + [0x0a]) else { throw .control("QEMU does not take \(command)") }
        while let message = nextMessage() {
            if let result = message["return"] { return result }
            if let failure = message["error"] as? [String: Any] {
                throw .control("\(command): \(failure["desc"] as? String ?? "refused")")
            }
        }
        throw .control("no answer to \(command)")
    }

    /// Events that have arrived, oldest first.
    mutating func takeEvents() -> [Event] {
        while let bytes = socket.receive() {
            if bytes.isEmpty {
                isOpen = false
                break
            }
            pending += bytes
        }
        while let line = nextLine() { _ = note(line) }
        defer { events = [] }
        return events
    }

    /// Waits for the next message that is not an event.
    private mutating func nextMessage() -> [String: Any]? {
        while true {
            while let line = nextLine() {
                if let message = note(line) { return message }
            }
            guard pending.count < Self.lineLimit else { return nil }
            var entry = pollfd(fd: socket.ours, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, Self.answerMilliseconds)
            if ready < 0, errno == EINTR { continue }
            guard ready > 0, let bytes = socket.receive() else { return nil }
            guard !bytes.isEmpty else {
                isOpen = false
                return nil
            }
            pending += bytes
        }
    }

    private mutating func nextLine() -> [UInt8]? {
        guard let end = pending.firstIndex(of: 0x0a) else { return nil }
        defer { pending.removeSubrange(...end) }
        return Array(pending[..<end])
    }

    /// Keeps an event for later; gives back anything else.
    private mutating func note(_ line: [UInt8]) -> [String: Any]? {
        guard let message = try? JSONSerialization.jsonObject(with: Data(line)) as? [String: Any] else {
            return nil
        }
        guard let name = message["event"] as? String else { return message }
        let data = message["data"] as? [String: Any]
        events.append(Event(name: name, reason: data?["reason"] as? String ?? ""))
        return nil
    }
}
