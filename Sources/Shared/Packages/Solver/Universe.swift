/// What the solver must know of one release of a package.
public struct PackageRelease: Sendable {
    public var id: PackageID
    public var version: PackageVersion
    public var versionCode: UInt64
    public var architecture: PackageManifest.Architecture = .any
    public var minimumAPILevel: UInt64 = 1
    public var dependencies: [PackageManifest.Dependency] = []
    public var provides: [PackageManifest.Provision] = []
    public var conflicts: [PackageManifest.Relation] = []
    public var replaces: [PackageManifest.Relation] = []

    public init(id: PackageID, version: PackageVersion, versionCode: UInt64) {
        self.id = id
        self.version = version
        self.versionCode = versionCode
    }

    public init(_ manifest: PackageManifest) {
        self.init(id: manifest.id, version: manifest.version, versionCode: manifest.versionCode)
        architecture = manifest.architecture
        minimumAPILevel = manifest.minimumAPILevel
        dependencies = manifest.dependencies
        provides = manifest.provides
        conflicts = manifest.conflicts
        replaces = manifest.replaces
    }
}

/// Every release that could be installed, and those that are: names, ranges and dependencies are stored once
/// and known by number from then on.
///
/// Who may offer which id is decided before: a release that policy or identity forbids is not added.
public struct Universe: Sendable {
    struct Release: Sendable {
        let name: Int32
        let version: PackageVersion
        let code: UInt64
        let architecture: PackageManifest.Architecture
        let apiLevel: UInt64
        /// Numbers of wishes.
        let dependencies: [Int32]
        let conflicts: [Int32]
        let replaces: [Int32]
    }

    struct Alternative: Sendable, Equatable {
        let name: Int32
        let range: Int32
    }

    /// A release that provides a name.
    struct Provider: Sendable {
        let release: Int32
        let version: PackageVersion?
    }

    private(set) var names: [PackageID] = []
    private(set) var ranges: [VersionRange] = []
    /// Dependencies, and conflicts and replacements as dependencies with one alternative.
    private(set) var wishes: [[Alternative]] = []
    private(set) var releases: [Release] = []
    /// For each name its releases, by version code, each code once.
    private(set) var releasesOfName: [[Int32]] = []
    private(set) var providersOfName: [[Provider]] = []
    /// For each name the numbers of releases that replace it in some version: (release, wish).
    private(set) var replacersOfName: [[Provider]] = []
    private var nameTable = InternTable()
    private var rangeTable = InternTable()
    private var wishTable = InternTable()

    public init() {}

    public var releaseCount: Int { releases.count }

    /// - Returns: its number, by which a solution names it; that of the release that was there already if the
    ///   id has one with this version code (so what is installed is added first).
    @discardableResult
    public mutating func add(_ release: PackageRelease) -> Int {
        let name = intern(release.id)
        let place = placeOfRelease(name, release.versionCode)
        if place < releasesOfName[Int(name)].count {
            let other = Int(releasesOfName[Int(name)][place])
            if releases[other].code == release.versionCode { return other }
        }
        let number = Int32(releases.count)
        releases.append(
            Release(
                name: name, version: release.version, code: release.versionCode,
                architecture: release.architecture, apiLevel: release.minimumAPILevel,
                dependencies: intern(release.dependencies), conflicts: intern(release.conflicts),
                replaces: intern(release.replaces)))
        releasesOfName[Int(name)].insert(number, at: place)
        for provision in release.provides {
            let provided = intern(provision.id)
            providersOfName[Int(provided)].append(Provider(release: number, version: provision.version))
        }
        for relation in release.replaces {
            let replaced = intern(relation.id)
            replacersOfName[Int(replaced)].append(Provider(release: number, version: nil))
        }
        return Int(number)
    }

    func number(of id: PackageID) -> Int32? {
        nameTable.find(Self.hash(id)) { names[$0] == id }.map { Int32($0) }
    }

    /// The release of an id with this code.
    public func release(of id: PackageID, code: UInt64) -> Int? {
        guard let name = number(of: id) else { return nil }
        let place = placeOfRelease(name, code)
        guard place < releasesOfName[Int(name)].count else { return nil }
        let number = Int(releasesOfName[Int(name)][place])
        return releases[number].code == code ? number : nil
    }

    private func placeOfRelease(_ name: Int32, _ code: UInt64) -> Int {
        let known = releasesOfName[Int(name)]
        var low = 0
        var high = known.count
        while low < high {
            let middle = (low + high) / 2
            if releases[Int(known[middle])].code < code { low = middle + 1 } else { high = middle }
        }
        return low
    }

    mutating func intern(_ id: PackageID) -> Int32 {
        let hash = Self.hash(id)
        if let place = nameTable.find(hash, { names[$0] == id }) { return Int32(place) }
        names.append(id)
        releasesOfName.append([])
        providersOfName.append([])
        replacersOfName.append([])
        nameTable.insert(hash, names.count - 1) { Self.hash(names[$0]) }
        return Int32(names.count - 1)
    }

    mutating func intern(_ range: VersionRange) -> Int32 {
        let hash = Self.hash(range)
        if let place = rangeTable.find(hash, { ranges[$0] == range }) { return Int32(place) }
        ranges.append(range)
        rangeTable.insert(hash, ranges.count - 1) { Self.hash(ranges[$0]) }
        return Int32(ranges.count - 1)
    }

    mutating func intern(_ alternatives: [Alternative]) -> Int32 {
        let hash = Self.hash(alternatives)
        if let place = wishTable.find(hash, { wishes[$0] == alternatives }) { return Int32(place) }
        wishes.append(alternatives)
        wishTable.insert(hash, wishes.count - 1) { Self.hash(wishes[$0]) }
        return Int32(wishes.count - 1)
    }

    private mutating func intern(_ dependencies: [PackageManifest.Dependency]) -> [Int32] {
        var numbers: [Int32] = []
        numbers.reserveCapacity(dependencies.count)
        for dependency in dependencies {
            var alternatives: [Alternative] = []
            for relation in dependency.alternatives { alternatives.append(intern(relation)) }
            numbers.append(intern(alternatives))
        }
        return numbers
    }

    private mutating func intern(_ relations: [PackageManifest.Relation]) -> [Int32] {
        var numbers: [Int32] = []
        for relation in relations { numbers.append(intern([intern(relation)])) }
        return numbers
    }

    mutating func intern(_ relation: PackageManifest.Relation) -> Alternative {
        Alternative(name: intern(relation.id), range: intern(relation.versions))
    }

    private static func hash(_ id: PackageID) -> UInt64 {
        var hash = FNVHash()
        hash.add(id.text)
        return hash.value
    }

    private static func hash(_ range: VersionRange) -> UInt64 {
        var hash = FNVHash()
        hash.add(range.lower)
        hash.add(range.upper)
        return hash.value
    }

    private static func hash(_ alternatives: [Alternative]) -> UInt64 {
        var hash = FNVHash()
        for alternative in alternatives {
            hash.add(UInt64(alternative.name) << 32 | UInt64(alternative.range))
        }
        return hash.value
    }
}
