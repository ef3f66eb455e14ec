import HostSystem

/// Compares a file with the key tables and reports every difference. What is wrong becomes `.invalid` in the
/// result, so that later steps neither use it nor report it as missing.
struct ShapeCheck {
    let diagnostics: DiagnosticCollector

    private static let truth = [
        "yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false",
    ]

    /// `CAP_SYS_TIME` and `SIGTERM` are meant well, too.
    private static func nearest(_ text: String, among words: [String]) -> String? {
        if let word = NearestName.of(text, among: words) { return word }
        let plain = text.lowercased().replacing("_", with: "-")
        return words.first { plain.hasSuffix($0.lowercased()) }
    }

    /// - Parameter key: how messages call the value.
    func check(_ node: SourceNode, against shape: Shape, key: String) -> SourceNode {
        switch (shape, node.content) {
        case (_, .invalid): return node
        case (.map(let table), .map): return checkMap(node, table)
        case (.either(_, let table), .map): return checkMap(node, table)
        case (.dictionary(let what, let names, let values), .map):
            return checkDictionary(node, what: what, names: names, values: values)
        case (.list(let element, let mayRepeat), .list(let items)):
            let checked = items.map { check($0, against: element, key: "an item of \(key)") }
            return with(node, .list(mayRepeat ? checked : withoutRepetitions(checked, key: key)))
        case (.text(let rule), .scalar(let text, let isPlain)):
            return checkText(node, text, isPlain: isPlain, rule, key: key)
        case (.choice(let words), .scalar(let text, _)), (.either(let words, _), .scalar(let text, _)):
            if words.contains(text) { return node }
            diagnostics.add(
                "\(key) cannot be '\(text)'", at: node.location, expected: shape.expected,
                suggestion: Self.nearest(text, among: words))
            return with(node, .invalid)
        case (.integer(let range), .scalar(let text, let isPlain)):
            if isPlain, let value = Int(text), "\(value)" == text {
                if range.contains(value) { return node }
                return wrong(node, "\(key) is out of range: \(text)", shape)
            }
        case (.boolean, .scalar(let text, let isPlain)):
            if isPlain, text == "true" || text == "false" { return node }
            diagnostics.add(
                "\(key) cannot be '\(text)'", at: node.location, expected: shape.expected,
                suggestion: Self.truth[text.lowercased()])
            return with(node, .invalid)
        case (.anyOf(let shapes), _): return check(node, againstAny: shapes, key: key)
        default: break
        }
        return wrong(node, "\(key) is \(node.kindName)", shape)
    }

    private func check(_ node: SourceNode, againstAny shapes: [Shape], key: String) -> SourceNode {
        let candidates = shapes.filter { $0.kind == node.content.kind }
        // Only one can be meant: it explains best what is wrong.
        if candidates.count == 1 { return check(node, against: candidates[0], key: key) }
        for shape in candidates {
            let scratch = DiagnosticCollector()
            let result = ShapeCheck(diagnostics: scratch).check(node, against: shape, key: key)
            if scratch.diagnostics.isEmpty { return result }
        }
        let what = node.text.map { "\(key) cannot be '\($0)'" } ?? "\(key) is \(node.kindName)"
        return wrong(node, what, .anyOf(shapes))
    }

    private func checkText(
        _ node: SourceNode, _ text: String, isPlain: Bool, _ rule: TextRule, key: String
    ) -> SourceNode {
        let kind = PlainScalar(text, isPlain: isPlain)
        let isQuantity = rule.pattern == TextRule.size.pattern || rule.pattern == TextRule.duration.pattern
        if isQuantity, !rule.accepts(text) {
            let isSize = rule.pattern == TextRule.size.pattern
            diagnostics.add(
                "\(key) has no usable \(isSize ? "size" : "duration"): '\(text)'", at: node.location,
                expected: rule.expected, suggestion: Quantity.correction(of: text, isSize: isSize))
            return with(node, .invalid)
        }
        if case .text = kind {
            if rule.accepts(text) { return node }
            return wrong(node, "\(key) cannot be '\(text)'", .text(rule))
        }
        if case .null = kind { return wrong(node, "\(key) has no value", .text(rule)) }
        diagnostics.add(
            "\(key) is \(node.kindName), not text: \(text)", at: node.location, expected: rule.expected,
            suggestion: rule.accepts(text) ? "\"\(text)\"" : nil)
        return with(node, .invalid)
    }

    private func checkMap(_ node: SourceNode, _ table: KeyTable) -> SourceNode {
        var checked: [SourceNode.Entry] = []
        for entry in withoutRepetitions(node.entries) {
            guard let key = table[entry.key] else {
                diagnostics.addUnknown(
                    table.unknownName, entry.key, at: entry.keyLocation, among: table.names)
                continue
            }
            var entry = entry
            entry.value = check(entry.value, against: key.shape, key: entry.key)
            checked.append(entry)
        }
        for key in table.keys where key.presence == .required && node[key.name] == nil {
            diagnostics.add(
                "'\(key.name)' is missing in \(table.title)", at: node.location, expected: key.shape.expected)
        }
        return with(node, .map(checked))
    }

    private func checkDictionary(
        _ node: SourceNode, what: String, names: TextRule, values: Shape
    ) -> SourceNode {
        let entries = withoutRepetitions(node.entries).compactMap { entry -> SourceNode.Entry? in
            guard names.accepts(entry.key) else {
                diagnostics.add(
                    "'\(entry.key)' cannot be the name of \(what)", at: entry.keyLocation,
                    expected: names.expected)
                return nil
            }
            var entry = entry
            entry.value = check(entry.value, against: values, key: entry.key)
            return entry
        }
        return with(node, .map(entries))
    }

    private func withoutRepetitions(_ entries: [SourceNode.Entry]) -> [SourceNode.Entry] {
        var first: [String: SourceLocation] = [:]
        return entries.filter { entry in
            guard let earlier = first[entry.key] else {
                first[entry.key] = entry.keyLocation
                return true
            }
            diagnostics.add(
                "duplicate key '\(entry.key)'", at: entry.keyLocation,
                expected: "each key once; the first stands at line \(earlier.line)")
            return false
        }
    }

    private func withoutRepetitions(_ items: [SourceNode], key: String) -> [SourceNode] {
        var first: [String: SourceLocation] = [:]
        return items.filter { item in
            guard let text = item.text else { return true }
            guard let earlier = first[text] else {
                first[text] = item.location
                return true
            }
            diagnostics.add(
                "'\(text)' stands in \(key) twice", at: item.location,
                expected: "each once; the first stands at line \(earlier.line)")
            return false
        }
    }

    private func wrong(_ node: SourceNode, _ message: String, _ shape: Shape) -> SourceNode {
        diagnostics.add(message, at: node.location, expected: shape.expected)
        return with(node, .invalid)
    }

    private func with(_ node: SourceNode, _ content: SourceNode.Content) -> SourceNode {
        SourceNode(content: content, location: node.location)
    }
}

extension Shape {
    fileprivate var kind: SourceNode.Kind {
        switch self {
        case .text, .integer, .boolean, .choice: .scalar
        case .list: .list
        case .map, .dictionary, .either, .anyOf: .map
        }
    }
}

extension SourceNode {
    fileprivate enum Kind { case scalar, list, map, invalid }
}

extension SourceNode.Content {
    fileprivate var kind: SourceNode.Kind {
        switch self {
        case .scalar: .scalar
        case .list: .list
        case .map: .map
        case .invalid: .invalid
        }
    }
}

extension KeyTable {
    /// What a key of this table is called when it is not known.
    var unknownName: String { title == "variants" ? "variant" : "key" }
}
