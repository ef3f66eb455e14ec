import Bridge
import Wire

/// What the package service says of repositories, as a person reads it.
enum RepositoryText {
    static func refreshed(_ document: JSONValue) -> [UInt8] {
        var rows = [["REPOSITORY", "PACKAGES"]]
        for repository in document["repositories"]?.array ?? [] {
            rows.append([PackageText.text(repository, "name"), PackageText.number(repository, "packages")])
        }
        return TextFormat.table(rows, numbers: [1])
    }

    static func found(_ document: JSONValue) -> [UInt8] {
        var rows = [["PACKAGE", "VERSION", "CODE", "FROM", "NAME"]]
        for package in document.array ?? [] {
            let repository = PackageText.text(package, "repository")
            rows.append([
                PackageText.text(package, "id"), PackageText.text(package, "version"),
                PackageText.number(package, "version_code"),
                repository.utf8.isEmpty ? "installed" : repository, PackageText.text(package, "name"),
            ])
        }
        if rows.count == 1 { return PackageText.line("no package has these words") }
        return TextFormat.table(rows, numbers: [2])
    }

    static func changed(_ document: JSONValue) -> [UInt8] {
        let isDry = document["dry_run"]?.bool == true
        let changes = PackageText.changes(document, isDone: !isDry)
        let fetched = UInt64(clamping: document["fetched_bytes"]?.integer ?? 0)
        return isDry ? changes : changes + PackageText.line(TextFormat.bytes(fetched) + " fetched")
    }
}
