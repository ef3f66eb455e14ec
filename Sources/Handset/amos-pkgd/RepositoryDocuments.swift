import Packages
import Trust
import Wire

/// The JSON that `amosctl pkg` shows of repositories.
enum RepositoryDocuments {
    static func refreshed(_ counts: [(String, Int)], bytes: UInt64) -> [UInt8] {
        document { json in
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

    static func found(_ offers: [RepositoryWorker.Offer]) -> [UInt8] {
        document { write(offers, to: &$0) }
    }

    static func changed(_ offers: [RepositoryWorker.Offer], bytes: UInt64) -> [UInt8] {
        document { json in
            json.beginObject()
            json.field("fetched_bytes", bytes)
            json.key("installed")
            write(offers, to: &json)
            json.endObject()
        }
    }

    private static func write(_ offers: [RepositoryWorker.Offer], to json: inout JSONWriter) {
        json.beginArray()
        for offer in offers {
            json.beginObject()
            json.field("id", offer.head.manifest.id.text)
            json.field("version", offer.head.manifest.version.text)
            json.field("version_code", offer.head.manifest.versionCode)
            json.field("repository", offer.follower.files.name)
            json.field("bytes", offer.indexed.length)
            json.endObject()
        }
        json.endArray()
    }

    private static func document(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
        var json = JSONWriter()
        body(&json)
        return json.bytes + [0x0a]
    }
}
