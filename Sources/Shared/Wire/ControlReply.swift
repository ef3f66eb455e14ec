/// An answer of PID 1, or one of several.
///
///     kind  1 row          ServiceStatus
///           2 end
///           3 refused      text
///           4 event        text, one line with its newline
///           5 source       LogSource                 + descriptor
///           6 plan                                   + descriptor
///           7 explanation  text
///           8 about        Supervision
///           9 lost         u64
public enum ControlReply: Equatable, Sendable {
    case row(ServiceStatus)
    case end
    /// Nothing was done, and why.
    case refused(String)
    case event(line: String)
    /// The first one of each service comes with a descriptor: the reading end of its output.
    case source(LogSource)
    /// A descriptor comes with it: the boot plan in force, as the host compiled it, from offset 0.
    case plan
    case explanation(String)
    case about(SupervisionStatus)
    /// So many bytes of events were overwritten before this caller took them.
    case lost(bytes: UInt64)

    /// No packet is longer.
    public static let limit = 8 * 1024
    /// One text: three of them fit a packet.
    public static let textLimit = 2_500

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
            writer.write(UTF8Text.cut(reason, Self.textLimit))
        case .event(let line):
            writer.write(4 as UInt8)
            writer.write(line)
        case .source(let source):
            writer.write(5 as UInt8)
            source.encode(to: &writer)
        case .plan: writer.write(6 as UInt8)
        case .explanation(let text):
            writer.write(7 as UInt8)
            writer.write(UTF8Text.cut(text, Self.limit - 8))
        case .about(let status):
            writer.write(8 as UInt8)
            status.encode(to: &writer)
        case .lost(let bytes):
            writer.write(9 as UInt8)
            writer.write(bytes)
        }
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span) }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == ControlRequest.version else {
            throw .malformed(offset: 0, expected: "a reply of version 2")
        }
        switch try reader.readUInt8() {
        case 1: self = .row(try ServiceStatus(decoding: &reader))
        case 2: self = .end
        case 3: self = .refused(try reader.readText())
        case 4: self = .event(line: try reader.readText())
        case 5: self = .source(try LogSource(decoding: &reader))
        case 6: self = .plan
        case 7: self = .explanation(try reader.readText())
        case 8: self = .about(try SupervisionStatus(decoding: &reader))
        case 9: self = .lost(bytes: try reader.readUInt64())
        default: throw .malformed(offset: 1, expected: "a known kind of reply")
        }
        try reader.finish()
    }
}

/// Who answers at the control socket.
///
///     u8 flags (1: the machine's PID 1, 2: shutting down) | i32 process | u64 start | u32 handovers
///     | text cgroup root
public struct SupervisionStatus: Equatable, Sendable {
    /// The machine's PID 1, not one that was started for a folder of services.
    public var isSystem: Bool
    public var isShuttingDown: Bool
    public var pid: Int32
    /// CLOCK_BOOTTIME when it began, by `exec-self` or not.
    public var sinceMilliseconds: UInt64
    /// How often it has re-executed itself.
    public var handovers: UInt32
    /// Where each service has its cgroup, by its name; empty where there are none.
    public var cgroupRoot: String

    public init(
        isSystem: Bool, isShuttingDown: Bool, pid: Int32, sinceMilliseconds: UInt64, handovers: UInt32,
        cgroupRoot: String
    ) {
        self.isSystem = isSystem
        self.isShuttingDown = isShuttingDown
        self.pid = pid
        self.sinceMilliseconds = sinceMilliseconds
        self.handovers = handovers
        self.cgroupRoot = cgroupRoot
    }

    func encode(to writer: inout ByteWriter) {
        writer.write((isSystem ? 1 : 0) | (isShuttingDown ? 2 : 0) as UInt8)
        writer.write(pid)
        writer.write(sinceMilliseconds)
        writer.write(handovers)
        writer.write(UTF8Text.cut(cgroupRoot, ControlReply.textLimit))
    }

    init(decoding reader: inout ByteReader) throws(WireError) {
        let start = reader.offset
        let flags = try reader.readUInt8()
        guard flags < 4 else { throw .malformed(offset: start, expected: "known flags") }
        isSystem = flags & 1 != 0
        isShuttingDown = flags & 2 != 0
        pid = try reader.readInt32()
        sinceMilliseconds = try reader.readUInt64()
        handovers = try reader.readUInt32()
        cgroupRoot = try reader.readText()
    }
}
