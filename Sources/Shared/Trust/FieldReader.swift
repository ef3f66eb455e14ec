import Wire

/// The fields of an object in metadata; what is missing or of the wrong kind is named in the error. Fields
/// that nobody asks for are unknown, and fine.
struct FieldReader {
    /// A message names this much of a key: keys are as long as whoever wrote the metadata likes.
    private static let keyTextLimit = 80

    let role: String
    /// How messages name the object, with a dot behind it; empty for the outermost.
    let path: String
    let value: JSONValue

    init(role: String, path: String = "", _ value: JSONValue) throws(TrustError) {
        guard case .object = value else {
            throw .badField(
                role: role, field: path.utf8.isEmpty ? "the document" : path, expected: "an object")
        }
        self.role = role
        self.path = path
        self.value = value
    }

    subscript(_ key: String) -> JSONValue? { value[key] }

    func bad(_ key: String, _ expected: String) -> TrustError {
        .badField(role: role, field: name(key), expected: expected)
    }

    func text(_ key: String) throws(TrustError) -> String {
        guard let text = value[key]?.text else { throw bad(key, "a text") }
        return text
    }

    func integer(_ key: String) throws(TrustError) -> Int64 {
        guard let integer = value[key]?.integer else { throw bad(key, "an integer") }
        return integer
    }

    /// Versions begin at 1.
    func version() throws(TrustError) -> Int64 {
        let version = try integer("version")
        guard version >= 1 else { throw bad("version", "an integer above 0") }
        return version
    }

    /// nil where the field is absent.
    func length() throws(TrustError) -> Int64? {
        guard value["length"] != nil else { return nil }
        let length = try integer("length")
        guard length >= 0 else { throw bad("length", "a count of bytes") }
        return length
    }

    func texts(_ key: String) throws(TrustError) -> [String] {
        guard let values = value[key]?.array else { throw bad(key, "a list of texts") }
        var texts: [String] = []
        for value in values {
            guard let text = value.text else { throw bad(key, "a list of texts") }
            texts.append(text)
        }
        return texts
    }

    func object(_ key: String) throws(TrustError) -> FieldReader {
        guard let member = value[key] else { throw bad(key, "an object") }
        return try FieldReader(role: role, path: name(key), member)
    }

    /// Every member of an object of objects, in the order of the document.
    func eachObject(
        in key: String, _ body: (String, FieldReader) throws(TrustError) -> Void
    ) throws(TrustError) {
        for member in try object(key).value.members ?? [] {
            let path = name(key) + "." + UTF8Text.cut(member.key, Self.keyTextLimit)
            try body(member.key, try FieldReader(role: role, path: path, member.value))
        }
    }

    private func name(_ key: String) -> String { path.utf8.isEmpty ? key : path + "." + key }
}
