/// What `amosctl log` asks of `/run/amos/log.sock` (SOCK_SEQPACKET): which of the log's records it wants.
///
///     request  u8 version = 2 | u8 flags (1: follow) | u8 least severe level | u8 kind of boot
///              | u32 boot | u32 lines (2³² − 1: all) | u64 since, unix ns | u8 count, services
public struct LogRequest: Equatable, Sendable {
    public enum Boot: Equatable, Sendable {
        case all
        /// 0: this one, 1: the one before.
        case back(UInt32)
        case number(UInt32)
    }

    public static let version: UInt8 = 2
    public static let allLines = UInt32.max
    /// A reader names a handful; a packet of all of them stays small.
    public static let serviceCountLimit = 16
    public static let limit = 32 + serviceCountLimit * (2 + LogRecord.serviceLimit)

    /// Goes on with new records after the stored ones.
    public var follow = false
    public var level: LogRecord.Level = .debug
    public var boot = Boot.all
    /// The newest so many of those that match.
    public var lines: UInt32 = LogRequest.allLines
    /// 0: from the beginning.
    public var sinceUnixNanoseconds: UInt64 = 0
    /// Empty: all.
    public var services: [String] = []

    public init() {}

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 64)
        writer.write(Self.version)
        writer.write(follow ? 1 : 0 as UInt8)
        writer.write(level.rawValue)
        let (kind, number): (UInt8, UInt32) =
            switch boot {
            case .all: (0, 0)
            case .back(let count): (1, count)
            case .number(let number): (2, number)
            }
        writer.write(kind)
        writer.write(number)
        writer.write(lines)
        writer.write(sinceUnixNanoseconds)
        writer.write(UInt8(min(services.count, Self.serviceCountLimit)))
        for service in services.prefix(Self.serviceCountLimit) { writer.write(service) }
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span) }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == Self.version else {
            throw .malformed(offset: 0, expected: "a request of version 2")
        }
        follow = try reader.readUInt8() & 1 != 0
        guard let level = LogRecord.Level(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: 2, expected: "a level from 0 to 7")
        }
        self.level = level
        let kind = try reader.readUInt8()
        let number = try reader.readUInt32()
        switch kind {
        case 0: boot = .all
        case 1: boot = .back(number)
        case 2: boot = .number(number)
        default: throw .malformed(offset: 3, expected: "a kind of boot from 0 to 2")
        }
        lines = try reader.readUInt32()
        sinceUnixNanoseconds = try reader.readUInt64()
        let count = Int(try reader.readUInt8())
        guard count <= Self.serviceCountLimit else {
            throw .tooLong(offset: reader.offset - 1, limit: Self.serviceCountLimit)
        }
        for _ in 0..<count { services.append(try reader.readText(limit: LogRecord.serviceLimit)) }
        try reader.finish()
    }

    /// What a filter must know of the present.
    public struct Present: Sendable {
        public var boot: UInt32
        /// CLOCK_REALTIME minus CLOCK_BOOTTIME: what this boot's records should have said if the clock had
        /// been right from the beginning.
        public var clockOffset: Int64

        public init(boot: UInt32, clockOffset: Int64) {
            self.boot = boot
            self.clockOffset = clockOffset
        }
    }

    public func matches(_ frame: LogSegment.Frame, in bytes: Span<UInt8>, _ present: Present) -> Bool {
        guard frame.head.level.rawValue <= level.rawValue else { return false }
        switch boot {
        case .all: break
        case .back(let count): guard frame.head.boot &+ count == present.boot else { return false }
        case .number(let number): guard frame.head.boot == number else { return false }
        }
        if sinceUnixNanoseconds > 0 {
            var time = frame.head.unixNanoseconds
            if frame.head.boot == present.boot {
                time = frame.head.bootNanoseconds &+ UInt64(bitPattern: present.clockOffset)
            }
            guard time >= sinceUnixNanoseconds else { return false }
        }
        return services.isEmpty || services.contains { Self.equal($0, bytes.extracting(frame.service)) }
    }

    private static func equal(_ name: String, _ bytes: Span<UInt8>) -> Bool {
        guard name.utf8.count == bytes.count else { return false }
        var offset = 0
        for byte in name.utf8 {
            if byte != bytes[offset] { return false }
            offset += 1
        }
        return true
    }
}

/// One packet of the logger's answer, framed as records in a segment are: the records oldest first,
/// `endOfStored` after the stored ones, and with `follow` new ones as they come.
///
///     gap      u64 records that are gone
///     refused  text
public enum LogReply: Equatable, Sendable {
    case record(LogRecord)
    case endOfStored
    /// So many records are missing here: overwritten before this reader came to them, or damaged on the disk.
    case gap(records: UInt64)
    case refused(String)

    /// No packet is longer.
    public static let limit = LogSegment.recordLimit

    public func encode() -> [UInt8] {
        var bytes: [UInt8] = []
        var body = ByteWriter()
        switch self {
        case .record(let record): return LogSegment.encode(record)
        case .endOfStored: LogSegment.appendFrame(.endOfStored, [], to: &bytes)
        case .gap(let count):
            body.write(count)
            LogSegment.appendFrame(.gap, body.bytes, to: &bytes)
        case .refused(let reason):
            body.write(reason)
            LogSegment.appendFrame(.refused, body.bytes, to: &bytes)
        }
        return bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span) }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= LogSegment.frameSize else { throw .truncated(offset: 0) }
        guard let kind = LogSegment.Kind(rawValue: bytes[1]),
            case .whole(let body) = LogSegment.body(at: 0, kind, in: bytes), body.upperBound == bytes.count,
            LogSegment.hasRightSum(body, in: bytes)
        else { throw .malformed(offset: 0, expected: "an answer of the logger") }
        var reader = ByteReader(bytes.extracting(body))
        switch kind {
        case .record:
            guard case .found(let frame) = LogSegment.firstRecord(from: 0, in: bytes),
                frame.range.lowerBound == 0,
                let record = LogSegment.record(frame, in: bytes)
            else { throw .malformed(offset: 0, expected: "a record") }
            self = .record(record)
            return
        case .endOfStored: self = .endOfStored
        case .gap: self = .gap(records: try reader.readUInt64())
        case .refused: self = .refused(try reader.readText(limit: LogRecord.textLimit))
        }
        try reader.finish()
    }
}
