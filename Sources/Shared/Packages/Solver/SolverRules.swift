extension Solver {
    // MARK: Packages

    /// Lists a package's releases before anything is concluded about it.
    mutating func prepare(_ name: Int) {
        guard !variables[name].isPrepared else { return }
        variables[name].isPrepared = true
        var releases = universe.releasesOfName[name]
        if releases.count > ChoiceSet.releaseLimit {
            let isOld = releases.prefix(releases.count - ChoiceSet.releaseLimit)
                .contains(variables[name].installedRelease)
            releases.removeFirst(releases.count - ChoiceSet.releaseLimit)
            if isOld { releases[0] = variables[name].installedRelease }
        }
        variables[name].releases = releases
        let all = ChoiceSet.all(releases: releases.count)
        variables[name].all = all
        variables[name].base = all
        var foreign = ChoiceSet.none
        var demanding = ChoiceSet.none
        for (index, number) in releases.enumerated() {
            let release = universe.releases[Int(number)]
            if release.version.preRelease.utf8.isEmpty { variables[name].stable.insert(index + 1) }
            // What is installed did run here.
            if variables[name].installedRelease == number {
                variables[name].installed = index + 1
                continue
            }
            if release.architecture != .any, release.architecture != request.architecture {
                foreign.insert(index + 1)
            } else if release.apiLevel > request.apiLevel {
                demanding.insert(index + 1)
            }
        }
        addFact(name, foreign, .architecture)
        addFact(name, demanding, .apiLevel)
        variables[name].domain = variables[name].base
    }

    private mutating func addFact(_ name: Int, _ choices: ChoiceSet, _ origin: ClauseOrigin) {
        guard !choices.isEmpty else { return }
        let clause = clauses.add([SolverTerm(name: Int32(name), choices: choices)], origin)
        variables[name].facts.append(Int32(clause))
        variables[name].base = variables[name].base.subtracting(choices)
    }

    /// The releases of a package that a test accepts.
    mutating func choices(_ name: Int, where accepts: (Universe.Release) -> Bool) -> ChoiceSet {
        prepare(name)
        var choices = ChoiceSet.none
        for (index, number) in variables[name].releases.enumerated()
        where accepts(universe.releases[Int(number)]) {
            choices.insert(index + 1)
        }
        return choices
    }

    /// Packages that satisfy a wish for a name: its own releases first, then who provides it, by id.
    mutating func candidates(_ name: Int, _ range: VersionRange) -> [SolverTerm] {
        var result: [SolverTerm] = []
        let own = choices(name) { range.contains($0.version) }
        if !own.isEmpty { result.append(SolverTerm(name: Int32(name), choices: own)) }
        var others: [SolverTerm] = []
        for provider in universe.providersOfName[name] {
            let isRight = provider.version.map { range.contains($0) } ?? range.isAny
            guard isRight else { continue }
            let owner = universe.releases[Int(provider.release)].name
            prepare(Int(owner))
            guard let choice = choice(Int(owner), provider.release) else { continue }
            var isJoined = false
            for index in others.indices where others[index].name == owner {
                others[index].choices.insert(choice)
                isJoined = true
            }
            if !isJoined { others.append(SolverTerm(name: owner, choices: ChoiceSet(choice))) }
        }
        let names = universe.names
        others.sort { names[Int($0.name)] < names[Int($1.name)] }
        return result + others
    }

    private func choice(_ name: Int, _ release: Int32) -> Int? {
        for (index, number) in variables[name].releases.enumerated() where number == release {
            return index + 1
        }
        return nil
    }

    /// "None of these": the terms of a clause that asks for one of them.
    func negated(_ candidates: [SolverTerm]) -> [SolverTerm] {
        var terms: [SolverTerm] = []
        for candidate in candidates {
            let all = variables[Int(candidate.name)].all
            terms.append(
                SolverTerm(name: candidate.name, choices: all.subtracting(candidate.choices)))
        }
        return terms
    }

    // MARK: Rules of releases

    /// Adds the clauses of a release that are not there yet. One clause serves all releases of a package
    /// that say the same.
    mutating func addRules(of name: Int, _ choice: Int) {
        let release = release(name, choice)
        for wish in release.dependencies where !variables[name].has(wish, .dependency) {
            addDependency(name, wish)
        }
        for wish in release.conflicts where !variables[name].has(wish, .conflict) {
            let sayers = choices(name) { $0.conflicts.contains(wish) }
            addExclusion(name, sayers, wish, .conflict)
        }
        for wish in release.replaces where !variables[name].has(wish, .replacement) {
            let sayers = choices(name) { $0.replaces.contains(wish) }
            addExclusion(name, sayers, wish, .replacement)
        }
    }

    private mutating func addDependency(_ name: Int, _ wish: Int32) {
        var terms = [SolverTerm(name: Int32(name), choices: choices(name) { $0.dependencies.contains(wish) })]
        for alternative in universe.wishes[Int(wish)] {
            let range = universe.ranges[Int(alternative.range)]
            // In two steps: a call of `negated` with the other inside looks at a copy made before.
            let candidates = candidates(Int(alternative.name), range)
            terms += negated(candidates)
        }
        var clause = add(terms, .dependency(wish))
        // What provides what it needs itself needs nothing.
        for term in clauses.terms(of: clause) where term.choices.isEmpty { clause = -1 }
        variables[name].rules.append(.init(wish: wish, kind: .dependency, clause: Int32(clause)))
    }

    /// A replacement excludes the package of that name alone, a conflict whoever provides the name, too.
    private mutating func addExclusion(
        _ name: Int, _ sayers: ChoiceSet, _ wish: Int32, _ kind: SolverVariable.Rule.Kind
    ) {
        variables[name].rules.append(.init(wish: wish, kind: kind, clause: -1))
        for alternative in universe.wishes[Int(wish)] {
            let range = universe.ranges[Int(alternative.range)]
            for other in candidates(Int(alternative.name), range) where Int(other.name) != name {
                if kind == .replacement, other.name != alternative.name { continue }
                let terms = [SolverTerm(name: Int32(name), choices: sayers), other]
                add(terms, kind == .conflict ? .conflict(wish) : .replacement(wish))
            }
        }
    }
}
