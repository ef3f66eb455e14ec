/// One package and some of the choices for it.
struct SolverTerm: Sendable, Equatable {
    let name: Int32
    var choices: ChoiceSet
}

/// Where a clause comes from; the numbers are of goals, installed packages, floors and wishes.
enum ClauseOrigin: Sendable {
    case goal(Int)
    case removal(Int)
    case kept(Int)
    case held(Int)
    case pinned(Int)
    case notOlder(Int)
    case floor(Int)
    case architecture
    case apiLevel
    case dependency(Int32)
    case conflict(Int32)
    case replacement(Int32)
    /// Follows from others: where its antecedents begin, and how many they are.
    case learned(start: Int, count: Int)
}

/// Another clause that was resolved with what there was so far, on this package.
struct Antecedent: Sendable {
    let clause: Int32
    let pivot: Int32
}

/// Clauses are sets of terms that must not all be true. They lie one behind the other in one array.
struct ClauseStore: Sendable {
    private(set) var terms: [SolverTerm] = []
    private(set) var origins: [ClauseOrigin] = []
    private(set) var antecedents: [Antecedent] = []
    private var starts: [Int32] = [0]

    var count: Int { origins.count }

    func range(_ clause: Int) -> Range<Int> { Int(starts[clause])..<Int(starts[clause + 1]) }

    func terms(of clause: Int) -> ArraySlice<SolverTerm> { terms[range(clause)] }

    /// Terms of one package are joined by intersection: all of them must be true.
    mutating func add(_ new: some Sequence<SolverTerm>, _ origin: ClauseOrigin) -> Int {
        let start = terms.count
        for term in new {
            var isJoined = false
            for index in start..<terms.count where terms[index].name == term.name {
                terms[index].choices = terms[index].choices.intersection(term.choices)
                isJoined = true
            }
            if !isJoined { terms.append(term) }
        }
        starts.append(Int32(terms.count))
        origins.append(origin)
        return origins.count - 1
    }

    mutating func addLearned(_ terms: [SolverTerm], _ causes: [Antecedent]) -> Int {
        let start = antecedents.count
        antecedents += causes
        return add(terms, .learned(start: start, count: causes.count))
    }

    /// The clauses that a learned one follows from; nil for one that was given.
    func antecedents(of clause: Int) -> ArraySlice<Antecedent>? {
        guard case .learned(let start, let count) = origins[clause] else { return nil }
        return antecedents[start..<start + count]
    }
}
