/// One line of the handset's log.
public struct LogRecord: Equatable, Sendable {
    /// syslog's numbers, as in /dev/kmsg.
    public enum Level: UInt8, Sendable, CaseIterable {
        case emergency = 0
        case alert = 1
        case critical = 2
        case error = 3
        case warning = 4
        case notice = 5
        case information = 6
        case debug = 7

        public var name: String {
            switch self {
            case .emergency: "emergency"
            case .alert: "alert"
            case .critical: "critical"
            case .error: "error"
            case .warning: "warning"
            case .notice: "notice"
            case .information: "info"
            case .debug: "debug"
            }
        }
    }

    /// Longer lines are split by the logger; a record always fits one packet.
    public static let textLimit = 2048
    public static let serviceLimit = 64

    /// Grows by one with every record; never starts over while a segment remains.
    public var sequence: UInt64
    /// CLOCK_REALTIME when the line arrived; wrong until the clock is set, which is why the next one is
    /// kept too.
    public var unixNanoseconds: UInt64
    /// CLOCK_BOOTTIME when the line arrived.
    public var bootNanoseconds: UInt64
    public var level: Level
    /// `kernel` for kernel messages.
    public var service: String
    public var text: String

    public init(
        sequence: UInt64, unixNanoseconds: UInt64, bootNanoseconds: UInt64, level: Level, service: String,
        text: String
    ) {
        self.sequence = sequence
        self.unixNanoseconds = unixNanoseconds
        self.bootNanoseconds = bootNanoseconds
        self.level = level
        self.service = service
        self.text = text
    }

    /// One JSON object without newline, for `amosctl log --json`.
    public var json: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("sequence", sequence)
        json.field("unix_ns", unixNanoseconds)
        json.field("boot_ns", bootNanoseconds)
        json.field("level", level.name)
        json.field("service", service)
        json.field("text", text)
        json.endObject()
        return json.bytes
    }
}

/// A log segment: a file of records that only grows. The ring on `data` is two of them, written in turn.
///
///     file     "AMOSLOG1" | record | record | …
///     record   u32 length of the body | u32 CRC-32 of the body | body
///     body     u64 sequence | u64 unix ns | u64 boot ns | u8 level | u16 length, service | u16 length, text
///
/// A power cut leaves a torn tail: the first record whose length or checksum is wrong ends the segment.
public enum LogSegment {
    public static let magic: [UInt8] = Array("AMOSLOG1".utf8)
    /// The largest body: fixed fields, both lengths, both texts.
    static let bodyLimit = 25 + 2 + LogRecord.serviceLimit + 2 + LogRecord.textLimit

    public static func encode(_ record: LogRecord) -> [UInt8] {
        var writer = ByteWriter(capacity: 48 + record.text.utf8.count)
        writer.write(0 as UInt32)
        writer.write(0 as UInt32)
        writer.write(record.sequence)
        writer.write(record.unixNanoseconds)
        writer.write(record.bootNanoseconds)
        writer.write(record.level.rawValue)
        writer.write(record.service)
        writer.write(record.text)
        let length = writer.bytes.count - 8
        let sum = CRC32.of(writer.bytes.span.extracting(8..<writer.bytes.count))
        writer.patch(UInt32(length), at: 0)
        writer.patch(sum, at: 4)
        return writer.bytes
    }

    /// The record that starts at `offset` and the offset after it; nil where the segment ends, torn or not.
    public static func record(at offset: Int, in bytes: Span<UInt8>) -> (record: LogRecord, next: Int)? {
        var frame = ByteReader(bytes.extracting(min(offset, bytes.count)..<bytes.count))
        guard let length = try? frame.readUInt32(), let sum = try? frame.readUInt32(),
            length <= UInt32(bodyLimit), Int(length) <= frame.remaining
        else { return nil }
        let body = bytes.extracting(offset + 8..<offset + 8 + Int(length))
        guard CRC32.of(body) == sum, let record = try? decode(body) else { return nil }
        return (record, offset + 8 + Int(length))
    }

    private static func decode(_ body: Span<UInt8>) throws(WireError) -> LogRecord {
        var reader = ByteReader(body)
        let sequence = try reader.readUInt64()
        let unix = try reader.readUInt64()
        let boot = try reader.readUInt64()
        guard let level = LogRecord.Level(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: 24, expected: "a level from 0 to 7")
        }
        let service = try reader.readText(limit: LogRecord.serviceLimit)
        let text = try reader.readText(limit: LogRecord.textLimit)
        try reader.finish()
        return LogRecord(
            sequence: sequence, unixNanoseconds: unix, bootNanoseconds: boot, level: level, service: service,
            text: text)
    }
}

/// What `amosctl log` asks of `/run/amos/log.sock` (SOCK_SEQPACKET). The logger answers with one packet per
/// record (the record as in a segment), oldest first, an empty record frame `u32 0 | u32 0` after the
/// stored ones, and with `follow` goes on with new ones.
///
///     request  u8 version = 1 | u8 follow | u32 lines | u16 length, service (empty: all)
public struct LogRequest: Equatable, Sendable {
    public static let limit = 8 + LogRecord.serviceLimit
    public static let replyLimit = LogSegment.bodyLimit + 8
    public static let endOfStored: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0]

    public var follow: Bool
    public var lines: UInt32
    public var service: String

    public init(follow: Bool, lines: UInt32, service: String) {
        self.follow = follow
        self.lines = lines
        self.service = service
    }

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 16)
        writer.write(1 as UInt8)
        writer.write(follow ? 1 : 0 as UInt8)
        writer.write(lines)
        writer.write(service)
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span) }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == 1 else {
            throw .malformed(offset: 0, expected: "a request of version 1")
        }
        follow = try reader.readUInt8() != 0
        lines = try reader.readUInt32()
        service = try reader.readText(limit: LogRecord.serviceLimit)
        try reader.finish()
    }
}
