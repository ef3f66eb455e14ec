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

    @Test func decimalsAreDigitsAndFit() {
        let all: [(String, UInt64?)] = [
            ("0", 0), ("007", 7), ("18446744073709551615", .max), ("18446744073709551616", nil), ("", nil),
            ("-1", nil), ("1 ", nil), ("+1", nil), (String(repeating: "9", count: 40), nil),
        ]
        for (text, value) in all {
            #expect(Decimal.number(text) == value, "\(text)")
            #expect(Decimal.number(Array(text.utf8)[...]) == value, "\(text)")
        }
        let beginnings: [(String, UInt64?)] = [
            ("1700000000\n", 1_700_000_000), ("12 kB", 12), ("kB", nil), ("", nil),
        ]
        for (text, value) in beginnings {
            #expect(Decimal.leading(Array(text.utf8)[...]) == value, "\(text)")
        }
    }
}
