import Packages
import Wire

/// The JSON that `amosctl pkg` shows.
enum PackageDocuments {
    static func list(_ packages: [Generation.Package]) -> [UInt8] {
        document { json in write(packages, to: &json) }
    }

    static func details(_ package: Generation.Package, _ manifest: PackageManifest) -> [UInt8] {
        document { json in
            json.beginObject()
            writeFields(of: package, to: &json)
            json.field("name", manifest.name)
            json.field("licence", manifest.licence)
            json.field("entry", manifest.entry)
            json.key("permissions")
            json.beginArray()
            for permission in manifest.permissions { json.value(permission) }
            json.endArray()
            json.endObject()
        }
    }

    static func findings(_ findings: [(id: PackageID, problem: String?)]) -> [UInt8] {
        document { json in
            json.beginArray()
            for finding in findings {
                json.beginObject()
                json.field("id", finding.id.text)
                json.field("is_good", finding.problem == nil)
                if let problem = finding.problem { json.field("problem", problem) }
                json.endObject()
            }
            json.endArray()
        }
    }

    static func removed(_ files: Int, isDry: Bool) -> [UInt8] {
        document { json in
            json.beginObject()
            json.field("removed_files", files)
            json.field("dry_run", isDry)
            json.endObject()
        }
    }

    static func history(_ sets: [Generation]) -> [UInt8] {
        document { json in
            json.beginArray()
            for set in sets {
                json.beginObject()
                json.field("generation", set.number)
                json.key("packages")
                write(set.packages, to: &json)
                json.endObject()
            }
            json.endArray()
        }
    }

    static func document(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        body(&json)
        return json.bytes + [0x0a]
    }

    private static func write(_ packages: [Generation.Package], to json: inout JSONWriter) {
        json.beginArray()
        for package in packages {
            json.beginObject()
            writeFields(of: package, to: &json)
            json.endObject()
        }
        json.endArray()
    }

    private static func writeFields(of package: Generation.Package, to json: inout JSONWriter) {
        json.field("id", package.id.text)
        json.field("version", package.version.text)
        json.field("version_code", package.versionCode)
        json.field("kind", package.kind.name)
        json.field("is_requested", package.reason == .requested)
        json.field("is_held", package.isHeld)
        if let pin = package.pin { json.field("pin", pin.text) }
        json.field("payload_bytes", package.payloadSize)
        json.field("payload", package.payload.hex)
        json.field("manifest", package.manifest.hex)
        json.field("key", package.key.hex)
    }
}
