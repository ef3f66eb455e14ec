import Packages
import Trust
import Wire

/// The JSON that `amosctl pkg` shows of repositories.
enum RepositoryDocuments {
    static func refreshed(_ counts: [(String, Int)], bytes: UInt64) -> [UInt8] {
        PackageDocuments.document { json in
            json.beginObject()
            json.field("fetched_bytes", bytes)
            json.key("repositories")
            json.beginArray()
            for (name, count) in counts {
                json.beginObject()
                json.field("name", name)
                json.field("packages", UInt64(count))
                json.endObject()
            }
            json.endArray()
            json.endObject()
        }
    }

    /// What is installed comes first; of that, offers name other versions only.
    static func found(
        _ installed: [(Generation.Package, PackageManifest)], _ offers: [RepositoryWorker.Offer]
    ) -> [UInt8] {
        PackageDocuments.document { json in
            json.beginArray()
            for (_, manifest) in installed { write(manifest, repository: nil, to: &json) }
            for offer in offers
            where !installed.contains(where: {
                $0.0.id == offer.head.manifest.id && $0.0.versionCode == offer.head.manifest.versionCode
            }) {
                write(offer.head.manifest, repository: offer.follower.files.name, to: &json)
            }
            json.endArray()
        }
    }

    private static func write(
        _ manifest: PackageManifest, repository: String?, to json: inout JSONWriter
    ) {
        json.beginObject()
        json.field("id", manifest.id.text)
        json.field("version", manifest.version.text)
        json.field("version_code", manifest.versionCode)
        json.field("name", manifest.name)
        json.field("payload_bytes", manifest.payload.size)
        json.field("is_installed", repository == nil)
        if let repository { json.field("repository", repository) }
        json.endObject()
    }
}
