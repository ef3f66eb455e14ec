import Wire

/// Canonical JSON, in the dialect that signatures are made over (OLPC's, as securesystemslib writes it):
/// no space, keys in the order of their code points, only `"` and `\` escaped, every other character as it
/// is, integers only.
///
/// It is made from the parsed document and not from the received bytes, so unknown fields are signed as well.
public enum CanonicalJSON {
    /// nil: the document has a number that is no integer, and so no canonical form.
    public static func encode(_ value: JSONValue) -> [UInt8]? {
        var bytes: [UInt8] = []
        return append(value, to: &bytes) ? bytes : nil
    }

    private static func append(_ value: JSONValue, to bytes: inout [UInt8]) -> Bool {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let flag): bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .integer(let number): bytes.append(contentsOf: String(number).utf8)
        // An integer beyond 64 bits; the parser has refused leading zeros.
        case .number(let text):
            guard text.utf8.allSatisfy({ $0 == UInt8(ascii: "-") || $0 >= 0x30 && $0 <= 0x39 }) else {
                return false
            }
            bytes.append(contentsOf: text.utf8)
        case .text(let text): append(text, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                guard append(value, to: &bytes) else { return false }
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, place) in JSONValue.keyOrder(members).enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                append(members[place].key, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                guard append(members[place].value, to: &bytes) else { return false }
            }
            bytes.append(UInt8(ascii: "}"))
        }
        return true
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { bytes.append(UInt8(ascii: "\\")) }
            bytes.append(byte)
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
