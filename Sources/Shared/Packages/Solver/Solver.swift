/// Finds a set of packages that fulfils a request, or the reason why there is none.
///
/// Every package is a variable: not installed, or one of its releases. A rule is a clause, a set of terms
/// `package ∈ choices` that must not all be true:
///
///     a 1.0.0 needs b >=2.0.0 or c      a ∈ {1.0.0}   b ∈ {absent, 1.0.0}   c ∈ {absent}
///     a 1.0.0 conflicts with d          a ∈ {1.0.0}   d ∈ {1.0.0, 2.0.0}
///     you ask for a                     a ∈ {absent}
///
/// The search is PubGrub's (Weizenbaum, 2018), which is conflict-driven clause learning: choose a release,
/// draw the conclusions, and when a clause comes true as a whole, learn the clause that forbids what led
/// there and go back as far as it allows. Learned clauses follow from given ones, so a search that fails has
/// proved that there is no solution, and the proof is the explanation. Rules of a release become clauses when
/// it is first chosen: what nobody considers costs nothing.
///
/// Preferences are the order of choices and never make a solution impossible: what the request names comes
/// first and as new as possible, then everything installed as it is, then what is missing, of alternatives
/// an installed one and otherwise the first. A pre-release is taken only where no release will do.
public struct Solver {
    let universe: Universe
    let request: SolverRequest
    var variables: [SolverVariable]
    var clauses = ClauseStore()
    var trail: [TrailEntry] = []
    var levels: [LevelMark] = []
    /// Variables whose clauses must be looked at.
    var queue: [Int32] = []
    /// Clauses of which one negative term must come true by a choice: those of the request, and those of
    /// what was chosen since.
    var firstDemands: [Int32] = []
    var demands: [Int32] = []
    var nextFirstDemand = 0
    var nextInstalled = 0
    var nextDemand = 0
    var installedNames: [Int32] = []
    var upgradesAll = false
    var steps = 0
    /// The proof of a failure: from the clause that came true, resolved step by step.
    var refutation: [Antecedent] = []

    /// - Throws: `SolverFailure.impossible` with an explanation if nothing fulfils the request.
    public static func solve(
        _ request: SolverRequest, in universe: Universe
    ) throws(SolverFailure) -> Solution {
        var solver = Solver(request, universe)
        guard try solver.run() else {
            throw .impossible(SolverExplanation(solver).sentences())
        }
        return solver.solution()
    }

    private init(_ request: SolverRequest, _ universe: Universe) {
        self.universe = universe
        self.request = request
        variables = Array(repeating: SolverVariable(), count: universe.names.count)
    }

    /// False: there is no solution, and `refutation` proves it.
    private mutating func run() throws(SolverFailure) -> Bool {
        guard try addRequest() else { return false }
        while true {
            guard steps <= request.stepLimit, clauses.terms.count <= request.termLimit else {
                throw .tooHard(steps: steps)
            }
            if let conflict = propagate() {
                guard learn(from: conflict) else { return false }
            } else if let (name, choices) = nextChoice() {
                guard choose(Int(name), among: choices) else { return false }
            } else {
                return true
            }
        }
    }

    /// Decides a package, or draws what follows before it can be decided. False: no solution.
    private mutating func choose(_ name: Int, among choices: ChoiceSet) -> Bool {
        let choice = preferred(name, among: choices)
        let known = clauses.count
        addRules(of: name, choice)
        for clause in known..<clauses.count where examine(clause) { return learn(from: clause) }
        // Clauses that were there before: what they conclude may have been taken back since.
        if queue.isEmpty {
            for watch in variables[name].watches where watch.choices.contains(choice) {
                steps += 1
                if examine(Int(watch.clause)) { return learn(from: Int(watch.clause)) }
            }
        }
        if queue.isEmpty { decide(name, choice) }
        return true
    }

    private mutating func decide(_ name: Int, _ choice: Int) {
        levels.append(
            LevelMark(
                trail: trail.count, demands: demands.count, nextFirstDemand: nextFirstDemand,
                nextInstalled: nextInstalled, nextDemand: nextDemand))
        assign(name, ChoiceSet(choice), because: -1)
        variables[name].isDecided = true
        for wish in release(name, choice).dependencies {
            if let clause = variables[name].clause(of: wish) { demands.append(clause) }
        }
    }

    func release(_ name: Int, _ choice: Int) -> Universe.Release {
        universe.releases[Int(variables[name].releases[choice - 1])]
    }

    private func preferred(_ name: Int, among choices: ChoiceSet) -> Int {
        let variable = variables[name]
        if !wantsNewest(name), variable.installed > 0, choices.contains(variable.installed) {
            return variable.installed
        }
        // Whoever asks never offers absence alone.
        return choices.intersection(variable.stable).newest ?? choices.newest ?? 0
    }

    func wantsNewest(_ name: Int) -> Bool {
        variables[name].wantsNewest || upgradesAll && variables[name].installed > 0
    }

    // MARK: What to choose next

    /// A package and the choices for it that would do; nil: nothing is missing.
    private mutating func nextChoice() -> (Int32, ChoiceSet)? {
        while nextFirstDemand < firstDemands.count {
            if let choice = open(Int(firstDemands[nextFirstDemand])) { return choice }
            nextFirstDemand += 1
        }
        while nextInstalled < installedNames.count {
            let name = installedNames[nextInstalled]
            let variable = variables[Int(name)]
            if !variable.isDecided {
                let kept =
                    wantsNewest(Int(name))
                    ? variable.domain.subtracting(.absent)
                    : variable.domain.intersection(ChoiceSet(variable.installed))
                if !kept.isEmpty { return (name, kept) }
            }
            nextInstalled += 1
        }
        while nextDemand < demands.count {
            if let choice = open(Int(demands[nextDemand])) { return choice }
            nextDemand += 1
        }
        return nil
    }

    /// The best way to fulfil a demand; nil: it is fulfilled by what is decided.
    private func open(_ clause: Int) -> (Int32, ChoiceSet)? {
        // A package that was asked for may be replaced: there the order of the terms says what is better.
        var prefersInstalled = true
        if case .kept = clauses.origins[clause] { prefersInstalled = false }
        var best: (Int32, ChoiceSet)?
        var bestRank = Int.max
        for term in clauses.terms(of: clause) where term.choices.hasAbsence {
            let variable = variables[Int(term.name)]
            let possible = variable.domain.subtracting(term.choices)
            if possible.isEmpty { continue }
            if variable.isDecided { return nil }
            let isCertain = variable.domain.isDisjoint(with: term.choices)
            let isThere =
                prefersInstalled && variable.installed > 0 && possible.contains(variable.installed)
            let rank = isCertain ? 0 : isThere ? 1 : 2
            if rank < bestRank { (best, bestRank) = ((term.name, possible), rank) }
        }
        return best
    }
}

/// What is known about one package.
struct SolverVariable {
    var isPrepared = false
    var isDecided = false
    var wantsNewest = false
    /// Oldest first; choice n is the n-th.
    var releases: [Int32] = []
    /// Its number in the universe, -1 if none is.
    var installedRelease: Int32 = -1
    /// The choice that is installed, 0 if none is.
    var installed = 0
    /// Choices that are no pre-release.
    var stable = ChoiceSet.none
    var all = ChoiceSet.absent
    /// Without what can run on no handset like this one; `facts` are the clauses that say so.
    var base = ChoiceSet.absent
    var facts: [Int32] = []
    /// What is left on the present path.
    var domain = ChoiceSet.absent
    /// The last entry of the trail about it, -1 if there is none.
    var lastEntry: Int32 = -1
    var watches: [Watch] = []
    var rules: [Rule] = []

    struct Watch {
        let clause: Int32
        let choices: ChoiceSet
    }

    struct Rule {
        let wish: Int32
        let kind: Kind
        /// -1: always fulfilled.
        let clause: Int32

        enum Kind { case dependency, conflict, replacement }
    }

    func has(_ wish: Int32, _ kind: Rule.Kind) -> Bool {
        for rule in rules where rule.wish == wish && rule.kind == kind { return true }
        return false
    }

    /// The clause of a dependency that was added.
    func clause(of wish: Int32) -> Int32? {
        for rule in rules where rule.wish == wish && rule.kind == .dependency && rule.clause >= 0 {
            return rule.clause
        }
        return nil
    }
}

/// A step of the search: what was known about a package before and after it.
struct TrailEntry {
    let name: Int32
    /// The clause it follows from, -1 for a decision.
    let clause: Int32
    let level: Int32
    /// The entry before about the same package, -1 if there is none.
    let previous: Int32
    let before: ChoiceSet
    let after: ChoiceSet
}

/// What to return to when a decision is taken back.
struct LevelMark {
    let trail: Int
    let demands: Int
    let nextFirstDemand: Int
    let nextInstalled: Int
    let nextDemand: Int
}
