import Packages
import Wire

// What changes, or would change.
extension PackageDocuments {
    /// From one set to another: packages first, then what is said about those that stay.
    /// - Parameter fetched: bytes, of a change that may have asked the network.
    static func change(
        from before: Generation, to after: Generation, isDry: Bool, fetched: UInt64? = nil
    ) -> [UInt8] {
        document { json in
            json.beginObject()
            json.field("generation", after.number)
            json.field("dry_run", isDry)
            if let fetched { json.field("fetched_bytes", fetched) }
            writeChanges(from: before, to: after, &json)
            json.endObject()
        }
    }

    private static func writeChanges(
        from before: Generation, to after: Generation, _ json: inout JSONWriter
    ) {
        json.key("changes")
        json.beginArray()
        for change in after.changes(since: before) {
            json.beginObject()
            write(change, &json)
            json.endObject()
        }
        for (id, mark) in after.marks(since: before) {
            json.beginObject()
            json.field("id", id.text)
            json.field("action", name(of: mark))
            if case .pinned(let range?) = mark { json.field("range", range.text) }
            json.endObject()
        }
        for claim in before.claims where after.owner(of: claim.id) == nil {
            json.beginObject()
            json.field("id", claim.id.text)
            json.field("action", "forget")
            json.endObject()
        }
        json.endArray()
    }

    private static func write(_ change: GenerationChange, _ json: inout JSONWriter) {
        json.field("id", change.id.text)
        switch change {
        case .install(let package):
            json.field("action", "install")
            json.field("to", package.version.text)
        case .upgrade(let old, let new):
            json.field("action", "upgrade")
            write(old, new, &json)
        case .downgrade(let old, let new):
            json.field("action", "downgrade")
            write(old, new, &json)
        case .remove(let package):
            json.field("action", "remove")
            json.field("from", package.version.text)
        }
    }

    private static func write(
        _ old: Generation.Package, _ new: Generation.Package, _ json: inout JSONWriter
    ) {
        json.field("from", old.version.text)
        json.field("to", new.version.text)
    }

    private static func name(of mark: PackageMark) -> String {
        switch mark {
        case .held: "hold"
        case .unheld: "unhold"
        case .pinned(let range): range == nil ? "unpin" : "pin"
        case .requested: "mark-requested"
        case .dependency: "mark-dependency"
        }
    }

    static func repair(_ repair: StoreRepair, isDry: Bool) -> [UInt8] {
        document { json in
            json.beginObject()
            json.field("generation", repair.after.number)
            json.field("dry_run", isDry)
            json.key("packages")
            json.beginArray()
            for package in repair.packages {
                json.beginObject()
                json.field("id", package.id.text)
                json.field("problem", package.problem)
                json.field("outcome", name(of: package.outcome))
                json.endObject()
            }
            json.endArray()
            json.key("lost_generations")
            json.beginArray()
            for number in repair.lostSets { json.value(number) }
            json.endArray()
            json.endObject()
        }
    }

    private static func name(of outcome: StoreRepair.Outcome) -> String {
        switch outcome {
        case .sealedAgain: "sealed-again"
        case .removed: "removed"
        case .needsPackage: "needs-package"
        }
    }

    static func why(
        _ package: Generation.Package, way: [PackageID], dependents: [PackageID]
    ) -> [UInt8] {
        document { json in
            json.beginObject()
            json.field("id", package.id.text)
            json.field("is_requested", package.reason == .requested)
            write("way", way, &json)
            write("needed_by", dependents, &json)
            json.endObject()
        }
    }

    private static func write(_ key: String, _ ids: [PackageID], _ json: inout JSONWriter) {
        json.key(key)
        json.beginArray()
        for id in ids { json.value(id.text) }
        json.endArray()
    }
}
