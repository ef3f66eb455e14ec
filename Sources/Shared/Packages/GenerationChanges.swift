/// One difference between two generations. A change of the manifest alone (same version code) is an upgrade.
public enum GenerationChange: Sendable, Equatable {
    case install(Generation.Package)
    case upgrade(from: Generation.Package, to: Generation.Package)
    case downgrade(from: Generation.Package, to: Generation.Package)
    case remove(Generation.Package)

    public var id: PackageID {
        switch self {
        case .install(let package), .remove(let package): package.id
        case .upgrade(_, let package), .downgrade(_, let package): package.id
        }
    }
}

/// What a person, or a dependency, has said about an installed package.
public enum PackageMark: Sendable, Equatable {
    case held, unheld
    /// nil: any version.
    case pinned(VersionRange?)
    case requested, dependency
}

/// What to do with an app's data when the app goes.
public enum DataFate: Sendable {
    /// The id stays claimed by its key.
    case kept
    case removed
}

extension Generation {
    /// A successor: the number after this one, or after the newest that there ever was.
    public func successor(
        newestNumber: UInt64, putting packages: [Package] = [], removing ids: [PackageID] = [],
        data: DataFate = .kept
    ) throws(PackageError) -> Generation {
        var next = Generation(
            number: max(number, newestNumber) + 1, packages: self.packages, claims: claims,
            nextUser: nextUser)
        for id in ids {
            guard let package = next[id] else { throw .unknownPackage(id) }
            next.packages.remove(at: next.place(of: id))
            if data == .kept, package.kind.runs {
                next.insertClaim(
                    Claim(
                        id: id, key: package.key, versionCode: package.versionCode, user: package.user,
                        data: package.data))
            }
        }
        for package in packages { next.put(package) }
        guard next.packages.count <= Self.packageLimit else {
            throw .badFormat(.generation, "it would hold more packages than a handset takes")
        }
        // What cannot be read after the next start must not be written.
        guard next.claims.count <= Self.claimLimit, next.nextUser <= Self.userLimit else {
            throw .badFormat(
                .generation, "too many apps were removed with their data kept; remove one of them altogether")
        }
        return next
    }

    /// The successor that holds what an older generation held. Keys stay those of today: a rollback undoes no
    /// change of a key, and what is gone stays claimed.
    /// - Parameter floors: version codes below which nothing is taken any more.
    public func rollback(
        to older: Generation, newestNumber: UInt64, floors: [(id: PackageID, code: UInt64)]
    ) throws(PackageError) -> Generation {
        for package in older.packages {
            for floor in floors where floor.id == package.id && package.versionCode < floor.code {
                throw .belowFloor(package.id, code: package.versionCode, floor: floor.code)
            }
        }
        for package in packages { try package.checkMove(to: older[package.id]) }
        let gone = packages.filter { older[$0.id] == nil }.map { $0.id }
        var restored: [Package] = []
        for package in older.packages {
            var package = package
            if let owner = owner(of: package.id) { package.key = owner }
            // Holds and pins are the person's word of today where there is one.
            if let current = self[package.id] {
                (package.isHeld, package.pin) = (current.isHeld, current.pin)
            }
            restored.append(package)
        }
        return try successor(newestNumber: newestNumber, putting: restored, removing: gone)
    }

    /// The successor in which a package is held or not, pinned or not, requested or a dependency.
    public func marking(
        _ id: PackageID, newestNumber: UInt64, _ change: (inout Package) -> Void
    ) throws(PackageError) -> Generation {
        guard var package = self[id] else { throw .unknownPackage(id) }
        change(&package)
        return try successor(newestNumber: newestNumber, putting: [package])
    }

    /// The successor in which an id that is not installed belongs to nobody: its data is gone.
    public func droppingClaim(of id: PackageID, newestNumber: UInt64) throws(PackageError) -> Generation {
        guard claim(of: id) != nil else { throw .unknownPackage(id) }
        var next = try successor(newestNumber: newestNumber)
        next.claims.removeAll { $0.id == id }
        return next
    }

    /// What leads from an older generation to this one, sorted by id. Flags and reasons are no change.
    public func changes(since older: Generation) -> [GenerationChange] {
        var changes: [GenerationChange] = []
        for package in packages {
            guard let before = older[package.id] else {
                changes.append(.install(package))
                continue
            }
            if before.manifest == package.manifest { continue }
            let isDowngrade = package.versionCode < before.versionCode
            changes.append(
                isDowngrade ? .downgrade(from: before, to: package) : .upgrade(from: before, to: package))
        }
        for package in older.packages where self[package.id] == nil { changes.append(.remove(package)) }
        changes.sort { $0.id < $1.id }
        return changes
    }

    /// What has been said since an older generation about packages that are in both, sorted by id.
    public func marks(since older: Generation) -> [(id: PackageID, mark: PackageMark)] {
        var marks: [(id: PackageID, mark: PackageMark)] = []
        for package in packages {
            guard let before = older[package.id] else { continue }
            if before.isHeld != package.isHeld {
                marks.append((package.id, package.isHeld ? .held : .unheld))
            }
            if before.pin != package.pin { marks.append((package.id, .pinned(package.pin))) }
            if before.reason != package.reason {
                marks.append((package.id, package.reason == .requested ? .requested : .dependency))
            }
        }
        return marks
    }

    /// What `put` knows of an app that is, or was, here.
    private func home(of id: PackageID) -> (user: UInt32, data: UInt64, manifest: Digest256?)? {
        if let package = self[id], package.kind.runs { return (package.user, package.data, package.manifest) }
        return claim(of: id).map { ($0.user, $0.data, nil) }
    }

    /// An app keeps its user as long as it, or its data, is here. Another version gets another data folder;
    /// one that comes back from an older set has its own already.
    private mutating func settle(_ package: inout Package) {
        guard package.kind.runs else {
            (package.user, package.data) = (0, 0)
            return
        }
        let home = home(of: package.id)
        if let home {
            package.user = home.user
        } else if package.user == 0 {
            package.user = nextUser
            nextUser += 1
        }
        if package.data == 0 {
            package.data = home?.manifest == package.manifest ? home?.data ?? number : number
        }
    }

    /// The same set, in which an app goes on with the data folder it has.
    func sharing(_ data: UInt64, of id: PackageID) -> Generation {
        var next = self
        let index = place(of: id)
        if index < packages.count, packages[index].id == id { next.packages[index].data = data }
        return next
    }

    private mutating func put(_ package: Package) {
        var package = package
        settle(&package)
        let index = place(of: package.id)
        if index < packages.count, packages[index].id == package.id {
            packages[index] = package
        } else {
            packages.insert(package, at: index)
        }
        claims.removeAll { $0.id == package.id }
    }

    private mutating func insertClaim(_ claim: Claim) {
        var index = 0
        while index < claims.count, claims[index].id < claim.id { index += 1 }
        if index < claims.count, claims[index].id == claim.id {
            claims[index] = claim
        } else {
            claims.insert(claim, at: index)
        }
    }
}

extension Generation.Package {
    /// What a person has said about a package holds for a rollback, too.
    fileprivate func checkMove(to other: Generation.Package?) throws(PackageError) {
        if isHeld, other?.manifest != manifest {
            throw .policy(
                id.text + " is held at version " + version.text + "; `amosctl pkg unhold " + id.text
                    + "` lets it move")
        }
        if let pin, let other, !pin.contains(other.version) {
            throw .policy(
                id.text + " is pinned to " + pin.shortText + ", and was at " + other.version.text
                    + "; `amosctl pkg pin " + id.text + " '*'` lets it move")
        }
    }
}

/// What the store must keep: everything that a kept generation names. Sorted, each once.
public struct StoreContents: Sendable, Equatable {
    public let manifests: [Digest256]
    public let payloads: [Digest256]
    /// Of apps.
    private let data: [StoredData]

    public init(of generations: [Generation]) {
        var manifests: [Digest256] = []
        var payloads: [Digest256] = []
        var data: [StoredData] = []
        for generation in generations { data += generation.dataFolders }
        self.data = data
        for generation in generations {
            for package in generation.packages {
                manifests.append(package.manifest)
                payloads.append(package.payload)
            }
        }
        self.manifests = Self.unique(manifests)
        self.payloads = Self.unique(payloads)
    }

    public func needsManifest(_ digest: Digest256) -> Bool { Self.has(manifests, digest) }

    public func needsPayload(_ digest: Digest256) -> Bool { Self.has(payloads, digest) }

    public func needsData(_ folder: StoredData) -> Bool { data.contains(folder) }

    private static func unique(_ digests: [Digest256]) -> [Digest256] {
        var unique: [Digest256] = []
        for digest in digests.sorted() where unique.last != digest { unique.append(digest) }
        return unique
    }

    private static func has(_ sorted: [Digest256], _ digest: Digest256) -> Bool {
        var low = 0
        var high = sorted.count
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] < digest { low = middle + 1 } else { high = middle }
        }
        return low < sorted.count && sorted[low] == digest
    }
}

/// Which generations a `gc` keeps.
public enum GenerationRetention {
    /// The current one, the newest `count` besides it, and every marked one (the one that booted last, one
    /// that a person keeps). All others go.
    public static func toRemove(
        numbers: [UInt64], current: UInt64, keepingNewest count: Int, marked: [UInt64] = []
    ) -> [UInt64] {
        let others = numbers.filter { $0 != current }.sorted(by: >)
        return others.dropFirst(max(0, count)).filter { !marked.contains($0) }.sorted()
    }
}

extension Generation {
    /// Of the apps that are here, and of those whose data is.
    var dataFolders: [StoredData] {
        var folders: [StoredData] = []
        for package in packages where package.kind.runs { folders.append(.init(package.id, package.data)) }
        for claim in claims { folders.append(.init(claim.id, claim.data)) }
        return folders
    }
}
