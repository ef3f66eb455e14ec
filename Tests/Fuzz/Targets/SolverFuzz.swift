import Packages

/// The solver on a universe that the bytes describe: it ends, and what it finds holds together.
enum SolverFuzz {
    private static let names = 8

    /// Takes small numbers off the input; zeros at its end.
    private struct Source {
        var bytes: ArraySlice<UInt8>

        mutating func next(_ limit: Int) -> Int { Int(bytes.popFirst() ?? 0) % limit }
    }

    static func run(_ bytes: [UInt8]) {
        var source = Source(bytes: bytes.prefix(512))
        var universe = Universe()
        var releases: [PackageRelease] = []
        while !source.bytes.isEmpty, releases.count < 32 {
            let release = release(&source)
            if universe.add(release) == releases.count { releases.append(release) }
        }
        var request = SolverRequest(goals: [], installed: [], architecture: .arm64, apiLevel: 2)
        request.stepLimit = 200_000
        for number in 0..<min(3, releases.count) {
            let release = releases[releases.count - 1 - number]
            let isInstalled = source.next(2) == 0
            if isInstalled, !request.installed.contains(where: { $0.id == release.id }) {
                request.installed.append(
                    .init(
                        id: release.id, versionCode: release.versionCode, isRequested: source.next(2) == 0,
                        isHeld: source.next(4) == 1))
            } else {
                request.goals.append(
                    source.next(4) == 1
                        ? .upgradeAll : .install(release.id, range(&source), allowsDowngrade: false))
            }
        }
        do throws(SolverFailure) {
            let solution = try Solver.solve(request, in: universe)
            check(solution.packages.map { releases[$0.release] })
        } catch {
            demand(!error.description.isEmpty, "a failure without a word")
        }
    }

    private static func id(_ number: Int) -> PackageID { ManifestFuzz.id("a.p\(number)") }

    private static func range(_ source: inout Source) -> VersionRange {
        let texts = ["*", "*", "=1.0.0", ">=2.0.0", "<2.0.0", "^2.0.0", "~3.0.0"]
        return VersionRange(texts[source.next(texts.count)]) ?? .any
    }

    private static func relation(_ source: inout Source, not own: PackageID) -> PackageManifest.Relation? {
        let id = id(source.next(names))
        let range = range(&source)
        return id == own ? nil : .init(id, range)
    }

    private static func release(_ source: inout Source) -> PackageRelease {
        let (name, number) = (id(source.next(names)), source.next(4) + 1)
        var release = PackageRelease(
            id: name, version: PackageVersion(UInt64(number), 0, 0), versionCode: UInt64(number))
        let kinds = source.next(64)
        for _ in 0..<kinds % 4 {
            var alternatives = [relation(&source, not: name)]
            if source.next(3) == 0 { alternatives.append(relation(&source, not: name)) }
            let wishes = alternatives.compactMap { $0 }
            if !wishes.isEmpty { release.dependencies.append(.init(wishes)) }
        }
        if kinds & 4 != 0, let wish = relation(&source, not: name) { release.conflicts = [wish] }
        if kinds & 8 != 0, let wish = relation(&source, not: name) { release.replaces = [wish] }
        if kinds & 48 == 16 { release.provides = [.init(id(source.next(names)), PackageVersion(1, 0, 0))] }
        release.provides.removeAll { $0.id == name }
        if kinds & 48 == 32 { release.minimumAPILevel = 3 }
        return release
    }

    private static func satisfies(_ release: PackageRelease, _ wish: PackageManifest.Relation) -> Bool {
        release.id == wish.id && wish.versions.contains(release.version)
            || release.provides.contains { provision in
                provision.id == wish.id
                    && (provision.version.map { wish.versions.contains($0) } ?? wish.versions.isAny)
            }
    }

    private static func check(_ chosen: [PackageRelease]) {
        for release in chosen {
            for dependency in release.dependencies {
                let isFulfilled = dependency.alternatives.contains { wish in
                    chosen.contains { satisfies($0, wish) }
                }
                demand(isFulfilled, "a dependency is not fulfilled")
            }
            for other in chosen where other.id != release.id {
                demand(!release.conflicts.contains { satisfies(other, $0) }, "a conflict is installed")
            }
        }
    }

    static var seeds: [[UInt8]] {
        [
            [0, 0, 1, 1, 0, 1, 1, 0, 0, 0, 1],
            [0, 0, 2, 1, 3, 0, 2, 2, 1, 1, 1, 4, 3, 0, 2, 1, 8, 3, 0, 3, 0, 0, 1, 1, 0],
            (0..<255).map { UInt8($0) }, (0..<255).map { UInt8(truncatingIfNeeded: $0 * 37 + $0 / 3) },
        ]
    }
}
