import Foundation
import Packages
import Testing

/// Small random universes, where every possible set can be tried: the solver finds a set exactly when there
/// is one, and what it finds is right. AMOS_SOLVER_SEEDS sets how many.
@Suite struct SolverPropertyTests {
    static let seeds = ProcessInfo.processInfo.environment["AMOS_SOLVER_SEEDS"].flatMap { Int($0) } ?? 2_000
    private static let chunk = 250

    @Test(arguments: 0..<(seeds + chunk - 1) / chunk)
    func agreesWithTryingEverything(number: Int) {
        for seed in number * Self.chunk..<min(Self.seeds, (number + 1) * Self.chunk) {
            let world = SmallWorld(seed: UInt64(seed))
            let problem = check(world)
            #expect(problem == nil, "seed \(seed): \(problem ?? "")\n\(world)")
        }
    }

    private func check(_ world: SmallWorld) -> String? {
        let solvable = world.hasSolution
        do throws(SolverFailure) {
            let solution = try Solver.solve(world.request, in: world.universe)
            let chosen = solution.packages.map { world.release($0.id, $0.versionCode) }
            if let wrong = world.violation(of: chosen) { return "a wrong solution: \(wrong)" }
            if !solvable { return "a solution where there is none" }
            return superfluous(chosen, solution, world)
        } catch {
            guard case .impossible(let sentences) = error else { return "\(error)" }
            if sentences.isEmpty { return "no explanation" }
            if world.withoutGoals().hasSolution, !sentences.contains(where: { $0.contains("ou ask ") }) {
                return "an explanation that does not name what was asked for: \(error)"
            }
            return solvable ? "no solution where there is one: \(error)" : nil
        }
    }

    /// Nothing new is there that could simply be left out; and who asks for nothing changes nothing.
    private func superfluous(
        _ chosen: [PackageRelease], _ solution: Solution, _ world: SmallWorld
    ) -> String? {
        let installed = world.request.installed
        if world.request.goals.isEmpty {
            let before = installed.map { world.release($0.id, $0.versionCode) }
            if world.violation(of: before) == nil, solution.packages.count != before.count {
                return "changes where nothing was asked for"
            }
        }
        let isNeeded = world.reachable(from: solution)
        for release in chosen where !installed.contains(where: { $0.id == release.id }) {
            if !isNeeded.contains(release.id) { return "\(release.id) is needed by nothing" }
        }
        return nil
    }
}
