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

    @Test func membersAreBounded() throws {
        let object = { (count: Int) in "{" + (0..<count).map { "\"k\($0)\":0" }.joined(separator: ",") + "}" }
        let limit = JSONParser.memberLimit
        #expect(try parse(object(limit)).members?.count == limit)
        #expect(throws: WireError.self) { try parse(object(limit + 1)) }
        let large = Array(object(20_000).utf8)
        #expect(try JSONParser.parse(large.span, memberLimit: 20_000).members?.count == 20_000)
        #expect(throws: WireError.self) { try JSONParser.parse(large.span, memberLimit: 19_999) }
    }

    /// Wherever the second one stands, and however many are between them.
    @Test(arguments: [0, 1, 63, 64, 65, 100, 200])
    func repeatedKeysAreFound(between: Int) {
        let fillers = (0..<between).map { "\"k\($0)\":0," }.joined()
        for rest in ["", ",\"z\":1"] {
            #expect(throws: WireError.self) { try parse("{\"m\":1,\(fillers)\"m\":2\(rest)}") }
        }
    }
}
