/// What a repair found, and did or would do.
public struct StoreRepair: Sendable {
    public enum Outcome: Sendable, Equatable {
        /// Its bytes were right and only no longer sealed.
        case sealedAgain
        /// It is out of the set, its data kept.
        case removed
        /// Only another copy of it helps.
        case needsPackage
    }

    public struct Package: Sendable {
        public let id: PackageID
        public let problem: String
        public let outcome: Outcome
    }

    public var packages: [Package] = []
    /// Sets that cannot be read any more, and went.
    public var lostSets: [UInt64] = []
    public var before: Generation
    public var after: Generation
}

extension PackageEngine {
    /// Makes the best of what is on the disk: goes back to the newest set that can be read, forgets those
    /// that cannot, seals again what has only lost its seal. What is really lost comes back with its package.
    /// - Parameter removesBroken: takes out of the set what stays broken, and what needs it.
    public func repair(removesBroken: Bool, isDry: Bool) throws(PackageError) -> StoreRepair {
        let (readable, lost) = try readableSets()
        var repair = StoreRepair(before: current, after: current)
        repair.lostSets = lost
        if damage != nil { repair.after = try fallback(readable) }
        for package in repair.after.packages {
            guard let problem = problem(with: package) else { continue }
            let outcome = sealAgain(package, isDry: isDry)
            repair.packages.append(.init(id: package.id, problem: problem, outcome: outcome))
        }
        if removesBroken { try removeBroken(&repair) }
        if !isDry { try carryOut(repair) }
        return repair
    }

    private func readableSets() throws(PackageError) -> (readable: [Generation], lost: [UInt64]) {
        var readable: [Generation] = []
        var lost: [UInt64] = []
        for number in try generationNumbers() {
            do throws(PackageError) {
                readable.append(try generation(number))
            } catch {
                // A disk that does not answer now may answer later.
                if case .store(_, .failed) = error { throw error }
                lost.append(number)
            }
        }
        return (readable, lost)
    }

    /// The newest set that can be read, under a number above all others.
    private func fallback(_ readable: [Generation]) throws(PackageError) -> Generation {
        try (readable.last ?? .empty).successor(newestNumber: newestNumber)
    }

    private func problem(with package: Generation.Package) -> String? {
        do throws(PackageError) {
            try verify(package)
            return nil
        } catch {
            return error.description
        }
    }

    private func sealAgain(_ package: Generation.Package, isDry: Bool) -> StoreRepair.Outcome {
        guard !isDry else { return .needsPackage }
        do throws(StoreProblem) { try store.seal(.payload(package.payload)) } catch { return .needsPackage }
        return problem(with: package) == nil ? .sealedAgain : .needsPackage
    }

    private func removeBroken(_ repair: inout StoreRepair) throws(PackageError) {
        var gone: [PackageID] = []
        var rest: [StoreRepair.Package] = []
        for package in repair.packages {
            let isGone = package.outcome == .needsPackage
            if isGone { gone.append(package.id) }
            rest.append(
                .init(
                    id: package.id, problem: package.problem, outcome: isGone ? .removed : package.outcome))
        }
        guard !gone.isEmpty else { return }
        var releases: [PackageRelease] = []
        for package in repair.after.packages where !gone.contains(package.id) {
            releases.append(PackageRelease(try head(of: package).manifest))
        }
        for id in InstalledNeeds.unfulfilled(among: releases) {
            gone.append(id)
            rest.append(.init(id: id, problem: "it needs what is broken", outcome: .removed))
        }
        repair.packages = rest
        repair.after = try repair.after.successor(newestNumber: newestNumber, removing: gone)
    }

    /// First the new set, then the damaged ones: at every moment there is one to go on with.
    private func carryOut(_ repair: StoreRepair) throws(PackageError) {
        if repair.after.number != current.number || damage != nil {
            adopt(repair.before)
            try commit(repair.after)
        }
        guard !repair.lostSets.isEmpty else { return }
        try attempt("remove damaged sets") { () throws(StoreProblem) in
            for number in repair.lostSets { try store.remove(.generation(number)) }
            try store.synchronize(.generations)
        }
        try collectGarbage()
    }
}

extension InstalledNeeds {
    /// Of a set, what cannot stay because something it depends on is not in it, or cannot stay either.
    public static func unfulfilled(among releases: [PackageRelease]) -> [PackageID] {
        var universe = Universe()
        var present: [Int] = []
        for release in releases { present.append(universe.add(release)) }
        var gone: [PackageID] = []
        var isStable = false
        while !isStable {
            isStable = true
            for release in present where !universe.isFulfilled(release, by: present) {
                gone.append(universe.names[Int(universe.releases[release].name)])
                present.removeAll { $0 == release }
                isStable = false
                break
            }
        }
        gone.sort()
        return gone
    }
}

extension Universe {
    fileprivate func isFulfilled(_ release: Int, by present: [Int]) -> Bool {
        for wish in releases[release].dependencies {
            var isThere = false
            for alternative in wishes[Int(wish)] where !isThere {
                for other in present where fulfils(other, alternative) { isThere = true }
            }
            if !isThere { return false }
        }
        return true
    }
}
