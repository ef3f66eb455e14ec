/// One YAML value and where it was written. Scalars stay text: what they mean is for the key tables to say.
struct SourceNode: Sendable {
    enum Content: Sendable {
        /// `isPlain`: written without quotes, so that `80` is a number and `"80"` is text.
        case scalar(String, isPlain: Bool)
        case list([SourceNode])
        case map([Entry])
        /// Something stood here and was reported as wrong: neither missing nor usable.
        case invalid
    }

    struct Entry: Sendable {
        var key: String
        var keyLocation: SourceLocation
        var value: SourceNode
    }

    var content: Content
    var location: SourceLocation

    var entries: [Entry] {
        if case .map(let entries) = content { entries } else { [] }
    }

    var items: [SourceNode] {
        if case .list(let items) = content { items } else { [] }
    }

    var text: String? {
        if case .scalar(let text, _) = content { text } else { nil }
    }

    var isInvalid: Bool {
        if case .invalid = content { true } else { false }
    }

    var kindName: String {
        switch content {
        case .scalar(let text, let isPlain):
            switch PlainScalar(text, isPlain: isPlain) {
            case .text: "text"
            case .number: "a number"
            case .boolean: "a truth value"
            case .null: "nothing"
            }
        case .list: "a list"
        case .map: "a map"
        case .invalid: "nothing"
        }
    }

    subscript(key: String) -> SourceNode? {
        entries.first { $0.key == key }?.value
    }

    func keyLocation(_ key: String) -> SourceLocation? {
        entries.first { $0.key == key }?.keyLocation
    }
}

/// What a YAML parser takes an unquoted word for. Editors and other tools read device files as well, and for
/// them
/// `no` is false and `2024-01-01` a date; Amos therefore asks for quotes instead of guessing.
enum PlainScalar {
    case text, number, boolean, null

    init(_ text: String, isPlain: Bool) {
        guard isPlain else {
            self = .text
            return
        }
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE", "false", "False", "FALSE", "yes", "Yes", "YES", "no", "No", "NO",
            "on", "On", "ON", "off", "Off", "OFF":
            self = .boolean
        default: self = Self.looksLikeNumber(text) ? .number : .text
        }
    }

    /// Integers in every base, sexagesimal ones, floating point and dates of YAML 1.1 and 1.2.
    private static func looksLikeNumber(_ text: String) -> Bool {
        let lead = text.utf8.first ?? 0
        let canLead = (48...57).contains(lead) || [43, 45, 46].contains(lead)
        return canLead && TextRule.yamlNumber.accepts(text)
    }
}
