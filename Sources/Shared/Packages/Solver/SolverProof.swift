/// A proof that clauses contradict each other, as a graph: given clauses are its leaves, every other node
/// follows from two.
struct SolverProof {
    struct Node {
        /// The given clause, -1 for what follows.
        let clause: Int32
        let left: Int
        let right: Int
        let terms: [SolverTerm]

        var isGiven: Bool { clause >= 0 }
    }

    private(set) var nodes: [Node] = []
    /// How many nodes follow from each.
    private(set) var uses: [Int] = []
    /// The given clauses of the whole proof, each once, sorted.
    private(set) var given: [Int32] = []

    /// The last node is the contradiction. nil: the proof has more steps than `limit`.
    init?(_ solver: Solver, limit: Int) {
        let store = solver.clauses
        // Learned clauses that the proof stands on; they only follow from earlier ones.
        var isUsed = [Bool](repeating: false, count: store.count)
        for antecedent in solver.refutation { isUsed[Int(antecedent.clause)] = true }
        for clause in (0..<store.count).reversed() where isUsed[clause] {
            for antecedent in store.antecedents(of: clause) ?? [] { isUsed[Int(antecedent.clause)] = true }
        }
        for clause in 0..<store.count where isUsed[clause] && store.antecedents(of: clause) == nil {
            given.append(Int32(clause))
        }
        var nodeOfClause = [Int](repeating: -1, count: store.count)
        for clause in 0..<store.count where isUsed[clause] {
            guard let causes = store.antecedents(of: clause) else {
                nodeOfClause[clause] = append(
                    Node(clause: Int32(clause), left: -1, right: -1, terms: Array(store.terms(of: clause))))
                continue
            }
            nodeOfClause[clause] = fold(causes, nodeOfClause, solver)
            if nodes.count > limit { return nil }
        }
        _ = fold(solver.refutation[...], nodeOfClause, solver)
        if nodes.count > limit { return nil }
    }

    private mutating func append(_ node: Node) -> Int {
        nodes.append(node)
        uses.append(0)
        if node.left >= 0 { uses[node.left] += 1 }
        if node.right >= 0 { uses[node.right] += 1 }
        return nodes.count - 1
    }

    /// Resolves one clause after the other, as the search did.
    private mutating func fold(
        _ causes: ArraySlice<Antecedent>, _ nodeOfClause: [Int], _ solver: Solver
    ) -> Int {
        var current = -1
        for cause in causes {
            let next = nodeOfClause[Int(cause.clause)]
            if current < 0 {
                current = next
                continue
            }
            let terms = Self.resolve(nodes[current].terms, nodes[next].terms, on: cause.pivot, solver)
            current = append(Node(clause: -1, left: current, right: next, terms: terms))
        }
        // A contradiction of one given clause is a proof too; it stands at the end like any other.
        if current != nodes.count - 1, current >= 0, nodes[current].terms.isEmpty {
            return append(nodes[current])
        }
        return current
    }

    private static func resolve(
        _ left: [SolverTerm], _ right: [SolverTerm], on pivot: Int32, _ solver: Solver
    ) -> [SolverTerm] {
        var terms = left
        for term in right {
            guard let place = terms.firstIndex(where: { $0.name == term.name }) else {
                terms.append(term)
                continue
            }
            let mine = terms[place].choices
            terms[place].choices =
                term.name == pivot ? mine.union(term.choices) : mine.intersection(term.choices)
        }
        terms.removeAll { solver.variables[Int($0.name)].all.isSubset(of: $0.choices) }
        return terms
    }
}
