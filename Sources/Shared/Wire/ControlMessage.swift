/// What goes over PID 1's control socket, `/run/amos/control.sock` (SOCK_SEQPACKET: one packet is one
/// message, so neither side ever waits for the rest of one). PID 1 asks the kernel who is calling
/// (SO_PEERCRED).
///
///     request   u8 version = 1 | u8 command | u16 length, text (service name, event line or nothing)
///     reply     u8 version = 1 | u8 kind | fields of that kind
///
/// `status` answers with one `row` per service and an `end`; `events` with event lines until the caller
/// goes away; `attachLog` (root only) with one `source` per service, each with a descriptor (SCM_RIGHTS), now
/// and later, and with a further one, without descriptor, whenever what it says has changed; everything else with `end` or `refused`.
public struct ControlRequest: Equatable, Sendable {
    public enum Command: UInt8, Sendable, CaseIterable {
        case status = 1
        case start = 2
        case stop = 3
        case restart = 4
        case powerOff = 5
        case reboot = 6
        case factoryReset = 7
        case events = 8
        /// Passes an event line on to the host and to all who listen; the text is the line.
        case announce = 9
        case attachLog = 10
    }

    /// No packet is longer: PID 1 receives into one buffer of this size.
    public static let limit = BootEvent.lineLimit + 8
    static let version: UInt8 = 1

    public var command: Command
    public var text: String

    public init(_ command: Command, text: String = "") {
        self.command = command
        self.text = text
    }

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 4 + text.utf8.count)
        writer.write(Self.version)
        writer.write(command.rawValue)
        writer.write(text)
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span) }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == Self.version else {
            throw .malformed(offset: 0, expected: "a request of version 1")
        }
        guard let command = Command(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: 1, expected: "a known command")
        }
        self.command = command
        text = try reader.readText(limit: BootEvent.lineLimit)
        try reader.finish()
    }
}

/// An answer of PID 1.
public enum ControlReply: Equatable, Sendable {
    case row(ServiceStatus)
    case end
    /// Nothing was done, and why.
    case refused(String)
    case event(line: String)
    case source(LogSource)

    /// No packet is longer.
    public static let limit = ControlRequest.limit

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.write(ControlRequest.version)
        switch self {
        case .row(let status):
            writer.write(1 as UInt8)
            status.encode(to: &writer)
        case .end: writer.write(2 as UInt8)
        case .refused(let reason):
            writer.write(3 as UInt8)
            writer.write(reason)
        case .event(let line):
            writer.write(4 as UInt8)
            writer.write(line)
        case .source(let source):
            writer.write(5 as UInt8)
            source.encode(to: &writer)
        }
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span) }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == ControlRequest.version else {
            throw .malformed(offset: 0, expected: "a reply of version 1")
        }
        switch try reader.readUInt8() {
        case 1: self = .row(try ServiceStatus(decoding: &reader))
        case 2: self = .end
        case 3: self = .refused(try reader.readText())
        case 4: self = .event(line: try reader.readText())
        case 5: self = .source(try LogSource(decoding: &reader))
        default: throw .malformed(offset: 1, expected: "a known kind of reply")
        }
        try reader.finish()
    }
}

/// One line of `amosctl status`.
public struct ServiceStatus: Equatable, Sendable {
    public var name: String
    public var state: ServiceState
    /// 0: no process.
    public var pid: Int32
    /// How often it was started again since the last command that started it.
    public var restarts: UInt32
    /// CLOCK_BOOTTIME of the last change of state.
    public var sinceMilliseconds: UInt64
    /// Why it is in this state; empty where that is plain.
    public var reason: String

    public init(
        name: String, state: ServiceState, pid: Int32, restarts: UInt32, sinceMilliseconds: UInt64,
        reason: String
    ) {
        self.name = name
        self.state = state
        self.pid = pid
        self.restarts = restarts
        self.sinceMilliseconds = sinceMilliseconds
        self.reason = reason
    }

    func encode(to writer: inout ByteWriter) {
        writer.write(name)
        writer.write(state.rawValue)
        writer.write(pid)
        writer.write(restarts)
        writer.write(sinceMilliseconds)
        writer.write(reason)
    }

    init(decoding reader: inout ByteReader) throws(WireError) {
        name = try reader.readText()
        let start = reader.offset
        guard let state = ServiceState(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: start, expected: "a service state")
        }
        self.state = state
        pid = try reader.readInt32()
        restarts = try reader.readUInt32()
        sinceMilliseconds = try reader.readUInt64()
        reason = try reader.readText()
    }
}
