import Wire

/// What the set would be, from what is asked for. None of these changes anything: `commit` does, or nobody.
extension PackageEngine {
    /// - Parameter keepsData: the id stays its key's.
    public func removal(of id: PackageID, keepsData: Bool) throws(PackageError) -> Generation {
        try checkUsable()
        if current[id] == nil, current.claim(of: id) != nil, !keepsData {
            return try current.droppingClaim(of: id, newestNumber: newestNumber)
        }
        guard current[id] != nil else { throw .unknownPackage(id) }
        for other in try change([.remove(id)], adding: nil).removals where other != id {
            throw .policy(other.text + " needs " + id.text + "; remove it first")
        }
        return try current.successor(
            newestNumber: newestNumber, removing: [id], data: keepsData ? .kept : .removed)
    }

    /// Packages that came because others needed them, and that none needs any more. Their data stays.
    public func autoremoval() throws(PackageError) -> Generation {
        try checkUsable()
        return try current.successor(newestNumber: newestNumber, removing: needs().unneeded())
    }

    /// - Parameter number: nil is the newest before the installed one.
    public func rollback(to number: UInt64?) throws(PackageError) -> Generation {
        try checkUsable()
        let numbers = try generationNumbers().filter { $0 < current.number }
        guard let target = number ?? numbers.last, numbers.contains(target) else {
            throw .policy(
                "there is no set " + (number.map { String($0) } ?? "to go back to")
                    + "; `amosctl pkg history` lists those that are still here")
        }
        let older = try generation(target)
        for package in older.packages { try checkReturn(of: package) }
        let next = try current.rollback(
            to: older, newestNumber: newestNumber, floors: policy.floors.map { ($0.id, $0.versionCode) })
        // Whatever comes back was not looked at for long.
        for package in next.packages where current[package.id]?.manifest != package.manifest {
            try verify(package)
        }
        return next
    }

    /// Whether the key that had signed it then may do so today: publishers, and that the id is still its own.
    private func checkReturn(of package: Generation.Package) throws(PackageError) {
        try policy.checkPublisher(package.key, of: package.id)
        guard let owner = current.owner(of: package.id), owner != package.key else { return }
        if let installed = current[package.id] {
            let head = try head(of: installed)
            // A change of the key that the old one has signed is in the package of the new one.
            let reached = try? head.signatures.verify(
                head.manifest, head.manifestBytes, owner: package.key, with: crypto)
            if reached != nil { return }
        }
        throw .policy(
            package.id.text + " belongs to another key now; remove it with its data, then go back")
    }

    public func marking(_ id: PackageID, _ mark: PackageMark) throws(PackageError) -> Generation {
        try checkUsable()
        if case .pinned(let range?) = mark, let package = current[id], !range.contains(package.version) {
            throw .policy(
                id.text + " is installed in version " + package.version.text + ", which is not in "
                    + range.shortText + "; install one that is first")
        }
        return try current.marking(id, newestNumber: newestNumber) { package in
            switch mark {
            case .held: package.isHeld = true
            case .unheld: package.isHeld = false
            case .pinned(let range): package.pin = range
            case .requested: package.reason = .requested
            case .dependency: package.reason = .dependency
            }
        }
    }

    /// Which installed package needs which.
    public func needs() throws(PackageError) -> InstalledNeeds {
        try checkUsable()
        var universe = Universe()
        for package in current.packages { universe.add(PackageRelease(try head(of: package).manifest)) }
        do throws(SolverFailure) {
            return try InstalledNeeds(current.packages.map { SolverRequest.Installed($0) }, in: universe)
        } catch {
            throw .policy(error.description)
        }
    }

    /// One of the sets that are still here; 0 is the empty one before all of them.
    public func set(_ number: UInt64) throws(PackageError) -> Generation {
        if number == current.number { return current }
        if number == 0 { return .empty }
        guard try generationNumbers().contains(number) else {
            throw .policy(
                "set " + String(number)
                    + " is not here any more; `amosctl pkg history` lists those that are")
        }
        return try generation(number)
    }

    /// Installed packages with all of these words.
    public func search(
        _ words: [String]
    ) throws(PackageError) -> [(Generation.Package, PackageManifest)] {
        try checkUsable()
        var found: [(Generation.Package, PackageManifest)] = []
        for package in current.packages {
            let manifest = try head(of: package).manifest
            if manifest.contains(words) { found.append((package, manifest)) }
        }
        return found
    }
}

extension PackageManifest {
    /// Whether every word is somewhere in the id, a name or a description, small and large letters alike.
    public func contains(_ words: [String]) -> Bool {
        let places =
            [id.text, name, description] + names.map { $0.text } + descriptions.map { $0.text }
        return words.allSatisfy { word in
            places.contains { TextSearch.contains(Array($0.utf8), Array(word.utf8)) }
        }
    }
}

enum TextSearch {
    /// ASCII letters alike; everything else byte by byte.
    static func contains(_ text: [UInt8], _ wanted: [UInt8]) -> Bool {
        guard wanted.count <= text.count else { return false }
        for start in 0...(text.count - wanted.count) {
            var length = 0
            while length < wanted.count, small(text[start + length]) == small(wanted[length]) { length += 1 }
            if length == wanted.count { return true }
        }
        return false
    }

    private static func small(_ byte: UInt8) -> UInt8 {
        byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z") ? byte | 0x20 : byte
    }
}
