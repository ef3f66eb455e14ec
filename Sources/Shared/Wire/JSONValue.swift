/// A parsed JSON document. Numbers that are not 64-bit integers keep their digits, so nothing is rounded.
public indirect enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(text: String)
    case text(String)
    case array([JSONValue])
    /// In the order of the document; a repeated key is refused by the parser.
    case object([Member])

    public struct Member: Sendable {
        public let key: String
        public let value: JSONValue
    }

    /// The members' places in the order of their keys' bytes, which is the order of their code points.
    public static func keyOrder(_ members: [Member]) -> [Int] {
        members.indices.sorted { UTF8Text.precedes(members[$0].key, members[$1].key) }
    }

    static func repeatsKey(_ members: [Member]) -> Bool {
        let order = keyOrder(members)
        for place in order.indices.dropFirst()
        where UTF8Text.equal(members[order[place - 1]].key, members[order[place]].key) {
            return true
        }
        return false
    }

    /// The member of an object; nil for anything else.
    public subscript(_ key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        for member in members where UTF8Text.equal(member.key, key) { return member.value }
        return nil
    }

    public var text: String? { if case .text(let text) = self { text } else { nil } }

    public var integer: Int64? { if case .integer(let value) = self { value } else { nil } }

    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }

    public var members: [Member]? { if case .object(let members) = self { members } else { nil } }

    public var array: [JSONValue]? { if case .array(let values) = self { values } else { nil } }
}
