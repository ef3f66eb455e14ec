extension Solver {
    /// What was decided, without what is needed by nothing any more: of two alternatives that were chosen one
    /// after the other, the first may have become superfluous.
    func solution() -> Solution {
        var isNeeded = [Bool](repeating: false, count: variables.count)
        var isRequested = isNeeded
        var open: [Int] = []
        for clause in firstDemands {
            guard let name = fulfilling(Int(clause), isNeeded) else { continue }
            switch clauses.origins[Int(clause)] {
            case .goal, .kept: isRequested[name] = true
            default: break
            }
            if !isNeeded[name] { open.append(name) }
            isNeeded[name] = true
        }
        for name in installedNames where isPresent(Int(name)) && !isNeeded[Int(name)] {
            isNeeded[Int(name)] = true
            open.append(Int(name))
        }
        var next = 0
        while next < open.count {
            let name = open[next]
            next += 1
            for wish in release(name, choice(of: name)).dependencies {
                guard let clause = variables[name].clause(of: wish),
                    let other = fulfilling(Int(clause), isNeeded), !isNeeded[other]
                else { continue }
                isNeeded[other] = true
                open.append(other)
            }
        }
        return Solution(packages: packages(open, isRequested), steps: steps)
    }

    private func packages(_ names: [Int], _ isRequested: [Bool]) -> [Solution.Package] {
        var packages: [Solution.Package] = []
        packages.reserveCapacity(names.count)
        for name in names {
            let choice = choice(of: name)
            let release = release(name, choice)
            packages.append(
                Solution.Package(
                    id: universe.names[name], release: Int(variables[name].releases[choice - 1]),
                    version: release.version, versionCode: release.code, isRequested: isRequested[name]))
        }
        packages.sort { $0.id < $1.id }
        return packages
    }

    private func isPresent(_ name: Int) -> Bool {
        variables[name].isDecided && !variables[name].domain.hasAbsence
    }

    private func choice(of name: Int) -> Int { variables[name].domain.newest ?? 0 }

    /// The package by which a demand is fulfilled, one that is needed anyway if there is one.
    private func fulfilling(_ clause: Int, _ isNeeded: [Bool]) -> Int? {
        var first: Int?
        for term in clauses.terms(of: clause) where term.choices.hasAbsence {
            let name = Int(term.name)
            guard isPresent(name), variables[name].domain.isDisjoint(with: term.choices) else { continue }
            if isNeeded[name] { return name }
            if first == nil { first = name }
        }
        return first
    }
}
