import Foundation
import Packages

/// The package solver on a universe of 10,000 packages with 10 releases each, and on one that no search gets
/// through.
struct SolverBenchmark {
    private static let packages = 10_000
    private static let releases = 10

    let runs: Int

    func table() throws -> Table {
        let releases = Self.makeReleases()
        var rows = [
            Measurement("all releases into a universe", .seconds, [], below: 1),
            Measurement("install 1 package", .seconds, [], below: 1),
            Measurement("install 1,000 packages", .seconds, [], below: 1),
            Measurement("upgrade 3,000 installed packages", .seconds, [], below: 1),
            Measurement("a request that is impossible", .seconds, [], below: 1),
            Measurement("a knot, until it is given up", .seconds, [], below: 3),
        ]
        for run in 0...runs {
            var universe = Universe()
            var samples = [Self.seconds { for release in releases { universe.add(release) } }]
            let requests = try Self.requests(universe)
            for (request, expectation) in requests {
                samples.append(try Self.measure(request, universe, expectation))
            }
            samples.append(try Self.measure(Self.knotRequest, Self.knot, .givenUp))
            guard run > 0 else { continue }
            for index in rows.indices { rows[index].samples.append(samples[index]) }
        }
        return Table(
            title: "Package solver: \(Self.packages) packages with \(Self.releases) releases each",
            remark: "Each release needs up to 5 of the 300 packages after it, most within ranges.", rows: rows
        )
    }

    private enum Expectation { case solved, impossible, givenUp }

    private struct Unexpected: Error, CustomStringConvertible {
        let description: String
    }

    private static func seconds(_ work: () -> Void) -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        work()
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
    }

    private static func measure(
        _ request: SolverRequest, _ universe: Universe, _ expectation: Expectation
    ) throws -> Double {
        var outcome = Result<Solution, SolverFailure>.failure(.tooHard(steps: 0))
        let time = seconds {
            outcome = Result { () throws(SolverFailure) in try Solver.solve(request, in: universe) }
        }
        switch (outcome, expectation) {
        case (.success, .solved), (.failure(.impossible), .impossible), (.failure(.tooHard), .givenUp):
            return time
        case (.success, _): throw Unexpected(description: "the solver found what there is not")
        case (.failure(let failure), _): throw Unexpected(description: "the solver says: \(failure)")
        }
    }

    private static func id(_ number: Int) -> PackageID { PackageID("bench.p\(number)")! }

    /// The same in every run. A package needs only those after it, so everything can be installed somehow.
    private static func makeReleases() -> [PackageRelease] {
        var state: UInt64 = 1
        func random(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % limit
        }
        var releases: [PackageRelease] = []
        releases.reserveCapacity(packages * Self.releases)
        for number in 0..<packages {
            for minor in 0..<UInt64(Self.releases) {
                var release = PackageRelease(
                    id: id(number), version: PackageVersion(1, minor, 0), versionCode: minor + 1)
                for _ in 0..<random(6) where number + 1 < packages {
                    let target = id(min(packages - 1, number + 1 + random(300)))
                    let range = VersionRange(
                        lower: .init(PackageVersion(1, UInt64(random(Int(minor) + 1)), 0), isInclusive: true),
                        upper: nil)
                    release.dependencies.append(.init([.init(target, range ?? .any)]))
                }
                if random(50) == 0, number > 0 {
                    release.conflicts = [
                        .init(id(random(number)), .exactly(PackageVersion(1, UInt64(random(10)), 0)))
                    ]
                }
                releases.append(release)
            }
        }
        return releases
    }

    private static func requests(_ universe: Universe) throws -> [(SolverRequest, Expectation)] {
        func request(_ goals: [SolverRequest.Goal]) -> SolverRequest {
            SolverRequest(goals: goals, installed: [], architecture: .arm64, apiLevel: 1)
        }
        let one = request([.install(id(0), .any, allowsDowngrade: false)])
        let many = request(
            (0..<1_000).map { .install(id($0 * 10), .any, allowsDowngrade: false) })
        // What an old solution of a third of everything left behind, all of it to be renewed.
        let old = request(
            (7_000..<packages).map { number in
                .install(id(number), VersionRange("<1.5.0") ?? .any, allowsDowngrade: false)
            })
        var upgrade = request([.upgradeAll])
        upgrade.installed = try Solver.solve(old, in: universe).packages.map {
            .init(id: $0.id, versionCode: $0.versionCode, isRequested: $0.isRequested)
        }
        let impossible = request([
            .install(id(0), .any, allowsDowngrade: false),
            .install(id(packages - 1), .exactly(PackageVersion(2, 0, 0)), allowsDowngrade: false),
        ])
        return [(one, .solved), (many, .solved), (upgrade, .solved), (impossible, .impossible)]
    }

    /// Twenty guests that each need one of nineteen rooms for themselves: no search by clauses is quick here.
    private static let guests: UInt64 = 20

    private static let knot: Universe = {
        var universe = Universe()
        for guest in 1...guests {
            for room in 1..<guests {
                universe.add(
                    PackageRelease(
                        id: PackageID("bench.room\(room)")!, version: PackageVersion(guest, 0, 0),
                        versionCode: guest))
            }
            var release = PackageRelease(
                id: PackageID("bench.guest\(guest)")!, version: PackageVersion(1, 0, 0), versionCode: 1)
            release.dependencies = [
                .init(
                    (1..<guests).map {
                        .init(PackageID("bench.room\($0)")!, .exactly(PackageVersion(guest, 0, 0)))
                    })
            ]
            universe.add(release)
        }
        return universe
    }()

    private static let knotRequest = SolverRequest(
        goals: (1...guests).map { .install(PackageID("bench.guest\($0)")!, .any, allowsDowngrade: false) },
        installed: [], architecture: .arm64, apiLevel: 1)
}
