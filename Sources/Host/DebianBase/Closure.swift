/// Prunes what apt would install to what an image without maintainer scripts needs. Pure.
///
/// apt has chosen among alternatives and providers already; the walk from the wanted packages follows only
/// what it chose, and does not follow what a `DropRule` names.
struct Closure {
    /// apt's solution, by name.
    private let solution: [String: PackageStanza]
    /// Virtual name → those of the solution that provide it, sorted.
    private let providers: [String: [String]]
    private let rules: [DropRule]

    init(solution: [PackageStanza], rules: [DropRule] = DropRule.all) {
        self.solution = Dictionary(solution.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var providers: [String: [String]] = [:]
        for stanza in solution {
            for name in stanza.provides { providers[name, default: []].append(stanza.name) }
        }
        self.providers = providers.mapValues { $0.sorted() }
        self.rules = rules
    }

    struct Walk {
        /// What is needed, and by name what each needs.
        var needs: [String: [String]] = [:]
        /// Dropped packages of the same source as a package that stays: Debian lets the latter's licence text
        /// be a link into the former.
        var licences: Set<String> = []
    }

    func walk(from wanted: [String]) -> Walk {
        var result = Walk()
        var pending = wanted
        while let name = pending.popLast() {
            guard result.needs[name] == nil, let stanza = solution[name] else { continue }
            var needs: Set<String> = []
            for alternatives in stanza.dependencies {
                guard let chosen = choice(among: alternatives), chosen != name else { continue }
                // A wanted package is never dropped: the device named it.
                let rule = rules.first { rule in
                    (alternatives + [chosen]).contains { rule.drops($0, of: name) }
                }
                if rule == nil || wanted.contains(chosen) {
                    needs.insert(chosen)
                } else if rule?.mayHoldLicences == true, solution[chosen]?.source == stanza.source {
                    result.licences.insert(chosen)
                }
            }
            result.needs[name] = needs.sorted()
            pending += needs
        }
        result.licences.subtract(result.needs.keys)
        return result
    }

    private func choice(among alternatives: [String]) -> String? {
        for name in alternatives {
            if solution[name] != nil { return name }
            if let provider = providers[name]?.first { return provider }
        }
        return nil
    }
}
