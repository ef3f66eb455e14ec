import Wire

/// A log segment as it was found on disk, a request, and what the logger keeps of its progress. The input is
/// taken as it is, and as the body of a record with the right checksum, which no mutation would hit.
enum LogFuzz {
    static func run(_ bytes: [UInt8]) {
        readSegment(bytes)
        if bytes.count <= Int(UInt16.max) { readSegment(bytes + framed(bytes) + bytes) }
        if let request = try? LogRequest(decoding: bytes) {
            guard let again = try? LogRequest(decoding: request.encode()) else {
                fatalError("a log request cannot be read back")
            }
            demand(again == request, "a log request changes when encoded again")
        }
        if let progress = try? LogProgress(decoding: bytes) {
            guard let again = try? LogProgress(decoding: progress.encode()) else {
                fatalError("the logger's progress cannot be read back")
            }
            demand(again == progress, "the logger's progress changes when encoded again")
        }
        _ = KernelMessage(bytes)
        let (lines, consumed) = LogLines.cut(bytes.span, takesRest: true)
        demand(consumed == bytes.count, "a line is left")
        demand(lines.allSatisfy { $0.range.count <= LogRecord.lineLimit }, "a line is longer than its limit")
    }

    private static func readSegment(_ bytes: [UInt8]) {
        var offset = 0
        while case .found(let frame) = LogSegment.firstRecord(from: offset, in: bytes.span) {
            demand(frame.range.lowerBound >= offset, "a record is found twice")
            demand(frame.range.upperBound <= bytes.count, "a record ends beyond the bytes")
            demand(frame.text.upperBound <= frame.range.upperBound, "a text ends beyond its record")
            demand(frame.service.upperBound <= frame.range.upperBound, "a name ends beyond its record")
            _ = LogSegment.record(frame, in: bytes.span).map { $0.json }
            offset = frame.range.upperBound
        }
        if case .nothing(let before) = LogSegment.firstRecord(from: 0, in: bytes.span, isWhole: false) {
            demand(before <= bytes.count, "more is of no use than there is")
        }
    }

    /// Drawn in LogSegment.swift.
    private static func framed(_ body: [UInt8]) -> [UInt8] {
        var frame = ByteWriter(capacity: body.count + 8)
        frame.write(0xff as UInt8)
        frame.write(1 as UInt8)
        frame.write(UInt16(body.count))
        frame.write(CRC32.of(body.span))
        frame.writeRaw(body)
        return frame.bytes
    }

    static var seeds: [[UInt8]] {
        var head = LogHead()
        head.sequence = 7
        head.process = 71
        var dropped = head
        dropped.droppedLines = 12
        let records = [
            LogRecord(head: head, service: "modem", text: "hello"),
            LogRecord(head: dropped, service: "", text: ""),
        ].map(LogSegment.encode)
        var request = LogRequest()
        request.services = ["modem", "phone"]
        request.boot = .back(1)
        let progress = LogProgress(bootID: [UInt8](repeating: 7, count: 16), boot: 3)
        return records + records.map { Array($0[8...]) } + [
            LogSegment.magic + records.joined(), request.encode(), progress.encode(),
            Array("6,339,5140900,-;NET: Registered protocol family 10\n KEY=value\n".utf8),
        ]
    }
}
