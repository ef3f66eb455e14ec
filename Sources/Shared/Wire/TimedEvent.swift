/// A boot event as read back from a line, with the guest's boot clock.
public struct TimedEvent: Equatable, Sendable {
    public let nanoseconds: UInt64
    public let event: BootEvent

    public init(nanoseconds: UInt64, event: BootEvent) {
        self.nanoseconds = nanoseconds
        self.event = event
    }

    public init(line: [UInt8]) throws(WireError) { try self.init(line: line.span) }

    /// Reads one line (with or without its newline). Unknown fields are ignored, unknown events are refused.
    public init(line: Span<UInt8>) throws(WireError) {
        guard line.count <= BootEvent.lineLimit else { throw .tooLong(offset: 0, limit: BootEvent.lineLimit) }
        let fields = Fields(json: try JSONParser.parse(line))
        nanoseconds = try fields.unsigned("ns")
        event = try Self.event(fields)
    }

    private struct Fields {
        let json: JSONValue

        func text(_ key: String) throws(WireError) -> String {
            guard let value = json[key]?.text else {
                throw .malformed(offset: 0, expected: "the event's text")
            }
            return value
        }

        func integer(_ key: String) throws(WireError) -> Int64 {
            guard let value = json[key]?.integer else {
                throw .malformed(offset: 0, expected: "the event's number")
            }
            return value
        }

        func unsigned(_ key: String) throws(WireError) -> UInt64 {
            guard let value = UInt64(exactly: try integer(key)) else {
                throw .malformed(offset: 0, expected: "a number that is not negative")
            }
            return value
        }

        func int32(_ key: String) throws(WireError) -> Int32 {
            guard let value = Int32(exactly: try integer(key)) else {
                throw .malformed(offset: 0, expected: "a 32-bit number")
            }
            return value
        }

        func service() throws(WireError) -> BootEvent {
            guard let state = ServiceState(name: try text("state")) else {
                throw .malformed(offset: 0, expected: "a service state")
            }
            return .service(
                name: try text("name"), state: state, pid: json["pid"] == nil ? 0 : try int32("pid"),
                reason: json["reason"]?.text ?? "")
        }
    }

    private static func event(_ fields: Fields) throws(WireError) -> BootEvent {
        switch EventName(text: try fields.text("event")) {
        case "stage": .stage(name: try fields.text("name"))
        case "module":
            .module(
                name: try fields.text("name"), durationNanoseconds: try fields.unsigned("duration_ns"))
        case "mount":
            .mount(
                path: try fields.text("path"), type: try fields.text("type"),
                options: try fields.text("options"))
        case "service": try fields.service()
        case "network":
            .network(interface: try fields.text("interface"), address: try fields.text("address"))
        case "clock": .clock(source: try fields.text("source"), unixSeconds: try fields.integer("unix"))
        case "memory":
            .memory(
                totalKibibytes: try fields.unsigned("total_kib"),
                availableKibibytes: try fields.unsigned("available_kib"))
        case "ready": .ready
        case "healthy": .healthy(slot: try fields.text("slot"))
        case "failure": .failure(what: try fields.text("what"), reason: try fields.text("reason"))
        case "crash": .crash(program: try fields.text("program"), signal: try fields.int32("signal"))
        case "shutdown": .shutdown(reason: try fields.text("reason"))
        case "unmounted": .unmounted(path: try fields.text("path"))
        case "lost": .lost(bytes: try fields.unsigned("bytes"))
        default: throw .malformed(offset: 0, expected: "a known event")
        }
    }
}

/// Compared as bytes: text compared as text would need the Unicode tables, which handset programs do not
/// have.
private struct EventName {
    let text: String

    static func ~= (pattern: String, name: EventName) -> Bool { UTF8Text.equal(pattern, name.text) }
}
