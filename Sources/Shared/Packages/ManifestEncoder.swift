import Wire

extension PackageManifest {
    /// The canonical bytes: what is signed and hashed. Keys stand here in the order of their bytes.
    public func encode() -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.field("architecture", architecture.name)
        Self.write("conflicts", conflicts, to: &json)
        writeDependencies(to: &json)
        if !description.utf8.isEmpty { json.field("description", description) }
        Self.write("descriptions", descriptions, to: &json)
        if !entry.utf8.isEmpty { json.field("entry", entry) }
        json.field("format", Self.format)
        writeIcons(to: &json)
        json.field("id", id.text)
        json.field("kind", kind.name)
        json.field("licence", licence)
        json.field("minimum-api", minimumAPILevel)
        json.field("name", name)
        Self.write("names", names, to: &json)
        writePayload(to: &json)
        writePermissions(to: &json)
        writeProvides(to: &json)
        Self.write("replaces", replaces, to: &json)
        json.field("version", version.text)
        json.field("version-code", versionCode)
        json.endObject()
        return json.bytes
    }

    private static func write(_ key: String, _ relations: [Relation], to json: inout JSONWriter) {
        guard !relations.isEmpty else { return }
        json.key(key)
        json.beginArray()
        for relation in relations { write(relation, to: &json) }
        json.endArray()
    }

    private static func write(_ relation: Relation, to json: inout JSONWriter) {
        json.beginObject()
        json.field("id", relation.id.text)
        json.field("versions", relation.versions.text)
        json.endObject()
    }

    private func writeDependencies(to json: inout JSONWriter) {
        guard !dependencies.isEmpty else { return }
        json.key("dependencies")
        json.beginArray()
        for dependency in dependencies {
            json.beginArray()
            for relation in dependency.alternatives { Self.write(relation, to: &json) }
            json.endArray()
        }
        json.endArray()
    }

    private static func write(_ key: String, _ translations: [Translation], to json: inout JSONWriter) {
        guard !translations.isEmpty else { return }
        json.key(key)
        json.beginObject()
        for translation in translations { json.field(translation.language, translation.text) }
        json.endObject()
    }

    private func writeIcons(to json: inout JSONWriter) {
        guard !icons.isEmpty else { return }
        json.key("icons")
        json.beginArray()
        for icon in icons {
            json.beginObject()
            json.field("path", icon.path)
            json.field("size", icon.size)
            json.endObject()
        }
        json.endArray()
    }

    private func writePayload(to json: inout JSONWriter) {
        json.key("payload")
        json.beginObject()
        json.field("sha256", payload.sha256.hex)
        json.field("size", payload.size)
        json.field("verity", payload.verity.hex)
        json.endObject()
    }

    private func writePermissions(to json: inout JSONWriter) {
        guard !permissions.isEmpty else { return }
        json.key("permissions")
        json.beginArray()
        for permission in permissions { json.value(permission) }
        json.endArray()
    }

    private func writeProvides(to json: inout JSONWriter) {
        guard !provides.isEmpty else { return }
        json.key("provides")
        json.beginArray()
        for provision in provides {
            json.beginObject()
            json.field("id", provision.id.text)
            if let version = provision.version { json.field("version", version.text) }
            json.endObject()
        }
        json.endArray()
    }
}
