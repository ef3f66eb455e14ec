extension Solver {
    /// Turns the request into clauses and draws the first conclusions. False: it contradicts itself.
    mutating func addRequest() throws(SolverFailure) -> Bool {
        try noteInstalled()
        for (index, goal) in request.goals.enumerated() { try add(goal, index) }
        for index in request.installed.indices { addInstalled(index) }
        for (index, floor) in request.floors.enumerated() {
            guard let name = universe.number(of: floor.id).map({ Int($0) }) else { continue }
            let below = choices(name) { $0.code < floor.versionCode }
            if !below.isEmpty { add([SolverTerm(name: Int32(name), choices: below)], .floor(index)) }
        }
        for clause in 0..<clauses.count where examine(clause) { return learn(from: clause) }
        return true
    }

    private mutating func noteInstalled() throws(SolverFailure) {
        for installed in request.installed {
            guard let name = universe.number(of: installed.id).map({ Int($0) }),
                let release = universe.release(of: installed.id, code: installed.versionCode)
            else { throw .installedIsUnknown(installed.id, code: installed.versionCode) }
            variables[name].installedRelease = Int32(release)
        }
        // What was asked for is more worth keeping than what came along.
        for wantsRequested in [true, false] {
            for installed in request.installed where installed.isRequested == wantsRequested {
                guard let name = universe.number(of: installed.id) else { continue }
                prepare(Int(name))
                installedNames.append(name)
            }
        }
    }

    private mutating func add(_ goal: SolverRequest.Goal, _ index: Int) throws(SolverFailure) {
        switch goal {
        case .install(let id, let range, _):
            var wanted: [SolverTerm] = []
            if let name = universe.number(of: id).map({ Int($0) }) {
                variables[name].wantsNewest = true
                wanted = candidates(name, range)
                // Who names a package means that package.
                if !universe.releasesOfName[name].isEmpty { wanted.removeAll { Int($0.name) != name } }
            }
            firstDemands.append(Int32(add(negated(wanted), .goal(index))))
        case .remove(let id):
            let name = try installedName(id)
            let present = variables[name].all.subtracting(.absent)
            add([SolverTerm(name: Int32(name), choices: present)], .removal(index))
        case .upgrade(let id): variables[try installedName(id)].wantsNewest = true
        case .upgradeAll: upgradesAll = true
        }
    }

    private func installedName(_ id: PackageID) throws(SolverFailure) -> Int {
        for installed in request.installed where installed.id == id {
            if let name = universe.number(of: id) { return Int(name) }
        }
        throw .notInstalled(id)
    }

    private mutating func addInstalled(_ index: Int) {
        let installed = request.installed[index]
        guard let number = universe.number(of: installed.id) else { return }
        let name = Int(number)
        let variable = variables[name]
        if installed.isHeld {
            let others = variable.all.subtracting(ChoiceSet(variable.installed))
            firstDemands.append(
                Int32(add([SolverTerm(name: number, choices: others)], .held(index))))
        }
        if let pin = installed.pin {
            // What is there stays even if it was pinned elsewhere afterwards.
            let outside = choices(name) { !pin.contains($0.version) }
                .subtracting(ChoiceSet(variable.installed))
            if !outside.isEmpty { add([SolverTerm(name: number, choices: outside)], .pinned(index)) }
        }
        if !allowsDowngrade(installed.id) {
            let older = choices(name) { $0.code < installed.versionCode }
            if !older.isEmpty { add([SolverTerm(name: number, choices: older)], .notOlder(index)) }
        }
        if installed.isRequested, !isRemoved(installed.id) {
            let terms = negated([SolverTerm(name: number, choices: variable.all.subtracting(.absent))])
            let candidates = replacers(of: name, variable.installedRelease)
            let replacers = negated(candidates)
            // An upgrade prefers what took the package's place.
            let all = wantsNewest(name) ? replacers + terms : terms + replacers
            firstDemands.append(Int32(add(all, .kept(index))))
        }
    }

    /// Packages that take the place of an installed release.
    private mutating func replacers(of name: Int, _ installed: Int32) -> [SolverTerm] {
        let version = universe.releases[Int(installed)].version
        var terms: [SolverTerm] = []
        for replacer in universe.replacersOfName[name] {
            let owner = Int(universe.releases[Int(replacer.release)].name)
            guard !terms.contains(where: { Int($0.name) == owner }) else { continue }
            let universe = universe
            let taking = choices(owner) { release in
                release.replaces.contains { wish in
                    universe.wishes[Int(wish)].contains {
                        Int($0.name) == name && universe.ranges[Int($0.range)].contains(version)
                    }
                }
            }
            if !taking.isEmpty { terms.append(SolverTerm(name: Int32(owner), choices: taking)) }
        }
        let names = universe.names
        terms.sort { names[Int($0.name)] < names[Int($1.name)] }
        return terms
    }

    private func allowsDowngrade(_ id: PackageID) -> Bool {
        for goal in request.goals {
            if case .install(let wanted, _, allowsDowngrade: true) = goal, wanted == id { return true }
        }
        return false
    }

    func isRemoved(_ id: PackageID) -> Bool {
        for goal in request.goals {
            if case .remove(let unwanted) = goal, unwanted == id { return true }
        }
        return false
    }
}
