import Testing

@testable import Wire

@Suite struct JSONTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    @Test func writtenDocumentReadsBack() throws {
        var json = JSONWriter()
        json.beginObject()
        json.field("text", "a\"b\\c\n\u{1}ü")
        json.field("number", Int64.min)
        json.key("list")
        json.beginArray()
        json.value(true)
        json.null()
        json.endArray()
        json.endObject()
        let text = String(decoding: json.bytes, as: UTF8.self)
        #expect(text == #"{"text":"a\"b\\c\u000a\u0001ü","number":-9223372036854775808,"list":[true,null]}"#)
        let value = try JSONParser.parse(json.bytes)
        #expect(value["text"]?.text == "a\"b\\c\n\u{1}ü")
        #expect(value["number"]?.integer == Int64.min)
        #expect(value["list"]?.array?.count == 2)
    }

    @Test func surrogatesAndFractionsKeepTheirValue() throws {
        #expect(try parse(#""\ud83d\ude00\u00e9\/""#).text == "😀é/")
        guard case .number(let digits) = try parse("-0.5e+3") else { return #expect(Bool(false)) }
        #expect(digits == "-0.5e+3")
        guard case .number(let big) = try parse("18446744073709551615") else { return #expect(Bool(false)) }
        #expect(big == "18446744073709551615")
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "01", "-", "1.", ".5", "1e", "+1", "tru",
        "truely", "nul", "\"", "\"\\x\"", "\"\\ud800\"", "\"\\ude00\"", "\"\t\"", "[1] 2",
        "{\"a\":1,\"a\":2}",
        "'a'", "[1 2]", "NaN", "\u{feff}1", "//1",
    ]) func strict(_ text: String) {
        #expect(throws: WireError.self) { try parse(text) }
    }

    @Test func nestingIsBounded() throws {
        let limit = JSONParser.nestingLimit
        let deep = { String(repeating: "[", count: $0) + String(repeating: "]", count: $0) }
        _ = try parse(deep(limit))
        #expect(throws: WireError.tooLong(offset: limit, limit: limit)) { try parse(deep(limit + 1)) }
    }

    @Test func notUTF8IsRefused() {
        #expect(throws: WireError.notText(offset: 0)) { try JSONParser.parse([0x22, 0xff, 0x22]) }
    }
}
