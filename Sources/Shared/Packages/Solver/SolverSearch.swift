extension Solver {
    // MARK: Conclusions

    func isTrue(_ term: SolverTerm) -> Bool { variables[Int(term.name)].domain.isSubset(of: term.choices) }

    mutating func assign(_ name: Int, _ domain: ChoiceSet, because clause: Int32) {
        trail.append(
            TrailEntry(
                name: Int32(name), clause: clause, level: Int32(levels.count),
                previous: variables[name].lastEntry, before: variables[name].domain, after: domain))
        variables[name].lastEntry = Int32(trail.count - 1)
        variables[name].domain = domain
        queue.append(Int32(name))
    }

    /// Concludes what a clause with one term left says. True: all its terms are true, which must not be.
    mutating func examine(_ clause: Int) -> Bool {
        var open = -1
        for index in clauses.range(clause) {
            steps += 1
            let term = clauses.terms[index]
            let domain = variables[Int(term.name)].domain
            if domain.isSubset(of: term.choices) { continue }
            if open >= 0 || domain.isDisjoint(with: term.choices) { return false }
            open = index
        }
        guard open >= 0 else { return true }
        let term = clauses.terms[open]
        let domain = variables[Int(term.name)].domain.subtracting(term.choices)
        assign(Int(term.name), domain, because: Int32(clause))
        return false
    }

    /// Looks at every clause that a change may have made true; returns the first that is.
    mutating func propagate() -> Int? {
        while let name = queue.popLast() {
            let domain = variables[Int(name)].domain
            let watches = variables[Int(name)].watches
            steps += watches.count / 8
            for watch in watches where domain.isSubset(of: watch.choices) {
                if examine(Int(watch.clause)) {
                    queue.removeAll(keepingCapacity: true)
                    return Int(watch.clause)
                }
            }
        }
        return nil
    }

    /// Adds a clause without looking at it.
    @discardableResult
    mutating func add(_ terms: [SolverTerm], _ origin: ClauseOrigin) -> Int {
        let clause = clauses.add(terms, origin)
        watch(clause)
        return clause
    }

    private mutating func watch(_ clause: Int) {
        for index in clauses.range(clause) {
            let term = clauses.terms[index]
            variables[Int(term.name)].watches.append(
                SolverVariable.Watch(clause: Int32(clause), choices: term.choices))
        }
    }

    // MARK: Learning

    /// Learns from a clause whose terms are all true and goes back to where it is of use. False: the clauses
    /// contradict each other, and `refutation` holds the proof.
    mutating func learn(from conflict: Int) -> Bool {
        queue.removeAll(keepingCapacity: true)
        var work = Array(clauses.terms(of: conflict))
        var causes = [Antecedent(clause: Int32(conflict), pivot: -1)]
        while true {
            steps += work.count
            let (index, entry, levelOfOthers) = latest(work)
            guard let entry else {
                refutation = causes
                resolveFacts(&work)
                return false
            }
            let step = trail[entry]
            if step.clause < 0 || levelOfOthers < step.level {
                // At level 0 nothing was decided, so nothing can be taken back: on to the proof.
                if step.level > 0 {
                    backtrack(to: Int(levelOfOthers))
                    let clause = clauses.addLearned(work, causes)
                    watch(clause)
                    return !examine(clause) || learn(from: clause)
                }
            }
            causes.append(Antecedent(clause: step.clause, pivot: step.name))
            resolve(&work, index, with: Int(step.clause))
        }
    }

    /// The term that came true last, the trail's entry that made it true (nil: all are true before the first
    /// one), and the level at which the last of the other terms came true.
    private func latest(_ work: [SolverTerm]) -> (index: Int, entry: Int?, levelOfOthers: Int32) {
        var best = -1
        var bestIndex = -1
        var second: Int32 = 0
        for (index, term) in work.enumerated() {
            let entry = entryThatMadeTrue(term)
            if entry > best {
                if best >= 0 { second = max(second, trail[best].level) }
                (best, bestIndex) = (entry, index)
            } else if entry >= 0 {
                second = max(second, trail[entry].level)
            }
        }
        return (bestIndex, best < 0 ? nil : best, second)
    }

    /// -1: it is true from the beginning.
    private func entryThatMadeTrue(_ term: SolverTerm) -> Int {
        var entry = variables[Int(term.name)].lastEntry
        while entry >= 0, trail[Int(entry)].before.isSubset(of: term.choices) {
            entry = trail[Int(entry)].previous
        }
        return Int(entry)
    }

    /// `work` and the clause say: not all of mine. Where the rest of both is true, the package can be neither
    /// among the one's choices nor the other's.
    private func resolve(_ work: inout [SolverTerm], _ index: Int, with clause: Int) {
        let pivot = work[index]
        for term in clauses.terms(of: clause) {
            if term.name == pivot.name {
                let union = pivot.choices.union(term.choices)
                work[index].choices = union
                continue
            }
            var isJoined = false
            for place in work.indices where work[place].name == term.name {
                work[place].choices = work[place].choices.intersection(term.choices)
                isJoined = true
            }
            if !isJoined { work.append(term) }
        }
        // True of any choice: says nothing.
        if variables[Int(pivot.name)].all.isSubset(of: work[index].choices) { work.remove(at: index) }
    }

    /// The end of a proof: what is left is true by what packages themselves say of the handset they need.
    private mutating func resolveFacts(_ work: inout [SolverTerm]) {
        while let term = work.last {
            var left = variables[Int(term.name)].all
            for fact in variables[Int(term.name)].facts {
                for said in clauses.terms(of: Int(fact)) { left = left.subtracting(said.choices) }
                if left.isSubset(of: term.choices) {
                    refutation.append(Antecedent(clause: fact, pivot: term.name))
                    resolve(&work, work.count - 1, with: Int(fact))
                    break
                }
            }
        }
    }

    private mutating func backtrack(to level: Int) {
        let mark = levels[level]
        for entry in trail[mark.trail...].reversed() {
            variables[Int(entry.name)].domain = entry.before
            variables[Int(entry.name)].lastEntry = entry.previous
            if entry.clause < 0 { variables[Int(entry.name)].isDecided = false }
        }
        trail.removeSubrange(mark.trail...)
        demands.removeSubrange(mark.demands...)
        nextFirstDemand = mark.nextFirstDemand
        nextInstalled = mark.nextInstalled
        nextDemand = mark.nextDemand
        levels.removeSubrange(level...)
        queue.removeAll(keepingCapacity: true)
    }
}
