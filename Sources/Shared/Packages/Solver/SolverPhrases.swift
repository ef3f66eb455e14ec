/// Clauses in words.
struct SolverPhrases {
    private let solver: Solver
    private var universe: Universe { solver.universe }

    init(_ solver: Solver) { self.solver = solver }

    // MARK: What is given

    func given(_ clause: Int) -> String {
        let terms = Array(solver.clauses.terms(of: clause))
        switch solver.clauses.origins[clause] {
        case .goal(let index): return goal(index, terms)
        case .removal(let index): return "you ask to remove " + goalID(index)
        case .kept(let index):
            return installedID(index) + " is installed because you asked for it"
        case .held(let index): return "you hold " + installedID(index) + " at " + installedVersion(index)
        case .pinned(let index):
            let pin = solver.request.installed[index].pin ?? .any
            return "you pinned " + installedID(index) + " to " + pin.shortText
        case .notOlder(let index):
            return installedID(index) + " stays at " + installedVersion(index)
                + " or newer unless you ask for a downgrade"
        case .floor(let index):
            let floor = solver.request.floors[index]
            return "this handset takes nothing of " + floor.id.text + " below version code "
                + String(floor.versionCode)
        case .architecture:
            let target = " made for " + solver.request.architecture.name
            return isEvery(terms[0])
                ? "no release of " + universe.names[Int(terms[0].name)].text + " is" + target
                : subject(terms[0], "is not", "are not") + target
        case .apiLevel:
            return subject(terms[0], "needs", "need")
                + " a newer system than this one (API level " + String(solver.request.apiLevel) + ")"
        case .dependency(let wish): return dependency(wish, terms)
        case .conflict(let wish):
            return subject(terms[0], "conflicts", "conflict") + " with " + wished(wish)
                + providing(terms[1], wish)
        case .replacement(let wish):
            return subject(terms[0], "takes", "take") + " the place of " + wished(wish)
        case .learned: return conclusion(terms)
        }
    }

    private func goal(_ index: Int, _ terms: [SolverTerm]) -> String {
        guard case .install(let id, let range, _) = solver.request.goals[index] else { return "" }
        let text = "you ask for " + id.text + (range.isAny ? "" : " " + range.shortText)
        return terms.isEmpty ? text + missing(id) : text
    }

    private func goalID(_ index: Int) -> String {
        switch solver.request.goals[index] {
        case .install(let id, _, _), .remove(let id), .upgrade(let id): id.text
        case .upgradeAll: ""
        }
    }

    private func installedID(_ index: Int) -> String { solver.request.installed[index].id.text }

    private func installedVersion(_ index: Int) -> String {
        let installed = solver.request.installed[index]
        guard let release = universe.release(of: installed.id, code: installed.versionCode) else { return "" }
        return universe.releases[release].version.text
    }

    private func dependency(_ wish: Int32, _ terms: [SolverTerm]) -> String {
        var text = subject(terms[0], "needs", "need") + " " + wished(wish)
        let hasCandidate = terms.contains { $0.choices.hasAbsence }
        if !hasCandidate, let first = universe.wishes[Int(wish)].first {
            let isOne = universe.wishes[Int(wish)].count == 1
            text += isOne ? missing(universe.names[Int(first.name)]) : " (there is none of them)"
        }
        return text
    }

    /// Why nothing satisfies a wish for this name.
    private func missing(_ id: PackageID) -> String {
        guard let name = universe.number(of: id) else { return " (there is none)" }
        var versions: [String] = []
        for release in universe.releasesOfName[Int(name)] {
            versions.append(universe.releases[Int(release)].version.text)
        }
        for provider in universe.providersOfName[Int(name)] {
            let release = universe.releases[Int(provider.release)]
            let what = provider.version.map { $0.text } ?? "no version"
            versions.append(
                what + " (from " + universe.names[Int(release.name)].text + " " + release.version.text + ")")
        }
        return versions.isEmpty ? " (there is none)" : " (there is only " + Self.list(versions) + ")"
    }

    private func wished(_ wish: Int32) -> String {
        var texts: [String] = []
        for alternative in universe.wishes[Int(wish)] {
            let range = universe.ranges[Int(alternative.range)]
            texts.append(
                universe.names[Int(alternative.name)].text + (range.isAny ? "" : " " + range.shortText))
        }
        return Self.list(texts, "or")
    }

    /// A conflict with a name that somebody else provides.
    private func providing(_ term: SolverTerm, _ wish: Int32) -> String {
        guard let alternative = universe.wishes[Int(wish)].first, alternative.name != term.name else {
            return ""
        }
        return " (which " + subject(term, "provides", "provide") + ")"
    }

    // MARK: What follows

    func conclusion(_ terms: [SolverTerm]) -> String {
        var there: [String] = []
        var needed: [String] = []
        for term in terms {
            if term.choices.hasAbsence {
                let all = solver.variables[Int(term.name)].all
                let wanted = SolverTerm(name: term.name, choices: all.subtracting(term.choices))
                needed.append(positive(wanted, "or"))
            } else {
                there.append(positive(term))
            }
        }
        switch (there.count, needed.count) {
        case (0, 0): return "what you ask for is impossible"
        case (1, 0): return there[0] + " cannot be installed"
        case (_, 0): return Self.list(there) + " cannot be installed together"
        case (0, 1): return needed[0] + " is required"
        case (0, _): return "one of " + Self.list(needed, "or") + " is required"
        case (1, _): return there[0] + " requires " + Self.list(needed, "or")
        default: return Self.list(there) + " together require " + Self.list(needed, "or")
        }
    }

    /// `org.a`, `org.a 1.0.0`, `org.a 1.0.0 to 2.0.0`, `org.a 1.0.0, 1.2.0 and 3.0.0`.
    private func positive(_ term: SolverTerm, _ word: String = "and") -> String {
        let variable = solver.variables[Int(term.name)]
        let id = universe.names[Int(term.name)].text
        let releases = term.choices.releases
        guard let first = releases.first, let last = releases.last,
            releases.count < variable.releases.count || releases.count == 1
        else { return id }
        let text = { (choice: Int) in solver.release(Int(term.name), choice).version.text }
        if releases.count == 1 { return id + " " + text(first) }
        if last - first + 1 == releases.count, releases.count > 2 {
            if last == variable.releases.count { return id + " " + text(first) + " or newer" }
            if first == 1 { return id + " " + text(last) + " or older" }
            return id + " " + text(first) + " to " + text(last)
        }
        var texts: [String] = []
        for choice in releases { texts.append(text(choice)) }
        return id + " " + Self.list(texts, word)
    }

    /// A package that does something, with the verb for one and for several releases.
    private func subject(_ term: SolverTerm, _ one: String, _ several: String) -> String {
        if term.choices.count < 2 { return positive(term) + " " + one }
        return isEvery(term)
            ? "every release of " + universe.names[Int(term.name)].text + " " + one
            : positive(term) + " " + several
    }

    private func isEvery(_ term: SolverTerm) -> Bool {
        let count = solver.variables[Int(term.name)].releases.count
        return count > 1 && term.choices.count == count
    }

    /// More than this many versions tell nobody anything.
    private static let listLimit = 5

    private static func list(_ texts: [String], _ word: String = "and") -> String {
        var result = ""
        for (index, text) in texts.enumerated() {
            if index == listLimit, texts.count > listLimit + 1 {
                return result + " " + word + " " + String(texts.count - listLimit) + " more"
            }
            if index > 0 { result += index == texts.count - 1 ? " " + word + " " : ", " }
            result += text
        }
        return result
    }
}
