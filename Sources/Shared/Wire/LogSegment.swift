/// A log segment: a file of records. The ring on `data` is eight of them, written in turn and over each
/// other.
///
///     file     "AMOSLOG2" | record | record | … | what is left of the turn before
///     record   u8 0xff | u8 kind = 1 | u16 length of the body | u32 CRC-32 of the body | body
///     body     u64 sequence | u64 unix ns | u64 boot ns | u32 boot | i32 process | u8 level | u8 facility
///              | u8 flags (1: unfinished, 2: dropped) | u8 length, service | u32 lines, if dropped | text
///
/// Whatever is damaged or torn hides nothing behind it: the reader looks for the next byte 0xff that begins a
/// record with the right checksum. No text can forge one, because text is UTF-8 without NUL: it has no byte
/// 0xff. A segment ends where sequence numbers stop growing.
public enum LogSegment {
    public static let magic: [UInt8] = Array("AMOSLOG2".utf8)
    static let mark: UInt8 = 0xff
    static let frameSize = 8
    static let headSize = 36
    /// The largest body.
    static let bodyLimit = headSize + LogRecord.serviceLimit + 4 + LogRecord.textLimit
    /// A buffer of this size holds any record.
    public static let recordLimit = frameSize + bodyLimit

    enum Kind: UInt8 {
        case record = 1
        // These are sent, never stored.
        case endOfStored = 2
        case gap = 3
        case refused = 4
    }

    /// Where a record lies in the bytes that were searched.
    public struct Frame: Sendable {
        public var head: LogHead
        public var service: Range<Int>
        public var text: Range<Int>
        /// All of it.
        public var range: Range<Int>
    }

    public enum Search: Sendable {
        case found(Frame)
        /// Everything before this offset is of no use; from there more bytes are needed.
        case nothing(before: Int)
    }

    /// Appends a record. `service` and `text` are clean (`LogText`); what is beyond the limits is cut.
    public static func append(
        _ head: LogHead, service: [UInt8], text: ArraySlice<UInt8>, to bytes: inout [UInt8]
    ) {
        var body = ByteWriter(capacity: headSize + service.count + 4 + text.count)
        body.write(head.sequence)
        body.write(head.unixNanoseconds)
        body.write(head.bootNanoseconds)
        body.write(head.boot)
        body.write(head.process)
        body.write(head.level.rawValue)
        body.write(head.facility)
        body.write((head.isUnfinished ? 1 : 0) | (head.droppedLines > 0 ? 2 : 0) as UInt8)
        let name = service.prefix(LogRecord.serviceLimit)
        body.write(UInt8(name.count))
        body.writeRaw(name)
        if head.droppedLines > 0 { body.write(head.droppedLines) }
        body.writeRaw(text.prefix(LogRecord.textLimit))
        appendFrame(.record, body.bytes, to: &bytes)
    }

    public static func encode(_ record: LogRecord) -> [UInt8] {
        var bytes: [UInt8] = []
        append(
            record.head, service: Array(record.service.utf8), text: Array(record.text.utf8)[...], to: &bytes)
        return bytes
    }

    static func appendFrame(_ kind: Kind, _ body: [UInt8], to bytes: inout [UInt8]) {
        var frame = ByteWriter(capacity: frameSize)
        frame.write(mark)
        frame.write(kind.rawValue)
        frame.write(UInt16(body.count))
        frame.write(CRC32.of(body.span))
        bytes.append(contentsOf: frame.bytes)
        bytes.append(contentsOf: body)
    }

    /// The first whole record at or after `offset`. `isWhole`: nothing follows these bytes, so a record that
    /// reaches beyond them is damaged rather than still to come.
    public static func firstRecord(
        from offset: Int, in bytes: Span<UInt8>, isWhole: Bool = true
    ) -> Search {
        var start = offset
        while start < bytes.count {
            guard bytes[start] == mark else {
                start += 1
                continue
            }
            switch body(at: start, .record, in: bytes) {
            case .whole(let body):
                if let frame = frame(at: start, body, in: bytes) { return .found(frame) }
            case .cut where !isWhole: return .nothing(before: start)
            case .cut, .wrong: break
            }
            start += 1
        }
        return .nothing(before: bytes.count)
    }

    enum Body {
        case whole(Range<Int>)
        /// Reaches beyond the bytes.
        case cut
        case wrong
    }

    /// The body of a frame of this kind, its checksum not looked at yet.
    static func body(at start: Int, _ kind: Kind, in bytes: Span<UInt8>) -> Body {
        guard bytes.count - start >= frameSize else { return .cut }
        let length = Int(bytes[start + 2]) | Int(bytes[start + 3]) << 8
        guard bytes[start] == mark, bytes[start + 1] == kind.rawValue, length <= bodyLimit else {
            return .wrong
        }
        let begin = start + frameSize
        return length <= bytes.count - begin ? .whole(begin..<begin + length) : .cut
    }

    static func hasRightSum(_ body: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        var sum = ByteReader(bytes.extracting(body.lowerBound - 4..<body.lowerBound))
        return (try? sum.readUInt32()) == CRC32.of(bytes.extracting(body))
    }

    private static func frame(at start: Int, _ body: Range<Int>, in bytes: Span<UInt8>) -> Frame? {
        guard body.count >= headSize, hasRightSum(body, in: bytes) else { return nil }
        var reader = ByteReader(bytes.extracting(body))
        guard let (head, service) = try? readHead(&reader) else { return nil }
        let name = body.lowerBound + headSize
        return Frame(
            head: head, service: name..<name + service,
            text: body.lowerBound + reader.offset..<body.upperBound,
            range: start..<body.upperBound)
    }

    private static func readHead(_ reader: inout ByteReader) throws(WireError) -> (LogHead, Int) {
        var head = LogHead()
        head.sequence = try reader.readUInt64()
        head.unixNanoseconds = try reader.readUInt64()
        head.bootNanoseconds = try reader.readUInt64()
        head.boot = try reader.readUInt32()
        head.process = try reader.readInt32()
        guard let level = LogRecord.Level(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: 32, expected: "a level from 0 to 7")
        }
        head.level = level
        head.facility = try reader.readUInt8()
        let flags = try reader.readUInt8()
        head.isUnfinished = flags & 1 != 0
        let service = Int(try reader.readUInt8())
        guard service <= LogRecord.serviceLimit else {
            throw .tooLong(offset: 35, limit: LogRecord.serviceLimit)
        }
        try reader.skip(service)
        if flags & 2 != 0 { head.droppedLines = try reader.readUInt32() }
        return (head, service)
    }

    /// A record for people and tests; a logger's own records always have one.
    public static func record(_ frame: Frame, in bytes: Span<UInt8>) -> LogRecord? {
        guard let service = UTF8Text.make(bytes.extracting(frame.service)),
            let text = UTF8Text.make(bytes.extracting(frame.text))
        else { return nil }
        return LogRecord(head: frame.head, service: service, text: text)
    }
}
