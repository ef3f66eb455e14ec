/// Which installed package needs which: for `autoremove` and `why`. A package counts as needed if it
/// fulfils any alternative of what another one asks for.
public struct InstalledNeeds: Sendable {
    private let installed: [SolverRequest.Installed]
    /// For each installed package those that it needs, by their places in `installed`.
    private let needs: [[Int]]

    /// - Parameter installed: sorted by id; each must be in the universe.
    public init(
        _ installed: [SolverRequest.Installed], in universe: Universe
    ) throws(SolverFailure) {
        self.installed = installed
        var releases: [Int] = []
        for package in installed {
            guard let release = universe.release(of: package.id, code: package.versionCode) else {
                throw .installedIsUnknown(package.id, code: package.versionCode)
            }
            releases.append(release)
        }
        var placesOfName = [[Int]](repeating: [], count: universe.names.count)
        for (place, release) in releases.enumerated() {
            placesOfName[Int(universe.releases[release].name)].append(place)
        }
        for name in universe.names.indices {
            for provider in universe.providersOfName[name] {
                let owner = Int(universe.releases[Int(provider.release)].name)
                guard owner != name else { continue }
                for place in placesOfName[owner]
                where releases[place] == Int(provider.release) && installed[place].id != universe.names[name]
                {
                    placesOfName[name].append(place)
                }
            }
        }
        var needs: [[Int]] = []
        for release in releases {
            var needed: [Int] = []
            for wish in universe.releases[release].dependencies {
                for alternative in universe.wishes[Int(wish)] {
                    for place in placesOfName[Int(alternative.name)]
                    where universe.fulfils(releases[place], alternative) && !needed.contains(place) {
                        needed.append(place)
                    }
                }
            }
            needs.append(needed)
        }
        self.needs = needs
    }

    /// What came as a dependency, is not held, and nothing that was asked for leads to any more.
    public func unneeded() -> [PackageID] {
        var isReached = [Bool](repeating: false, count: installed.count)
        var open: [Int] = []
        for (place, package) in installed.enumerated() where package.isRequested || package.isHeld {
            isReached[place] = true
            open.append(place)
        }
        while let place = open.popLast() {
            for other in needs[place] where !isReached[other] {
                isReached[other] = true
                open.append(other)
            }
        }
        var unneeded: [PackageID] = []
        for (place, package) in installed.enumerated() where !isReached[place] { unneeded.append(package.id) }
        return unneeded
    }

    /// Who needs it directly.
    public func dependents(of id: PackageID) -> [PackageID] {
        guard let target = place(of: id) else { return [] }
        var dependents: [PackageID] = []
        for (place, needed) in needs.enumerated() where needed.contains(target) {
            dependents.append(installed[place].id)
        }
        return dependents
    }

    /// The shortest way from something that was asked for to this package, both included; empty if there is
    /// none, and only itself if it was asked for.
    public func why(_ id: PackageID) -> [PackageID] {
        guard let target = place(of: id) else { return [] }
        // Backwards from the package, breadth first.
        var next = [Int](repeating: -1, count: installed.count)
        next[target] = target
        var open = [target]
        var index = 0
        while index < open.count {
            var place = open[index]
            index += 1
            if installed[place].isRequested {
                var way = [installed[place].id]
                while place != target {
                    place = next[place]
                    way.append(installed[place].id)
                }
                return way
            }
            for (other, needed) in needs.enumerated() where next[other] < 0 && needed.contains(place) {
                next[other] = place
                open.append(other)
            }
        }
        return []
    }

    private func place(of id: PackageID) -> Int? {
        for (place, package) in installed.enumerated() where package.id == id { return place }
        return nil
    }
}

extension Universe {
    /// Whether a release is one that an alternative asks for.
    func fulfils(_ number: Int, _ alternative: Alternative) -> Bool {
        let range = ranges[Int(alternative.range)]
        if releases[number].name == alternative.name { return range.contains(releases[number].version) }
        for provider in providersOfName[Int(alternative.name)] where Int(provider.release) == number {
            if provider.version.map({ range.contains($0) }) ?? range.isAny { return true }
        }
        return false
    }
}

extension Solution {
    /// What has to be done to get there.
    public struct Difference: Sendable {
        /// New packages and other releases, sorted by id.
        public var puts: [Package] = []
        public var removals: [PackageID] = []
        /// Installed as a dependency, and asked for now.
        public var promotions: [PackageID] = []

        public var isEmpty: Bool { puts.isEmpty && removals.isEmpty && promotions.isEmpty }
    }

    public func difference(from installed: [SolverRequest.Installed]) -> Difference {
        var difference = Difference()
        var isNew = [Bool](repeating: true, count: packages.count)
        for before in installed {
            guard let index = packages.firstIndex(where: { $0.id == before.id }) else {
                difference.removals.append(before.id)
                continue
            }
            if packages[index].versionCode != before.versionCode { continue }
            isNew[index] = false
            if packages[index].isRequested, !before.isRequested { difference.promotions.append(before.id) }
        }
        for (index, package) in packages.enumerated() where isNew[index] { difference.puts.append(package) }
        return difference
    }
}
