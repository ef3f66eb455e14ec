/// One service as PID 1 sees it: a line of `amosctl status`.
///
///     text name | u8 state | i32 process | u32 restarts | u64 since | u64 next start | u8 last end
///     | i32 code or signal | u64 end's time | text reason | text note
public struct ServiceStatus: Equatable, Sendable {
    /// How a service's main process ended last.
    public enum LastEnd: Equatable, Sendable {
        case never
        case exited(code: Int32)
        case killed(signal: Int32)
    }

    public var name: String
    public var state: ServiceState
    /// 0: no process.
    public var pid: Int32
    /// How often PID 1 has started it again by itself, in this boot.
    public var restarts: UInt32
    /// CLOCK_BOOTTIME of the last change of state.
    public var sinceMilliseconds: UInt64
    /// CLOCK_BOOTTIME of the next attempt to start it; 0: none is due.
    public var nextStartMilliseconds: UInt64 = 0
    public var lastEnd = LastEnd.never
    /// CLOCK_BOOTTIME; 0 if it has never ended.
    public var lastEndMilliseconds: UInt64 = 0
    /// Why it is in this state; empty where that is plain.
    public var reason: String
    /// What the service says about itself (sd_notify's STATUS=).
    public var note = ""

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
        writer.write(UTF8Text.cut(name, ControlReply.textLimit))
        writer.write(state.rawValue)
        writer.write(pid)
        writer.write(restarts)
        writer.write(sinceMilliseconds)
        writer.write(nextStartMilliseconds)
        switch lastEnd {
        case .never: write(0, 0, to: &writer)
        case .exited(let code): write(1, code, to: &writer)
        case .killed(let signal): write(2, signal, to: &writer)
        }
        writer.write(lastEndMilliseconds)
        writer.write(UTF8Text.cut(reason, ControlReply.textLimit))
        writer.write(UTF8Text.cut(note, ControlReply.textLimit))
    }

    private func write(_ kind: UInt8, _ value: Int32, to writer: inout ByteWriter) {
        writer.write(kind)
        writer.write(value)
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
        nextStartMilliseconds = try reader.readUInt64()
        let end = reader.offset
        let kind = try reader.readUInt8()
        let value = try reader.readInt32()
        switch kind {
        case 0: lastEnd = .never
        case 1: lastEnd = .exited(code: value)
        case 2: lastEnd = .killed(signal: value)
        default: throw .malformed(offset: end, expected: "how a process ended")
        }
        lastEndMilliseconds = try reader.readUInt64()
        reason = try reader.readText()
        note = try reader.readText()
    }
}
