import Packages

/// A universe of a few packages made from a seed, and the rules of packages written down a second time, as
/// plainly as they can be.
struct SmallWorld: CustomStringConvertible {
    private(set) var releases: [PackageRelease] = []
    private(set) var universe = Universe()
    private(set) var request = SolverRequest(goals: [], installed: [], architecture: .arm64, apiLevel: 2)
    private let names: [PackageID]
    private var random: SplitMix64

    init(seed: UInt64) {
        random = SplitMix64(state: seed)
        let count = Int.random(in: 2...5, using: &random)
        names = (0..<count).map { PackageID("x.\("abcdef".utf8.map { Character(.init($0)) }[$0])")! }
        for name in names {
            for version in 1...Int.random(in: 1...3, using: &random) { addRelease(name, version) }
        }
        // The order in which releases become known means nothing.
        for release in releases.shuffled(using: &random) { universe.add(release) }
        addInstalled()
        addGoals()
    }

    private mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &random) < percent }

    private mutating func addRelease(_ name: PackageID, _ number: Int) {
        let version = PackageVersion(chance(10) ? "\(number).0.0-rc" : "\(number).0.0")!
        var release = PackageRelease(id: name, version: version, versionCode: UInt64(number))
        if chance(8) { release.architecture = .x86_64 }
        if chance(8) { release.minimumAPILevel = 3 }
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let alternatives = (0..<(chance(30) ? 2 : 1)).map { _ in relation() }
            release.dependencies.append(.init(alternatives.filter { $0.id != name }))
        }
        release.dependencies.removeAll { $0.alternatives.isEmpty }
        if chance(25) {
            let provided = chance(40) ? names.randomElement(using: &random)! : PackageID("x.virtual")!
            let version = chance(50) ? PackageVersion(1, 0, 0) : nil
            if provided != name { release.provides = [.init(provided, version)] }
        }
        if chance(20) { release.conflicts = [relation()].filter { $0.id != name } }
        if chance(15) { release.replaces = [relation()].filter { $0.id != name } }
        releases.append(release)
    }

    private mutating func relation() -> PackageManifest.Relation {
        let id = chance(15) ? PackageID("x.virtual")! : names.randomElement(using: &random)!
        let ranges = ["*", "*", "=1.0.0", ">=2.0.0", "<2.0.0", "^2.0.0", "=4.0.0"]
        return .init(id, VersionRange(ranges.randomElement(using: &random)!)!)
    }

    private mutating func addInstalled() {
        for name in names where chance(45) {
            let own = releases.filter { $0.id == name }
            let release = own.randomElement(using: &random)!
            request.installed.append(
                .init(
                    id: name, versionCode: release.versionCode, isRequested: chance(50), isHeld: chance(12),
                    pin: chance(12) ? VersionRange("<2.0.0") : nil))
        }
    }

    private mutating func addGoals() {
        for _ in 0..<Int.random(in: 0...2, using: &random) {
            let relation = relation()
            let isInstalled = request.installed.contains { $0.id == relation.id }
            switch Int.random(in: 0..<6, using: &random) {
            case 0 where isInstalled: request.goals.append(.remove(relation.id))
            case 1 where isInstalled: request.goals.append(.upgrade(relation.id))
            case 2: request.goals.append(.upgradeAll)
            default:
                request.goals.append(
                    .install(relation.id, relation.versions, allowsDowngrade: chance(30)))
            }
        }
        if chance(10) {
            request.floors = [.init(id: names.randomElement(using: &random)!, versionCode: 2)]
        }
    }

    func withoutGoals() -> SmallWorld {
        var world = self
        world.request.goals = []
        return world
    }

    func release(_ id: PackageID, _ code: UInt64) -> PackageRelease {
        releases.first { $0.id == id && $0.versionCode == code }!
    }

    // MARK: The rules, a second time

    private func satisfies(_ release: PackageRelease, _ wish: PackageManifest.Relation) -> Bool {
        if release.id == wish.id { return wish.versions.contains(release.version) }
        return release.provides.contains { provision in
            provision.id == wish.id
                && (provision.version.map { wish.versions.contains($0) } ?? wish.versions.isAny)
        }
    }

    /// Why a set is not right; nil if it is.
    func violation(of set: [PackageRelease]) -> String? {
        for release in set {
            for dependency in release.dependencies {
                let isFulfilled = dependency.alternatives.contains { wish in
                    set.contains { satisfies($0, wish) }
                }
                if !isFulfilled { return "\(release.id) \(release.version) lacks something" }
            }
            for other in set where other.id != release.id {
                if release.conflicts.contains(where: { satisfies(other, $0) }) { return "a conflict" }
                let isReplaced = release.replaces.contains {
                    $0.id == other.id && $0.versions.contains(other.version)
                }
                if isReplaced { return "both a package and what replaces it" }
            }
            let isInstalled = request.installed.contains {
                $0.id == release.id && $0.versionCode == release.versionCode
            }
            if !isInstalled, release.architecture == .x86_64 || release.minimumAPILevel > 2 {
                return "\(release.id) does not run here"
            }
            if request.floors.contains(where: { $0.id == release.id && release.versionCode < $0.versionCode })
            {
                return "below a floor"
            }
        }
        return request.goals.lazy.compactMap { violation(of: set, $0) }.first
            ?? request.installed.lazy.compactMap { violation(of: set, $0) }.first
    }

    private func violation(of set: [PackageRelease], _ goal: SolverRequest.Goal) -> String? {
        switch goal {
        case .install(let id, let range, _):
            let isReal = releases.contains { $0.id == id }
            let isThere = set.contains {
                satisfies($0, .init(id, range)) && (!isReal || $0.id == id)
            }
            return isThere ? nil : "\(id) is not there"
        case .remove(let id): return set.contains { $0.id == id } ? "\(id) is still there" : nil
        case .upgrade, .upgradeAll: return nil
        }
    }

    private func violation(of set: [PackageRelease], _ installed: SolverRequest.Installed) -> String? {
        let now = set.first { $0.id == installed.id }
        if installed.isHeld, now?.versionCode != installed.versionCode { return "a held package moved" }
        let mayGoDown = request.goals.contains {
            if case .install(let id, _, true) = $0 { id == installed.id } else { false }
        }
        if let now, now.versionCode < installed.versionCode, !mayGoDown { return "a downgrade" }
        if let now, let pin = installed.pin, now.versionCode != installed.versionCode,
            !pin.contains(now.version)
        {
            return "a pin is broken"
        }
        if installed.isRequested, now == nil, !request.goals.contains(.remove(installed.id)) {
            let old = release(installed.id, installed.versionCode)
            let isReplaced = set.contains { release in
                release.replaces.contains { $0.id == old.id && $0.versions.contains(old.version) }
            }
            if !isReplaced { return "\(installed.id) is gone" }
        }
        return nil
    }

    /// Tries every set.
    var hasSolution: Bool {
        let choices = names.map { name in
            [PackageRelease?.none] + releases.filter { $0.id == name }.map { .some($0) }
        }
        var digits = [Int](repeating: 0, count: names.count)
        while true {
            let set = digits.enumerated().compactMap { choices[$0.offset][$0.element] }
            if violation(of: set) == nil { return true }
            var place = 0
            while place < digits.count {
                digits[place] += 1
                if digits[place] < choices[place].count { break }
                digits[place] = 0
                place += 1
            }
            if place == digits.count { return false }
        }
    }

    /// What anything that was asked for or was there before leads to.
    func reachable(from solution: Solution) -> Set<PackageID> {
        let chosen = solution.packages.map { release($0.id, $0.versionCode) }
        var reached = Set(
            solution.packages.filter { package in
                package.isRequested || request.installed.contains { $0.id == package.id }
            }.map(\.id))
        var grows = true
        while grows {
            grows = false
            for release in chosen where reached.contains(release.id) {
                for wish in release.dependencies.flatMap(\.alternatives) {
                    for other in chosen where satisfies(other, wish) {
                        if reached.insert(other.id).inserted { grows = true }
                    }
                }
            }
        }
        return reached
    }

    var description: String {
        var lines: [String] = []
        for release in releases {
            lines.append(
                "\(release.id) \(release.version) \(release.architecture) \(release.minimumAPILevel)")
            for dependency in release.dependencies {
                lines.append(
                    "  needs "
                        + dependency.alternatives.map { "\($0.id) \($0.versions)" }.joined(separator: " | "))
            }
            for provision in release.provides {
                lines.append("  provides \(provision.id) \(provision.version?.text ?? "")")
            }
            for wish in release.conflicts { lines.append("  conflicts \(wish.id) \(wish.versions)") }
            for wish in release.replaces { lines.append("  replaces \(wish.id) \(wish.versions)") }
        }
        for installed in request.installed { lines.append("installed \(installed)") }
        return lines.joined(separator: "\n") + "\n\(request.goals) \(request.floors)"
    }
}

/// The same numbers in every run (Steele, Lea, Flood 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}
