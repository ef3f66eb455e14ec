import Wire

extension PackageManifest {
    static let keys = [
        "architecture", "conflicts", "dependencies", "description", "descriptions", "entry", "format",
        "icons", "id", "kind", "licence", "minimum-api", "name", "names", "payload", "permissions",
        "provides", "replaces", "version", "version-code",
    ]

    /// Reads a manifest of unknown origin. What it returns encodes to exactly these bytes.
    public init(decoding bytes: Span<UInt8>) throws(PackageError) {
        guard bytes.count <= Self.byteLimit else { throw .tooLong(key: "manifest", limit: Self.byteLimit) }
        let json: JSONValue
        do throws(WireError) {
            json = try JSONParser.parse(bytes)
        } catch {
            throw .bytes(of: .manifest, error)
        }
        try self.init(ManifestObject(json, path: "", keys: Self.keys))
        try check()
        let canonical = encode()
        for index in 0..<min(canonical.count, bytes.count) where canonical[index] != bytes[index] {
            throw .notCanonical(offset: index)
        }
        guard canonical.count == bytes.count else {
            throw .notCanonical(offset: min(canonical.count, bytes.count))
        }
    }

    public init(decoding bytes: [UInt8]) throws(PackageError) { try self.init(decoding: bytes.span) }

    private init(_ object: ManifestObject) throws(PackageError) {
        // First: another format may have other keys and rules.
        guard try object.number("format", limit: UInt64(Int32.max)) == Self.format else {
            throw .badValue(key: "format", value: "another", expected: "1; update this system to install it")
        }
        self.init(
            id: try object.id("id"), version: try object.version("version"),
            versionCode: try object.number("version-code", limit: VersionCode.limit),
            architecture: try Self.architecture(object), kind: try Self.kind(object),
            name: try object.text("name", limit: Self.nameLimit),
            licence: try object.text("licence", limit: Self.licenceLimit),
            payload: try Self.payload(object))
        entry = try object.optionalText("entry", limit: ManifestRules.pathLimit) ?? ""
        description = try object.optionalText("description", limit: Self.descriptionLimit) ?? ""
        minimumAPILevel = try object.number("minimum-api", limit: Self.apiLevelLimit)
        names = try Self.translations(object, "names", limit: Self.nameLimit)
        descriptions = try Self.translations(object, "descriptions", limit: Self.descriptionLimit)
        conflicts = try Self.relations(object, "conflicts")
        replaces = try Self.relations(object, "replaces")
        try readLists(object)
    }

    private mutating func readLists(_ object: ManifestObject) throws(PackageError) {
        for (index, item) in try object.list("dependencies", limit: Self.dependencyLimit).enumerated() {
            let path = Self.item("dependencies", index)
            guard let items = item.array else { throw .wrongType(key: path, expected: "a list") }
            guard items.count <= Self.alternativeLimit else {
                throw .tooLong(key: path, limit: Self.alternativeLimit)
            }
            var alternatives: [Relation] = []
            for (number, alternative) in items.enumerated() {
                alternatives.append(try Self.relation(alternative, path: Self.item(path, number)))
            }
            dependencies.append(Dependency(alternatives))
        }
        for (index, item) in try object.list("provides", limit: Self.relationLimit).enumerated() {
            let provision = try ManifestObject(
                item, path: Self.item("provides", index), keys: ["id", "version"])
            let version = provision.member("version") == nil ? nil : try provision.version("version")
            provides.append(Provision(try provision.id("id"), version))
        }
        for (index, item) in try object.list("permissions", limit: Self.permissionLimit).enumerated() {
            guard let text = item.text else {
                throw .wrongType(key: Self.item("permissions", index), expected: "text")
            }
            permissions.append(text)
        }
        for (index, item) in try object.list("icons", limit: Self.iconLimit).enumerated() {
            let icon = try ManifestObject(item, path: Self.item("icons", index), keys: ["path", "size"])
            // The largest icon that any store asks for has 1,024 pixels.
            icons.append(
                Icon(
                    path: try icon.text("path", limit: ManifestRules.pathLimit),
                    size: try icon.number("size", limit: 4_096)))
        }
    }

    static func item(_ path: String, _ index: Int) -> String { path + "[" + String(index) + "]" }

    private static func architecture(_ object: ManifestObject) throws(PackageError) -> Architecture {
        let text = try object.text("architecture", limit: 16)
        for architecture in Architecture.allCases where UTF8Text.equal(architecture.name, text) {
            return architecture
        }
        throw .badValue(key: "architecture", value: text, expected: "any, arm64 or x86_64")
    }

    private static func kind(_ object: ManifestObject) throws(PackageError) -> Kind {
        let text = try object.text("kind", limit: 16)
        for kind in Kind.allCases where UTF8Text.equal(kind.name, text) { return kind }
        throw .badValue(key: "kind", value: text, expected: "app, cloud-app, extension or library")
    }

    private static func payload(_ object: ManifestObject) throws(PackageError) -> Payload {
        guard let member = object.member("payload") else { throw .missingKey("payload") }
        let payload = try ManifestObject(member, path: "payload", keys: ["sha256", "size", "verity"])
        return Payload(
            size: try payload.number("size", limit: payloadLimit), sha256: try payload.digest("sha256"),
            verity: try payload.digest("verity"))
    }

    private static func relations(
        _ object: ManifestObject, _ key: String
    ) throws(PackageError) -> [Relation] {
        var relations: [Relation] = []
        for (index, item) in try object.list(key, limit: relationLimit).enumerated() {
            relations.append(try relation(item, path: self.item(key, index)))
        }
        return relations
    }

    private static func relation(_ value: JSONValue, path: String) throws(PackageError) -> Relation {
        let object = try ManifestObject(value, path: path, keys: ["id", "versions"])
        let text = try object.text("versions", limit: VersionRange.limit)
        guard let versions = VersionRange(text) else {
            throw .badValue(key: object.path("versions"), value: text, expected: VersionRange.grammar)
        }
        return Relation(try object.id("id"), versions)
    }

    private static func translations(
        _ object: ManifestObject, _ key: String, limit: Int
    ) throws(PackageError) -> [Translation] {
        guard let member = object.member(key) else { return [] }
        guard case .object(let members) = member else { throw .wrongType(key: key, expected: "an object") }
        guard members.count <= translationLimit else { throw .tooLong(key: key, limit: translationLimit) }
        var translations: [Translation] = []
        for member in members {
            let path = key + "." + UTF8Text.cut(member.key, ManifestRules.languageLimit)
            guard let text = member.value.text else { throw .wrongType(key: path, expected: "text") }
            guard text.utf8.count <= limit else { throw .tooLong(key: path, limit: limit) }
            translations.append(Translation(language: member.key, text: text))
        }
        return translations
    }
}
