import Testing

@testable import Wire

@Suite struct FormatTests {
    @Test func checksumMatchesTheStandardsCheckValue() {
        #expect(CRC32.of(Array("123456789".utf8)) == 0xcbf4_3926)
        #expect(CRC32.of([UInt8]()) == 0)
    }

    @Test func integersAreLittleEndian() throws {
        var writer = ByteWriter()
        writer.write(0x0102 as UInt16)
        writer.write(-2 as Int32)
        writer.write("hé")
        #expect(writer.bytes == [2, 1, 0xfe, 0xff, 0xff, 0xff, 3, 0, 0x68, 0xc3, 0xa9])
        var reader = ByteReader(writer.bytes.span)
        let values = (try reader.readUInt16(), try reader.readInt32(), try reader.readText())
        try reader.finish()
        #expect(values == (0x0102, -2, "hé"))
    }

    @Test func logRequestsReadBack() throws {
        let log = LogRequest(follow: true, lines: 20, service: "logd")
        #expect(try LogRequest(decoding: log.encode()) == log)
    }

    @Test func aTornLogEndsBeforeTheTear() {
        var segment = LogSegment.magic
        var offsets: [Int] = []
        for number in 1...5 {
            offsets.append(segment.count)
            segment += LogSegment.encode(record(number))
        }
        let whole = segment
        for length in offsets[3]..<offsets[4] {
            #expect(sequences(Array(whole[..<length])) == [1, 2, 3])
        }
        for position in offsets[3]..<offsets[4] {
            var rotten = whole
            rotten[position] ^= 0x10
            #expect(sequences(rotten) == [1, 2, 3], "flip at \(position)")
        }
        #expect(sequences(whole) == [1, 2, 3, 4, 5])
    }

    private func record(_ number: Int) -> LogRecord {
        LogRecord(
            sequence: UInt64(number), unixNanoseconds: 5, bootNanoseconds: 6, level: .warning,
            service: "logd", text: String(repeating: "x", count: number))
    }

    private func sequences(_ segment: [UInt8]) -> [UInt64] {
        var found: [UInt64] = []
        var offset = LogSegment.magic.count
        while let (record, next) = LogSegment.record(at: offset, in: segment.span) {
            found.append(record.sequence)
            offset = next
        }
        return found
    }
}
