/// One package, pinned.
public struct LockedPackage: Sendable, Hashable {
    public var name: String
    public var version: String
    public var architecture: String
    /// Bytes of the .deb.
    public var size: UInt64
    /// SHA-256 of the .deb, in hex; it is also its name in the store.
    public var sha256: String
    public var sets: [PackageSet]
    /// Source package, without its version.
    public var source: String
    /// Names of the locked packages it cannot do without, maintainer scripts aside; sorted.
    public var needs: [String]
    /// Where the mirror has it, relative to the mirror's address.
    public var path: String
}

/// Every Debian package a device is built from. While it exists, nothing else is ever used.
public struct PackageLock: Sendable, Equatable {
    public var suite: String
    public var components: [String]
    public var architecture: String
    /// Sorted by name; a name appears once.
    public private(set) var packages: [LockedPackage]
    private let index: [String: Int]

    public init(suite: String, components: [String], architecture: String, packages: [LockedPackage]) {
        self.suite = suite
        self.components = components
        self.architecture = architecture
        let sorted = packages.sorted { $0.name < $1.name }
        self.packages = sorted
        index = Dictionary(
            sorted.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public subscript(name: String) -> LockedPackage? { index[name].map { packages[$0] } }

    public func packages(in set: PackageSet) -> [LockedPackage] {
        packages.filter { $0.sets.contains(set) }
    }

    /// The named packages and everything they need, sorted by name. Names that are not locked are skipped:
    /// `check` reports those.
    public func closure(of names: [String]) -> [LockedPackage] {
        var seen: Set<String> = []
        var pending = names
        while let name = pending.popLast() {
            guard let package = self[name], seen.insert(name).inserted else { continue }
            pending += package.needs
        }
        return seen.sorted().compactMap { self[$0] }
    }

    /// The package that holds the kernel itself, where `name` may be the meta package above it.
    public func kernelImage(for name: String) -> LockedPackage? {
        let family = closure(of: [name])
        return family.first { $0.needs.isEmpty } ?? family.first
    }

    /// Throws unless this lock pins everything that `request` wants.
    /// - Parameter file: the lock's path, for the message.
    public func check(covers request: PackageRequest, file: String) throws(DebianError) {
        let identities = [
            ("suite", suite, request.suite), ("architecture", architecture, request.architecture),
            (
                "components", components.joined(separator: ","), request.components.joined(separator: ",")
            ),
        ]
        for (what, locked, wanted) in identities where locked != wanted {
            throw .lockedOtherwise(what: what, locked: locked, wanted: wanted, file: file)
        }
        let missing = request.wanted.filter { self[$0.name]?.sets.contains($0.set) != true }
        guard missing.isEmpty else {
            throw .notLocked(names: Set(missing.map(\.name)).sorted(), file: file)
        }
    }
}
