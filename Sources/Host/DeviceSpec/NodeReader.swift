/// Typed access to a map that `ShapeCheck` has accepted: a key that is missing or was reported reads as nil.
struct NodeReader {
    let node: SourceNode
    let diagnostics: DiagnosticCollector

    func map(_ key: String) -> NodeReader {
        let empty = SourceNode(content: .map([]), location: node.location)
        return NodeReader(node: node[key] ?? empty, diagnostics: diagnostics)
    }

    func has(_ key: String) -> Bool { node[key] != nil }

    /// Where the value stands, or the map if there is none.
    func location(_ key: String) -> SourceLocation { node[key]?.location ?? node.location }

    func text(_ key: String) -> String? { node[key]?.text }

    func located(_ key: String) -> Located<String>? {
        guard let value = node[key], let text = value.text else { return nil }
        return Located(text, at: value.location)
    }

    func list(_ key: String) -> [Located<String>] {
        (node[key]?.items ?? []).compactMap { item in item.text.map { Located($0, at: item.location) } }
    }

    func texts(_ key: String) -> [String] { list(key).map(\.value) }

    func integer(_ key: String) -> Int? { text(key).flatMap { Int($0) } }

    func bytes(_ key: String) -> UInt64? {
        guard let text = text(key) else { return nil }
        guard let value = Quantity.bytes(text) else {
            diagnostics.add("\(key) is too large: \(text)", at: location(key), expected: "less than 16 EiB")
            return nil
        }
        return value
    }

    func milliseconds(_ key: String) -> UInt32? {
        guard let text = text(key) else { return nil }
        guard let value = Quantity.milliseconds(text) else {
            diagnostics.add(
                "\(key) is too long: \(text)", at: location(key),
                expected: "at most \(Quantity.longestDurationDays) d")
            return nil
        }
        return value
    }

    /// Reports each key of the table that must be there in the end and is not.
    func requireAll(of table: KeyTable, path: String = "") {
        for key in table.keys {
            let name = path.isEmpty ? key.name : "\(path).\(key.name)"
            if let value = node[key.name] {
                if case .map(let inner) = key.shape, !value.isInvalid {
                    NodeReader(node: value, diagnostics: diagnostics).requireAll(of: inner, path: name)
                }
            } else if key.presence == .requiredFinally {
                diagnostics.add("'\(name)' is missing", at: node.location, expected: key.shape.expected)
            }
        }
    }
}
