import Bridge
import Wire

/// The package service's answers as a person reads them.
enum PackageText {
    static func text(_ operation: PackageServiceRequest.Operation, _ document: JSONValue) -> [UInt8] {
        switch operation {
        case .list: list(document)
        case .search: RepositoryText.found(document)
        case .refresh: RepositoryText.refreshed(document)
        case .obtain, .upgrade, .bundle: RepositoryText.changed(document)
        case .show: details(document)
        case .why: why(document)
        case .verify: findings(document)
        case .history: history(document)
        case .repair: repair(document)
        case .collectGarbage: collected(document)
        case .developerMode: developerMode(document)
        case .difference: changes(document, isDone: false)
        default: changes(document, isDone: document["dry_run"]?.bool != true)
        }
    }

    private static func list(_ document: JSONValue) -> [UInt8] {
        var rows = [["PACKAGE", "VERSION", "CODE", "KIND", "SIZE"]]
        for package in document.array ?? [] {
            rows.append([
                text(package, "id"), text(package, "version"), number(package, "version_code"),
                text(package, "kind"),
                TextFormat.bytes(UInt64(clamping: package["payload_bytes"]?.integer ?? 0)),
            ])
        }
        return TextFormat.table(rows, numbers: [2, 4])
    }

    private static func details(_ package: JSONValue) -> [UInt8] {
        var rows: [[String]] = []
        for key in ["id", "name", "version", "kind", "licence", "entry", "pin", "payload", "manifest", "key"]
        {
            let value = text(package, key)
            if !value.isEmpty { rows.append([key, value]) }
        }
        if package["is_held"]?.bool == true { rows.append(["held", "yes"]) }
        for permission in package["permissions"]?.array ?? [] {
            rows.append(["permission", permission.text ?? ""])
        }
        return TextFormat.table(rows, numbers: [])
    }

    private static func why(_ document: JSONValue) -> [UInt8] {
        let id = text(document, "id")
        var way = ""
        for step in document["way"]?.array ?? [] {
            way += (way.isEmpty ? "" : " → ") + (step.text ?? "")
        }
        var needed = ""
        for other in document["needed_by"]?.array ?? [] {
            needed += (needed.isEmpty ? "" : ", ") + (other.text ?? "")
        }
        var result: [UInt8] = []
        if document["is_requested"]?.bool == true {
            result += line(id + " was asked for")
        } else if way.isEmpty {
            result += line(id + " came as a dependency, and nothing needs it; `amosctl pkg autoremove`")
        } else {
            result += line(way)
        }
        if !needed.isEmpty { result += line("needed by " + needed) }
        return result
    }

    private static func findings(_ document: JSONValue) -> [UInt8] {
        var rows: [[String]] = []
        for finding in document.array ?? [] {
            rows.append([text(finding, "id"), finding["problem"]?.text ?? "good"])
        }
        return TextFormat.table(rows, numbers: [])
    }

    private static func history(_ document: JSONValue) -> [UInt8] {
        var rows = [["SET", "PACKAGES"]]
        for set in document.array ?? [] {
            var names = ""
            for package in set["packages"]?.array ?? [] {
                names += (names.isEmpty ? "" : ", ") + text(package, "id") + " " + text(package, "version")
            }
            rows.append([number(set, "generation"), names])
        }
        return TextFormat.table(rows, numbers: [0])
    }

    private static func collected(_ document: JSONValue) -> [UInt8] {
        let would = document["dry_run"]?.bool == true ? " would be removed" : " removed"
        return line(number(document, "removed_files") + " files" + would)
    }

    private static func developerMode(_ document: JSONValue) -> [UInt8] {
        guard document["is_offered"]?.bool == true else { return line("this handset has no developer mode") }
        let state = document["developer_mode"]?.bool == true ? "on" : "off"
        return line("developer mode is " + state + "; sideload: " + text(document, "sideload"))
    }

    static func text(_ value: JSONValue, _ key: String) -> String { value[key]?.text ?? "" }

    static func number(_ value: JSONValue, _ key: String) -> String { String(value[key]?.integer ?? 0) }

    static func line(_ text: String) -> [UInt8] { Array((text + "\n").utf8) }
}

// What changed, or would.
extension PackageText {
    static func changes(_ document: JSONValue, isDone: Bool) -> [UInt8] {
        var result: [UInt8] = []
        for change in document["changes"]?.array ?? [] { result += line(sentence(change, isDone: isDone)) }
        return result.isEmpty ? line("nothing changes") : result
    }

    private static func sentence(_ change: JSONValue, isDone: Bool) -> String {
        let action = text(change, "action")
        let (from, to) = (text(change, "from"), text(change, "to"))
        var sentence = (isDone ? past(action) : action) + " " + text(change, "id")
        if !from.isEmpty, !to.isEmpty {
            sentence += " " + from + " → " + to
        } else if !to.isEmpty || !from.isEmpty {
            sentence += " " + to + from
        }
        let range = text(change, "range")
        return range.isEmpty ? sentence : sentence + " to " + range
    }

    private static func past(_ action: String) -> String {
        let words: [(String, String)] = [
            ("install", "installed"), ("upgrade", "upgraded"), ("downgrade", "downgraded"),
            ("remove", "removed"), ("hold", "held"), ("unhold", "unheld"), ("pin", "pinned"),
            ("unpin", "unpinned"), ("forget", "forgot"), ("mark-requested", "marked as asked for"),
            ("mark-dependency", "marked as a dependency"),
        ]
        for (word, done) in words where UTF8Text.equal(word, action) { return done }
        return action
    }

    static func repair(_ document: JSONValue) -> [UInt8] {
        let isDry = document["dry_run"]?.bool == true
        var result: [UInt8] = []
        for set in document["lost_generations"]?.array ?? [] {
            let number = String(set.integer ?? 0)
            result += line("set " + number + " cannot be read" + (isDry ? "" : ", and was removed"))
        }
        for package in document["packages"]?.array ?? [] {
            let id = text(package, "id")
            result += line(id + ": " + text(package, "problem"))
            result += line("  " + advice(text(package, "outcome"), isDry: isDry))
        }
        if result.isEmpty { return line("nothing is broken") }
        let verb = isDry ? " would be" : " is"
        return result + line("set " + number(document, "generation") + verb + " installed")
    }

    private static func advice(_ outcome: String, isDry: Bool) -> String {
        if UTF8Text.equal(outcome, "sealed-again") { return "sealed again" }
        if UTF8Text.equal(outcome, "removed") {
            return (isDry ? "would be removed" : "removed") + "; its data stays"
        }
        return "install its package again (`amosctl pkg install FILE`), or `amosctl pkg repair --remove`"
    }
}
