import Wire

/// A proof in sentences, the way PubGrub tells it: what is given is named once, what follows gets a number if
/// it is needed again.
struct SolverExplanation {
    /// Longer stories are not read. What contradicts each other is then listed without the steps between.
    static let sentenceLimit = 40
    static let proofLimit = 300

    private let phrases: SolverPhrases
    private let proof: SolverProof?
    private var lines: [String] = []
    /// For each node the number of the line that says it, 0 if none was given.
    private var numbers: [Int] = []
    private var lastNumber = 0

    init(_ solver: Solver) {
        phrases = SolverPhrases(solver)
        proof = SolverProof(solver, limit: Self.proofLimit)
        numbers = [Int](repeating: 0, count: proof?.nodes.count ?? 0)
        if let proof, let last = proof.nodes.last {
            if last.isGiven {
                lines = [Self.capitalised(phrases.given(Int(last.clause))) + "."]
            } else {
                tell(proof.nodes.count - 1, proof)
            }
        }
        if proof == nil || lines.count > Self.sentenceLimit { lines = Self.list(solver, phrases) }
    }

    func sentences() -> [String] { lines }

    /// Without the way to it: the given clauses, the request's first.
    private static func list(_ solver: Solver, _ phrases: SolverPhrases) -> [String] {
        var isUsed = [Bool](repeating: false, count: solver.clauses.count)
        for antecedent in solver.refutation { isUsed[Int(antecedent.clause)] = true }
        var lines = ["What you ask for is impossible. These do not go together:"]
        for clause in (0..<solver.clauses.count).reversed() where isUsed[clause] {
            for antecedent in solver.clauses.antecedents(of: clause) ?? [] {
                isUsed[Int(antecedent.clause)] = true
            }
        }
        var more = 0
        for clause in 0..<solver.clauses.count
        where isUsed[clause] && solver.clauses.antecedents(of: clause) == nil {
            if lines.count < sentenceLimit {
                lines.append("- " + phrases.given(clause))
            } else {
                more += 1
            }
        }
        if more > 0 { lines.append("- and " + String(more) + " more") }
        return lines
    }

    private mutating func tell(_ index: Int, _ proof: SolverProof) {
        let node = proof.nodes[index]
        let (left, right) = (proof.nodes[node.left], proof.nodes[node.right])
        let conclusion = phrases.conclusion(node.terms)
        switch (left.isGiven, right.isGiven) {
        case (true, true):
            say("Because " + told(node.left, proof) + " and " + told(node.right, proof) + ", " + conclusion)
        case (false, true): tell(node.left, besides: node.right, conclusion, proof)
        case (true, false): tell(node.right, besides: node.left, conclusion, proof)
        case (false, false): tell(node.left, node.right, conclusion, proof)
        }
        guard proof.uses[index] > 1 else { return }
        lastNumber += 1
        numbers[index] = lastNumber
        lines[lines.count - 1] += " (" + String(lastNumber) + ")"
    }

    /// One of the causes follows from others, the other is given.
    private mutating func tell(
        _ derived: Int, besides given: Int, _ conclusion: String, _ proof: SolverProof
    ) {
        if numbers[derived] > 0 {
            say("Because " + told(given, proof) + " and " + told(derived, proof) + ", " + conclusion)
            return
        }
        // A step that nothing else needs, from one given clause more: both are told at once.
        let node = proof.nodes[derived]
        let inner = [node.left, node.right].filter { !proof.nodes[$0].isGiven }
        let outer = [node.left, node.right].filter { proof.nodes[$0].isGiven }
        if proof.uses[derived] < 2, inner.count == 1, outer.count == 1, numbers[inner[0]] == 0 {
            tell(inner[0], proof)
            say(
                "And because " + told(outer[0], proof) + " and " + told(given, proof) + ", " + conclusion)
            return
        }
        tell(derived, proof)
        say("And because " + told(given, proof) + ", " + conclusion)
    }

    /// Both causes follow from others.
    private mutating func tell(_ left: Int, _ right: Int, _ conclusion: String, _ proof: SolverProof) {
        switch (numbers[left] > 0, numbers[right] > 0) {
        case (true, true):
            say("Because " + told(left, proof) + " and " + told(right, proof) + ", " + conclusion)
        case (true, false):
            tell(right, proof)
            say("And because " + told(left, proof) + ", " + conclusion)
        case (false, true):
            tell(left, proof)
            say("And because " + told(right, proof) + ", " + conclusion)
        case (false, false):
            tell(left, proof)
            if numbers[left] == 0 {
                lastNumber += 1
                numbers[left] = lastNumber
                lines[lines.count - 1] += " (" + String(lastNumber) + ")"
            }
            if numbers[right] > 0 {
                say("And because " + told(right, proof) + ", " + conclusion)
                return
            }
            tell(right, proof)
            say("And because " + told(left, proof) + ", " + conclusion)
        }
    }

    private func told(_ index: Int, _ proof: SolverProof) -> String {
        let node = proof.nodes[index]
        let text = node.isGiven ? phrases.given(Int(node.clause)) : phrases.conclusion(node.terms)
        return numbers[index] > 0 ? text + " (" + String(numbers[index]) + ")" : text
    }

    private mutating func say(_ sentence: String) { lines.append(sentence + ".") }

    private static func capitalised(_ text: String) -> String {
        var bytes = Array(text.utf8)
        if let first = bytes.first, first >= 0x61, first <= 0x7a, text.utf8.starts(with: "you ".utf8) {
            bytes[0] = first - 0x20
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
