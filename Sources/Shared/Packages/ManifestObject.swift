import Wire

/// One object of a manifest while it is read: nothing but the keys it may have, each of the right type.
/// Errors name the key by its whole path.
struct ManifestObject {
    private let value: JSONValue
    /// With a "." at its end unless it is the manifest itself.
    private let prefix: String

    /// - Parameter path: of the object, empty for the manifest itself.
    init(_ value: JSONValue, path: String, keys: [String]) throws(PackageError) {
        prefix = path.utf8.isEmpty ? "" : path + "."
        guard case .object(let members) = value else {
            throw .wrongType(key: path.utf8.isEmpty ? "manifest" : path, expected: "an object")
        }
        for member in members {
            let isKnown = keys.contains { UTF8Text.equal($0, member.key) }
            guard isKnown else { throw .unknownKey(prefix + UTF8Text.cut(member.key, 64)) }
        }
        self.value = value
    }

    func path(_ key: String) -> String { prefix + key }

    func optionalText(_ key: String, limit: Int) throws(PackageError) -> String? {
        guard let member = value[key] else { return nil }
        guard let text = member.text else { throw .wrongType(key: path(key), expected: "text") }
        guard text.utf8.count <= limit else { throw .tooLong(key: path(key), limit: limit) }
        return text
    }

    func text(_ key: String, limit: Int) throws(PackageError) -> String {
        guard let text = try optionalText(key, limit: limit) else { throw .missingKey(path(key)) }
        return text
    }

    /// A text that a rule accepts.
    func text(
        _ key: String, limit: Int, expected: String, where isRight: (String) -> Bool
    ) throws(PackageError) -> String {
        let text = try text(key, limit: limit)
        guard isRight(text) else { throw .badValue(key: path(key), value: text, expected: expected) }
        return text
    }

    /// From 1 to `limit`.
    func number(_ key: String, limit: UInt64) throws(PackageError) -> UInt64 {
        guard let member = value[key] else { throw .missingKey(path(key)) }
        guard let integer = member.integer else {
            throw .wrongType(key: path(key), expected: "a whole number")
        }
        guard let number = UInt64(exactly: integer), number >= 1, number <= limit else {
            throw .badValue(
                key: path(key), value: String(integer), expected: "a number from 1 to " + String(limit))
        }
        return number
    }

    /// The items of a list; an absent one is empty.
    func list(_ key: String, limit: Int) throws(PackageError) -> [JSONValue] {
        guard let member = value[key] else { return [] }
        guard let items = member.array else { throw .wrongType(key: path(key), expected: "a list") }
        guard items.count <= limit else { throw .tooLong(key: path(key), limit: limit) }
        return items
    }

    func member(_ key: String) -> JSONValue? { value[key] }

    func id(_ key: String) throws(PackageError) -> PackageID {
        let text = try text(key, limit: PackageID.limit)
        guard let id = PackageID(text) else {
            throw .badValue(key: path(key), value: text, expected: PackageID.grammar)
        }
        return id
    }

    func version(_ key: String) throws(PackageError) -> PackageVersion {
        let text = try text(key, limit: PackageVersion.limit)
        guard let version = PackageVersion(text) else {
            throw .badValue(key: path(key), value: text, expected: PackageVersion.grammar)
        }
        return version
    }

    func digest(_ key: String) throws(PackageError) -> Digest256 {
        let text = try text(key, limit: 2 * Digest256.byteCount)
        guard let digest = Digest256(hex: text) else {
            throw .badValue(key: path(key), value: text, expected: "64 small hex digits")
        }
        return digest
    }
}
