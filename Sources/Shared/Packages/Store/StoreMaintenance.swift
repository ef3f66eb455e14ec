extension PackageEngine {
    /// What `verify` found about one package; nil: it is as it was signed.
    public struct Finding {
        public let package: Generation.Package
        public let problem: String?
    }

    /// Checks every installed package as whoever starts it does: the manifest's signature, and what the
    /// kernel measures; and that all of it can still be read.
    public func verify() -> [Finding] {
        current.packages.map { package in
            do throws(PackageError) {
                try verify(package)
                return Finding(package: package, problem: nil)
            } catch {
                return Finding(package: package, problem: error.description)
            }
        }
    }

    func verify(_ package: Generation.Package) throws(PackageError) {
        try package.check(try head(of: package), with: crypto)
        let measured = try attempt("read the payload of " + package.id.text) { () throws(StoreProblem) in
            try store.readThrough(.payload(package.payload))
            return try store.measure(.payload(package.payload))
        }
        guard measured == package.payload else { throw .payloadDiffers(package.id) }
    }

    /// Removes old generations, and all files that no kept one names. Returns how many files went.
    /// - Parameter isDry: only counts them.
    @discardableResult
    public func collectGarbage(isDry: Bool = false) throws(PackageError) -> Int {
        try checkUsable()
        let numbers = try generationNumbers()
        let old = GenerationRetention.toRemove(
            numbers: numbers, current: current.number, keepingNewest: Self.keptGenerations)
        // Read all of them before anything goes: what a damaged one needs is not known.
        var kept = [current]
        for number in numbers where number != current.number && !old.contains(number) {
            kept.append(try generation(number))
        }
        return try attempt("collect garbage") { () throws(StoreProblem) in
            let contents = StoreContents(of: kept)
            let files = try unneededFiles(contents)
            let data = try unneededData(contents)
            let count = old.count + files.count + data.count
            if isDry { return count }
            for number in old { try store.remove(.generation(number)) }
            // A set must not come back after what it needs has gone.
            if !old.isEmpty { try store.synchronize(.generations) }
            for (folder, name) in files { try store.remove(name, from: folder) }
            for (id, name) in data { try store.removeData(name, of: id) }
            return count
        }
    }

    private func unneededFiles(
        _ contents: StoreContents
    ) throws(StoreProblem) -> [(folder: StoreFolder, name: String)] {
        var files: [(folder: StoreFolder, name: String)] = []
        for name in try store.names(in: .payloads)
        where !(Digest256(hex: name).map { contents.needsPayload($0) } ?? false) {
            files.append((.payloads, name))
        }
        for name in try store.names(in: .manifests)
        where !(Digest256(hex: name).map { contents.needsManifest($0) } ?? false) {
            files.append((.manifests, name))
        }
        return files
    }

    /// The sets that are still here, oldest first.
    public func history() throws(PackageError) -> [Generation] {
        var sets: [Generation] = []
        for number in try generationNumbers() { sets.append(try generation(number)) }
        return sets
    }
}

extension Generation.Package {
    /// Whether this is the signed manifest of what was installed.
    public func check(_ head: PackageHead, with crypto: some PackageCryptography) throws(PackageError) {
        guard head.manifest.id == id, crypto.sha256(head.manifestBytes) == manifest,
            head.manifest.payload.verity == payload
        else { throw .badFormat(.manifest, "it is not the one that was installed") }
        // Not against the owner: after a change of the key and a rollback, an older key has signed what is
        // here. That it is what was installed is known by its digest.
        _ = try head.signatures.verify(head.manifest, head.manifestBytes, owner: nil, with: crypto)
    }
}
