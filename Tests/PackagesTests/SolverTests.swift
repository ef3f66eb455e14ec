import Foundation
import Packages
import Testing

/// The golden files: what a person asks for, and what must come of it, explanations word by word.
@Suite struct SolverTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Solver")

    static let cases: [SolverCase] = {
        let files = try! FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
        return files.filter { $0.hasSuffix(".txt") }.flatMap { file in
            let text = try! String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            let lines = text.components(separatedBy: "\n")
            let starts = lines.indices.filter { lines[$0].hasPrefix("=== ") } + [lines.count]
            return zip(starts, starts.dropFirst()).map { try! SolverCase(Array(lines[$0..<$1])) }
        }
    }()

    @Test(arguments: cases)
    func isAsWritten(golden: SolverCase) {
        #expect(golden.outcome() == golden.expected)
    }

    /// The order in which releases become known means nothing, to explanations neither.
    @Test(arguments: cases)
    func isTheSameFromTheOtherEnd(golden: SolverCase) {
        #expect(golden.outcome(isReversed: true) == golden.expected)
    }

    @Test func thereAreEnough() {
        #expect(Self.cases.count >= 80)
        #expect(Set(Self.cases.map(\.title)).count == Self.cases.count, "each title once")
    }
}
