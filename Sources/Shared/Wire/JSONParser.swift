/// A strict JSON parser (RFC 8259) for bytes of unknown origin: no extensions, no repeated keys, bounded
/// nesting.
///
/// The caller bounds the length by what it reads; the parser's own memory is a small multiple of it.
public struct JSONParser: ~Escapable {
    /// Deeper documents are refused: our own formats nest three levels, and each level costs stack.
    public static let nestingLimit = 32
    /// More members in one object are refused, unless the caller expects more: our own formats have a dozen.
    public static let memberLimit = 256
    /// Up to here a repeated key is looked for member by member, which is quadratic; above, by sorting.
    private static let scanLimit = 64

    private let bytes: Span<UInt8>
    private let memberLimit: Int
    private var offset = 0

    public static func parse(_ bytes: [UInt8]) throws(WireError) -> JSONValue { try parse(bytes.span) }

    public static func parse(
        _ bytes: Span<UInt8>, memberLimit: Int = Self.memberLimit
    ) throws(WireError) -> JSONValue {
        var parser = JSONParser(bytes, memberLimit)
        parser.skipSpace()
        let value = try parser.parseValue(depth: 0)
        parser.skipSpace()
        guard parser.offset == bytes.count else {
            throw .malformed(offset: parser.offset, expected: "the end of the document")
        }
        return value
    }

    @_lifetime(copy bytes)
    private init(_ bytes: Span<UInt8>, _ memberLimit: Int) {
        self.bytes = bytes
        self.memberLimit = memberLimit
    }

    private mutating func parseValue(depth: Int) throws(WireError) -> JSONValue {
        guard depth < Self.nestingLimit else { throw .tooLong(offset: offset, limit: Self.nestingLimit) }
        switch try peek() {
        case UInt8(ascii: "{"): return try parseObject(depth: depth)
        case UInt8(ascii: "["): return try parseArray(depth: depth)
        case UInt8(ascii: "\""): return .text(try parseText())
        case UInt8(ascii: "t"): return try parseWord("true", .bool(true))
        case UInt8(ascii: "f"): return try parseWord("false", .bool(false))
        case UInt8(ascii: "n"): return try parseWord("null", .null)
        default: return try parseNumber()
        }
    }

    private mutating func parseObject(depth: Int) throws(WireError) -> JSONValue {
        let objectStart = offset
        offset += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if try peek() == UInt8(ascii: "}") {
            offset += 1
            return .object(members)
        }
        while true {
            skipSpace()
            let start = offset
            let key = try parseText()
            if members.count <= Self.scanLimit {
                for member in members where UTF8Text.equal(member.key, key) {
                    throw .malformed(offset: start, expected: "a key that is not there yet")
                }
            }
            guard members.count < memberLimit else { throw .tooLong(offset: start, limit: memberLimit) }
            skipSpace()
            try expect(UInt8(ascii: ":"), "a colon")
            skipSpace()
            members.append(JSONValue.Member(key: key, value: try parseValue(depth: depth + 1)))
            guard try endsList(UInt8(ascii: "}")) else { continue }
            guard members.count <= Self.scanLimit || !JSONValue.repeatsKey(members) else {
                throw .malformed(offset: objectStart, expected: "an object that names each key once")
            }
            return .object(members)
        }
    }

    private mutating func parseArray(depth: Int) throws(WireError) -> JSONValue {
        offset += 1
        var values: [JSONValue] = []
        skipSpace()
        if try peek() == UInt8(ascii: "]") {
            offset += 1
            return .array(values)
        }
        while true {
            skipSpace()
            values.append(try parseValue(depth: depth + 1))
            if try endsList(UInt8(ascii: "]")) { return .array(values) }
        }
    }

    /// After an element: a comma goes on, the bracket ends.
    private mutating func endsList(_ bracket: UInt8) throws(WireError) -> Bool {
        skipSpace()
        let byte = try peek()
        guard byte == bracket || byte == UInt8(ascii: ",") else {
            throw .malformed(offset: offset, expected: "a comma or the closing bracket")
        }
        offset += 1
        return byte == bracket
    }

    private mutating func parseText() throws(WireError) -> String {
        let start = offset
        try expect(UInt8(ascii: "\""), "a string")
        var text: [UInt8] = []
        while true {
            let byte = try peek()
            offset += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = UTF8Text.make(text.span) else { throw .notText(offset: start) }
                return result
            case UInt8(ascii: "\\"): try parseEscape(into: &text)
            case 0..<0x20: throw .malformed(offset: offset - 1, expected: "an escaped control character")
            default: text.append(byte)
            }
        }
    }

    private mutating func parseEscape(into text: inout [UInt8]) throws(WireError) {
        let byte = try peek()
        offset += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"): try parseScalar(into: &text)
        default: throw .malformed(offset: offset - 1, expected: "an escape that JSON knows")
        }
    }

    /// `\uXXXX`, and the second half of a surrogate pair.
    private mutating func parseScalar(into text: inout [UInt8]) throws(WireError) {
        let start = offset
        var value = try parseHex()
        if value & 0xfc00 == 0xd800 {
            try expect(UInt8(ascii: "\\"), "the second half of a surrogate pair")
            try expect(UInt8(ascii: "u"), "the second half of a surrogate pair")
            let low = try parseHex()
            guard low & 0xfc00 == 0xdc00 else { throw .notText(offset: start) }
            value = 0x10000 + (value & 0x3ff) << 10 + low & 0x3ff
        }
        guard let scalar = Unicode.Scalar(value) else { throw .notText(offset: start) }
        for unit in UTF8.encode(scalar)! { text.append(unit) }
    }

    private mutating func parseHex() throws(WireError) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = try peek()
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 + UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"):
                value = value << 4 + UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"):
                value = value << 4 + UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw .malformed(offset: offset, expected: "four hex digits")
            }
            offset += 1
        }
        return value
    }

    private mutating func parseNumber() throws(WireError) -> JSONValue {
        let start = offset
        var isInteger = true
        if try peek() == UInt8(ascii: "-") { offset += 1 }
        let digits = offset
        try skipDigits()
        guard bytes[digits] != UInt8(ascii: "0") || offset == digits + 1 else {
            throw .malformed(offset: digits, expected: "a number without a leading zero")
        }
        if offset < bytes.count, bytes[offset] == UInt8(ascii: ".") {
            isInteger = false
            offset += 1
            try skipDigits()
        }
        if offset < bytes.count, bytes[offset] | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            offset += 1
            if let sign = try? peek(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") { offset += 1 }
            try skipDigits()
        }
        let text = UTF8Text.make(bytes.extracting(start..<offset)) ?? ""
        if isInteger, let value = Int64(text) { return .integer(value) }
        return .number(text: text)
    }

    private mutating func skipDigits() throws(WireError) {
        let start = offset
        while offset < bytes.count, bytes[offset] >= 0x30, bytes[offset] <= 0x39 { offset += 1 }
        guard offset > start else { throw .malformed(offset: start, expected: "a value") }
    }

    private mutating func parseWord(_ word: StaticString, _ value: JSONValue) throws(WireError) -> JSONValue {
        let start = offset
        for index in 0..<word.utf8CodeUnitCount {
            guard try peek() == word.utf8Start[index] else {
                throw .malformed(offset: start, expected: "a value")
            }
            offset += 1
        }
        return value
    }

    private mutating func expect(_ byte: UInt8, _ what: StaticString) throws(WireError) {
        guard try peek() == byte else { throw .malformed(offset: offset, expected: what) }
        offset += 1
    }

    private func peek() throws(WireError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated(offset: offset) }
        return bytes[offset]
    }

    private mutating func skipSpace() {
        while offset < bytes.count {
            switch bytes[offset] {
            case 0x20, 0x09, 0x0a, 0x0d: offset += 1
            default: return
            }
        }
    }
}
