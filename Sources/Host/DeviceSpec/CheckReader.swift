import Foundation

/// The `checks` of a device.
struct CheckReader {
    let services: ServiceSet
    let diagnostics: DiagnosticCollector

    /// Each check has exactly one of these; the second column may accompany it.
    private static let kinds: [(key: String, companions: [String])] = [
        ("service", ["state"]), ("mounted", ["type", "options"]), ("network", []), ("clock", []),
        ("memory-used-below", []), ("console", []), ("no-console", []), ("screen", []),
    ]

    func read(_ list: SourceNode?) -> [Check] {
        var names: [String: SourceLocation] = [:]
        return (list?.items ?? []).compactMap { item in
            guard !item.isInvalid, let expectation = expectation(item) else { return nil }
            let name = Layers.checkName(item) ?? "check"
            if names.updateValue(item.location, forKey: name) != nil {
                diagnostics.add(
                    "there is a check '\(name)' already", at: item.location,
                    expected: "another check, or a 'name' of its own")
            }
            return Check(name: name, expectation: expectation, location: item.location)
        }
    }

    private func expectation(_ item: SourceNode) -> Check.Expectation? {
        if item.text == "ready" { return .healthy }
        let kinds = Self.kinds.filter { item[$0.key] != nil }
        guard kinds.count == 1 else {
            diagnostics.add(
                kinds.isEmpty ? "this check asks nothing" : "this is more than one check",
                at: item.location, expected: "one of ready, \(Self.kinds.map(\.key).joined(separator: ", "))")
            return nil
        }
        let kind = kinds[0]
        for entry in item.entries where !([kind.key, "name"] + kind.companions).contains(entry.key) {
            diagnostics.add(
                "'\(entry.key)' says nothing in a check of '\(kind.key)'", at: entry.keyLocation,
                expected: kind.companions.isEmpty
                    ? "nothing besides" : kind.companions.joined(separator: ", "))
        }
        return expectation(kind.key, NodeReader(node: item, diagnostics: diagnostics))
    }

    private func expectation(_ kind: String, _ item: NodeReader) -> Check.Expectation? {
        guard let value = item.located(kind) else { return nil }
        switch kind {
        case "service":
            services.require(value, for: "checks")
            return .service(name: value.value, state: item.text("state") ?? "ready")
        case "mounted":
            return .mounted(path: value.value, type: item.text("type"), options: item.texts("options"))
        case "network": return .network
        case "clock": return .clock
        case "memory-used-below": return item.bytes(kind).map { .memoryUsedBelow(bytes: $0) }
        case "screen": return .screenNotBlank
        default: return pattern(value, present: kind == "console")
        }
    }

    private func pattern(_ value: Located<String>, present: Bool) -> Check.Expectation? {
        guard (try? NSRegularExpression(pattern: value.value)) != nil else {
            diagnostics.add(
                "not a regular expression: \(value.value)", at: value.location,
                expected: "balanced brackets, and '\\' before a character that stands for itself")
            return nil
        }
        return .console(pattern: value.value, present: present)
    }
}
