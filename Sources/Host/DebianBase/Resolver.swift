import HostSystem

/// Turns a request into a lock: apt solves and verifies, `Closure` prunes.
public struct Resolver: Sendable {
    public let cache: CacheFolder

    /// Licence texts refer to the full ones in `/usr/share/common-licenses`, which this package holds.
    private static let commonLicences = "base-files"

    public init(cache: CacheFolder = CacheFolder()) { self.cache = cache }

    /// Asks the archive; needs the network (or a `file:` mirror).
    public func resolve(_ request: PackageRequest, mirror: Mirror) throws(DebianError) -> PackageLock {
        let apt = try AptFolder(
            cache: cache, mirror: mirror, suite: request.suite, components: request.components,
            architecture: request.architecture)
        try apt.update()
        try checkNames(request, apt)
        var collected = Collected()
        for (set, names) in [(PackageSet.image, request.image), (.sysroot, request.sysroot)] {
            // Each set is solved for itself: compiler packages must not decide what the image gets.
            let solution = try apt.show(try apt.solve(names))
            collected.add(Closure(solution: solution).walk(from: names), of: solution, to: set)
        }
        for name in request.kernels {
            let kernel = try kernelFamily(name, apt)
            collected.add(Closure(solution: kernel).walk(from: [name]), of: kernel, to: .kernel)
        }
        collected.addLicences(try apt.show([Self.commonLicences]))
        return PackageLock(
            suite: request.suite, components: request.components, architecture: request.architecture,
            packages: try collected.packages())
    }

    private func checkNames(_ request: PackageRequest, _ apt: borrowing AptFolder) throws(DebianError) {
        let known = Set(try apt.show(Set(request.wanted.map(\.name)).sorted()).map(\.name))
        let unknown = request.wanted.filter { !known.contains($0.name) }
        if unknown.isEmpty { return }
        let names = try apt.allNames()
        throw .unknownPackages(
            unknown.map {
                .init(name: $0.name, set: $0.set, nearest: Self.nearest(to: $0.name, among: names))
            },
            suite: request.suite)
    }

    /// Debian has 70,000 names: those that go on where the wanted one ends (libssl3 → libssl3t64) come first,
    /// then those of about its length.
    static func nearest(to wanted: String, among names: [String]) -> String? {
        let continuation = names.filter { $0.hasPrefix(wanted) && $0.utf8.count <= wanted.utf8.count + 3 }
        if let name = continuation.min(by: { ($0.utf8.count, $0) < ($1.utf8.count, $1) }) { return name }
        let limit = wanted.utf8.count / 3 + 1
        return NearestName.of(wanted, among: names.filter { abs($0.utf8.count - wanted.utf8.count) <= limit })
    }

    /// The meta package and the real one it depends on. Not solved by apt, which would want what the
    /// maintainer scripts of a kernel run.
    private func kernelFamily(
        _ name: String, _ apt: borrowing AptFolder
    ) throws(DebianError) -> [PackageStanza] {
        var family: [PackageStanza] = []
        var pending = [name]
        while let name = pending.popLast() {
            guard let stanza = try apt.show([name]).first, !family.contains(stanza) else { continue }
            family.append(stanza)
            pending += stanza.dependencies.compactMap(\.first).filter { $0.hasPrefix("linux-image-") }
        }
        return family
    }

    /// Everything found so far, by name.
    private struct Collected {
        private var stanzas: [String: PackageStanza] = [:]
        private var sets: [String: Set<PackageSet>] = [:]
        private var needs: [String: Set<String>] = [:]

        mutating func add(_ walk: Closure.Walk, of solution: [PackageStanza], to set: PackageSet) {
            for stanza in solution {
                if let needed = walk.needs[stanza.name] {
                    stanzas[stanza.name] = stanza
                    sets[stanza.name, default: []].insert(set)
                    needs[stanza.name, default: []].formUnion(needed)
                } else if walk.licences.contains(stanza.name) {
                    addLicences([stanza])
                }
            }
        }

        mutating func addLicences(_ found: [PackageStanza]) {
            for stanza in found {
                stanzas[stanza.name] = stanza
                sets[stanza.name, default: []].insert(.licences)
            }
        }

        func packages() throws(DebianError) -> [LockedPackage] {
            var packages: [LockedPackage] = []
            for (name, stanza) in stanzas {
                guard SHA256Digest(hex: stanza.sha256) != nil else {
                    throw .incompleteArchive(package: name, field: "SHA256")
                }
                guard stanza.size > 0 else { throw .incompleteArchive(package: name, field: "Size") }
                let steps = stanza.path.split(separator: "/", omittingEmptySubsequences: false)
                guard !steps.contains("") && !steps.contains("..") && !steps.contains(".") else {
                    throw .incompleteArchive(package: name, field: "Filename")
                }
                packages.append(
                    LockedPackage(
                        name: name, version: stanza.version, architecture: stanza.architecture,
                        size: stanza.size, sha256: stanza.sha256,
                        sets: (sets[name] ?? []).sorted(), source: stanza.source,
                        needs: (needs[name] ?? []).sorted(), path: stanza.path))
            }
            return packages
        }
    }
}
