import Bridge
import Wire

/// What the package service says of repositories, as a person reads it.
enum RepositoryText {
    static func takesWords(_ operation: PackageServiceRequest.Operation) -> Bool {
        operation == .search || operation == .obtain || operation == .upgrade
            || operation == .bundle
    }

    static func text(_ operation: PackageServiceRequest.Operation, _ document: JSONValue) -> [UInt8] {
        switch operation {
        case .refresh: refreshed(document)
        case .search: table(document)
        default: changed(document)
        }
    }

    private static func refreshed(_ document: JSONValue) -> [UInt8] {
        var rows = [["REPOSITORY", "PACKAGES"]]
        for repository in document["repositories"]?.array ?? [] {
            rows.append([repository["name"]?.text ?? "", String(repository["packages"]?.integer ?? 0)])
        }
        return TextFormat.table(rows, numbers: [1])
    }

    private static func changed(_ document: JSONValue) -> [UInt8] {
        guard let installed = document["installed"], installed.array?.isEmpty == false else {
            return Array("nothing to do\n".utf8)
        }
        let fetched = TextFormat.bytes(UInt64(clamping: document["fetched_bytes"]?.integer ?? 0))
        return table(installed) + Array((fetched + " fetched\n").utf8)
    }

    private static func table(_ packages: JSONValue) -> [UInt8] {
        var rows = [["PACKAGE", "VERSION", "CODE", "REPOSITORY", "SIZE"]]
        for package in packages.array ?? [] {
            rows.append([
                package["id"]?.text ?? "", package["version"]?.text ?? "",
                String(package["version_code"]?.integer ?? 0), package["repository"]?.text ?? "",
                TextFormat.bytes(UInt64(clamping: package["bytes"]?.integer ?? 0)),
            ])
        }
        return TextFormat.table(rows, numbers: [2, 4])
    }
}
