import Testing
import Wire

@testable import Services

/// Every way in which up to four services can stand to each other: booted, each service crashed once, and
/// shut down, under all checks of the simulated world.
///
/// A graph gives each pair one relation of the six, or none; the later service names the earlier one, because
/// any graph without cycles can be numbered so. Graphs that differ only in the numbering are played once. In
/// an ordinary run one service of each graph with four crashes, in a long run each of them once.
@Suite struct ExhaustiveTests {
    enum Relation: Int, CaseIterable { case none, requires, milestones, wants, after, conflicts }

    /// The pairs of `count` services, the later one first.
    private func pairs(_ count: Int) -> [(Int, Int)] {
        (0..<count).flatMap { later in (0..<later).map { (later, $0) } }
    }

    @Test(arguments: 1...4) func everyGraph(_ count: Int) throws {
        let pairs = pairs(count)
        let numberings = Self.permutations(count)
        var (total, played) = (0, 0)
        var digits = [Int](repeating: 0, count: pairs.count)
        repeat {
            total += 1
            guard isFirst(of: numberings, digits, count) else { continue }
            played += 1
            let isLong = SimulationTests.runs > 2_000 || count < 4
            for crashing in 0..<count where isLong || played % count == crashing {
                try play(digits, pairs, count, crashing)
            }
        } while Self.increment(&digits)
        print("\(count) services: \(total) graphs, \(played) that differ by more than their numbers")
        #expect(played == [1, 6, 156, 25_675][count - 1])
    }

    private func play(_ digits: [Int], _ pairs: [(Int, Int)], _ count: Int, _ crashing: Int) throws {
        var world = try World(Self.plan(digits, pairs, count), random: Seeded(state: UInt64(crashing)))
        world.faultsEnabled = false
        do {
            try world.feed(.boot)
            try world.run(until: 400)
            let process = world.supervisor.process(of: crashing)
            if process != 0 {
                world.schedule(0, .exit(process, .killed(signal: 11)))
                try world.run(until: 800)
            }
            try world.checkNobodyIsForgotten()
            try world.feed(.shutDown(.powerOff))
            try world.run(until: 2_000)
            try world.checkEverythingEnded()
        } catch {
            throw World.Violation(description: "relations \(digits), \(crashing) crashes: \(error)")
        }
    }

    private static func plan(_ digits: [Int], _ pairs: [(Int, Int)], _ count: Int) -> BootPlan {
        var services = (0..<count).map { ServiceDefinition(name: "s\($0)") }
        for index in services.indices {
            services[index].readiness = .notify
            services[index].restartDelayMilliseconds = 10
        }
        for (digit, (later, earlier)) in zip(digits, pairs) {
            let name = services[earlier].name
            switch Relation(rawValue: digit)! {
            case .none: break
            case .requires: services[later].requires.append(name)
            case .milestones: services[later].milestones.append(name)
            case .wants: services[later].wants.append(name)
            case .after: services[later].after.append(name)
            case .conflicts: services[later].conflicts.append(name)
            }
        }
        return BootPlan(
            hostname: "x", services: services, lateModules: [],
            health: .init(services: [], stableForMilliseconds: 0, deadlineMilliseconds: 0))
    }

    /// The next number in base six; false: there is none.
    private static func increment(_ digits: inout [Int]) -> Bool {
        for position in digits.indices {
            digits[position] += 1
            if digits[position] < Relation.allCases.count { return true }
            digits[position] = 0
        }
        return false
    }

    private static func permutations(_ count: Int) -> [[Int]] {
        guard count > 0 else { return [[]] }
        return permutations(count - 1).flatMap { shorter in
            (0...shorter.count).map { position in
                var longer = shorter
                longer.insert(count - 1, at: position)
                return longer
            }
        }
    }

    /// Whether no other numbering of this graph has smaller digits.
    private func isFirst(of numberings: [[Int]], _ digits: [Int], _ count: Int) -> Bool {
        var other = digits
        for numbering in numberings where renumber(digits, numbering, count, &other) {
            if other.lexicographicallyPrecedes(digits) { return false }
        }
        return true
    }

    /// False if a relation with a direction would point the wrong way.
    private func renumber(_ digits: [Int], _ numbering: [Int], _ count: Int, _ other: inout [Int]) -> Bool {
        var position = 0
        for later in 0..<count {
            for earlier in 0..<later {
                defer { position += 1 }
                let (a, b) = (numbering[later], numbering[earlier])
                let hasDirection = digits[position] != 0 && digits[position] != Relation.conflicts.rawValue
                if hasDirection, a < b { return false }
                let (high, low) = (max(a, b), min(a, b))
                other[high * (high - 1) / 2 + low] = digits[position]
            }
        }
        return true
    }
}
