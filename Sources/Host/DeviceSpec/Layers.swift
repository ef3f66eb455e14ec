import HostSystem

/// A device is a stack of layers: what it extends, the file itself, then the variant's part of each, in that
/// order.
///
/// Each layer first takes away what its `remove` names, then is laid over what is below: maps are merged key
/// by key, lists are appended (an item that is already there is not repeated), everything else is replaced.
struct Layers {
    let diagnostics: DiagnosticCollector

    func stack(_ layers: [SourceNode]) -> SourceNode {
        var result = SourceNode(content: .map([]), location: layers[0].location)
        for layer in layers {
            var layer = layer
            if let removal = layer["remove"] {
                result = remove(removal, from: result, path: "")
                layer.content = .map(layer.entries.filter { $0.key != "remove" })
            }
            result = lay(layer, over: result)
        }
        return result
    }

    private func lay(_ upper: SourceNode, over lower: SourceNode) -> SourceNode {
        switch (lower.content, upper.content) {
        case (.map(var entries), .map(let additions)):
            for addition in additions {
                if let index = entries.firstIndex(where: { $0.key == addition.key }) {
                    entries[index].value = lay(addition.value, over: entries[index].value)
                    entries[index].keyLocation = addition.keyLocation
                } else {
                    entries.append(addition)
                }
            }
            return SourceNode(content: .map(entries), location: upper.location)
        case (.list(let items), .list(let additions)):
            let known = Set(items.compactMap(\.text))
            let fresh = additions.filter { $0.text.map { !known.contains($0) } ?? true }
            return SourceNode(content: .list(items + fresh), location: upper.location)
        // Were what it replaces gone as well, one slip would cause many messages.
        case (_, .invalid): return lower
        default: return upper
        }
    }

    private func remove(_ removal: SourceNode, from node: SourceNode, path: String) -> SourceNode {
        var result = node
        var entries = node.entries
        for entry in removal.entries {
            let place = path.isEmpty ? entry.key : "\(path).\(entry.key)"
            let index = entries.firstIndex { $0.key == entry.key }
            let target = index.map { entries[$0].value }
            let empty = SourceNode(content: .map([]), location: entry.keyLocation)
            if case .map = entry.value.content {
                let rest = remove(entry.value, from: target ?? empty, path: place)
                if let index { entries[index].value = rest }
            } else {
                let rest = without(entry.value.items, target ?? empty, place)
                if let index { entries[index].value = rest }
            }
        }
        result.content = .map(entries)
        return result
    }

    private func without(_ names: [SourceNode], _ target: SourceNode, _ place: String) -> SourceNode {
        var target = target
        for name in names {
            guard let text = name.text else { continue }
            let known: [String]
            switch target.content {
            case .list(let items):
                known = items.compactMap(Self.identity)
                target.content = .list(items.filter { Self.identity($0) != text })
            case .map(let entries):
                known = entries.map(\.key)
                target.content = .map(entries.filter { $0.key != text })
            default: continue
            }
            if !known.contains(text) {
                diagnostics.add(
                    "nothing to remove: '\(text)' is not in the inherited \(place)", at: name.location,
                    expected: known.isEmpty
                        ? "nothing: it is empty" : "one of \(known.joined(separator: ", "))",
                    suggestion: NearestName.of(text, among: known))
            }
        }
        return target
    }

    /// What a list item is called: a word is itself, a check has its name, a copied file its destination.
    static func identity(_ item: SourceNode) -> String? {
        if let text = item.text { return text }
        if let destination = item["to"]?.text { return destination }
        return checkName(item)
    }

    /// `service: logd` is called "service logd" unless it has a name.
    static func checkName(_ check: SourceNode) -> String? {
        if let text = check.text { return text }
        if let name = check["name"]?.text { return name }
        let first = check.entries.first { ["state", "type", "options"].contains($0.key) == false }
        return first.flatMap { entry in entry.value.text.map { "\(entry.key) \($0)" } }
    }
}
