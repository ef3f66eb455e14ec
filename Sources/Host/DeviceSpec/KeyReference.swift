/// The key tables as Markdown, for the device file reference.
public enum KeyReference {
    /// One table with every key of a document; inner keys are written with dots.
    public static func markdown(for document: DeviceSchema.Document) -> String {
        let table =
            switch document {
            case .device: DeviceKeys.device
            case .service: ServiceKeys.service
            case .package: PackageKeys.package
            }
        let lines = rows(of: table, path: "").map { "| `\($0.key)` | \($0.value) | \($0.summary) |" }
        return (["| key | value | meaning |", "|---|---|---|"] + lines).joined(separator: "\n") + "\n"
    }

    /// The groups of system calls, with what each is for.
    public static func systemCallGroups() -> String {
        let lines = SystemCallGroups.all.map { "| `\($0.name)` | \($0.summary) |" }
        return (["| group | for |", "|---|---|"] + lines).joined(separator: "\n") + "\n"
    }

    /// Every key of a service file by its path, without the parts that stand for names.
    static func serviceKeyPaths() -> [String] { rows(of: ServiceKeys.service, path: "").map(\.key) }

    private struct Row {
        let key: String
        let value: String
        let summary: String
    }

    private static func rows(of table: KeyTable, path: String) -> [Row] {
        table.keys.flatMap { key in
            let name = path + key.name
            let row = Row(key: name, value: value(key.shape), summary: key.summary)
            return [row] + inner(of: key.shape, path: name)
        }
    }

    private static func inner(of shape: Shape, path: String) -> [Row] {
        switch shape {
        case .map(let table):
            // What can be removed and what variants can hold is explained in prose.
            ["remove", "variants", DeviceKeys.layer.title].contains(table.title)
                ? [] : rows(of: table, path: path + ".")
        case .either(_, let table): rows(of: table, path: path + ".")
        case .list(let element, _): inner(of: element, path: path + "[]")
        case .dictionary(_, _, let values): inner(of: values, path: path + ".NAME")
        case .anyOf(let shapes): shapes.flatMap { inner(of: $0, path: path) }
        case .text, .integer, .boolean, .choice: []
        }
    }

    private static func value(_ shape: Shape) -> String {
        switch shape {
        case .text(let rule): rule.expected.replacing("|", with: "\\|")
        case .integer(let range): "\(range.lowerBound) to \(range.upperBound)"
        case .boolean: "true or false"
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .list(.text(let rule), _): "list; each \(rule.expected)"
        case .list: "list"
        case .map: "map"
        case .dictionary(let what, _, _): "map by the name of \(what)"
        case .anyOf(let shapes): shapes.map { value($0) }.joined(separator: ", or ")
        case .either(let words, _): words.map { "`\($0)`" }.joined(separator: ", ") + ", or a map"
        }
    }
}
