import Wire

/// The installed set and every way to change it, over a store that performs the effects.
///
///     incoming/     what is being written; emptied after a start
///     payloads/     sealed EROFS files, named by what fs-verity measures
///     manifests/    everything of a package before its payload, named by the SHA-256 of the manifest
///     generations/  1, 2, 3 …: the newest is the installed set, the others are what there was before
///
/// A change is one rename, of the next generation's file, when everything that it names is on the disk
/// already. Whatever happens before leaves files that nobody names; the next start, or `gc`, removes them.
public final class PackageEngine<Store: PackageStore, Crypto: StreamCryptography> {
    /// What a person may want to go back to; each costs at most the packages that were replaced since.
    public static var keptGenerations: Int { 4 }

    public let store: Store
    let crypto: Crypto
    public let policy: InstallPolicy
    /// Whether the owner has enabled it; the policy says what it means.
    public var isDeveloperMode = false
    public private(set) var current = Generation.empty
    /// Of all that were ever here, as far as their files are.
    private(set) var newestNumber: UInt64 = 0
    /// The installed set cannot be read; nothing changes until `repair` has made another one.
    public private(set) var damage: PackageError?
    private var nextIncoming: UInt32 = 0

    public init(_ store: Store, _ crypto: Crypto, _ policy: InstallPolicy) {
        (self.store, self.crypto, self.policy) = (store, crypto, policy)
    }

    /// After every start: whatever was under way when the last one ended is over. After an error with
    /// `damage` the engine can still repair.
    public func recover() throws(PackageError) {
        try attempt("clean up after the last start") { () throws(StoreProblem) in
            for name in try store.names(in: .incoming) { try store.remove(name, from: .incoming) }
        }
        try reload()
        try collectGarbage()
    }

    func reload() throws(PackageError) {
        newestNumber = try generationNumbers().last ?? 0
        guard newestNumber > 0 else {
            current = .empty
            return
        }
        do throws(PackageError) {
            current = try generation(newestNumber)
        } catch {
            if case .store(_, .failed) = error { throw error }
            damage = .badFormat(
                .generation,
                "number " + String(newestNumber) + " is damaged (" + error.description
                    + "); `amosctl pkg repair` goes back to the set before it")
            throw damage ?? error
        }
    }

    func checkUsable() throws(PackageError) {
        if let damage { throw damage }
    }

    /// The set that a repair has found; the damaged ones stay below it until they are removed.
    func adopt(_ generation: Generation) { (current, damage) = (generation, nil) }

    /// Sorted.
    func generationNumbers() throws(PackageError) -> [UInt64] {
        var numbers: [UInt64] = []
        let names = try attempt("list the generations") { () throws(StoreProblem) in
            try store.names(in: .generations)
        }
        for name in names {
            if let number = StoredFile.generationNumber(name) { numbers.append(number) }
        }
        return numbers.sorted()
    }

    func generation(_ number: UInt64) throws(PackageError) -> Generation {
        let bytes = try attempt("read generation " + String(number)) { () throws(StoreProblem) in
            try store.read(.generation(number), limit: Generation.byteLimit)
        }
        let generation = try Generation(decoding: bytes)
        guard generation.number == number else {
            throw .badFormat(.generation, "it is number " + String(generation.number))
        }
        return generation
    }

    /// What stands before the payload of an installed package; nothing in it is trusted yet.
    public func head(of package: Generation.Package) throws(PackageError) -> PackageHead {
        let bytes = try attempt("read the manifest of " + package.id.text) { () throws(StoreProblem) in
            try store.read(.manifest(package.manifest), limit: PackageHeader.headFileLimit)
        }
        return try PackageHead(decoding: bytes)
    }

    /// Takes a package as it comes in, `size` bytes of it.
    public func beginInstall(
        size: UInt64, _ options: InstallOptions
    ) throws(PackageError) -> PackageInstall<Store, Crypto> {
        PackageInstall(self, size: size, options, file: newIncoming())
    }

    func newIncoming() -> StoredFile {
        nextIncoming &+= 1
        return .incoming(nextIncoming)
    }

    /// Makes `next` the installed set. Everything that it names is on the disk.
    public func commit(_ next: Generation) throws(PackageError) {
        try checkUsable()
        let file = StoredFile.generation(next.number)
        var next = next
        do throws(PackageError) {
            next = try prepareData(for: next)
            try write(next.encode(), to: file, "write the new set")
        } catch {
            // Whether the rename is on the disk is not known; that it is not wanted is.
            try? store.remove(file)
            try? reload()
            _ = try? collectGarbage()
            throw error
        }
        (current, newestNumber) = (next, next.number)
        // The set is what was asked for, whether or not what it no longer needs can be removed now.
        _ = try? collectGarbage()
    }

    /// A whole small file, on the disk, under its name.
    func write(_ bytes: [UInt8], to file: StoredFile, _ what: String) throws(PackageError) {
        let incoming = newIncoming()
        do throws(PackageError) {
            try attempt(what) { () throws(StoreProblem) in
                try store.create(incoming, size: UInt64(bytes.count))
                try store.write(bytes.span, to: incoming, at: 0)
                try store.synchronize(incoming)
                try store.place(incoming, as: file)
                try store.synchronize(file.folder)
            }
        } catch {
            try? store.remove(incoming)
            throw error
        }
    }

    func attempt<Result>(
        _ what: String, _ body: () throws(StoreProblem) -> Result
    ) throws(PackageError) -> Result {
        do throws(StoreProblem) { return try body() } catch { throw .store(what: what, error) }
    }

    /// What has to change in the set, by the dependencies of everything in it.
    func change(
        _ goals: [SolverRequest.Goal], adding new: PackageManifest?
    ) throws(PackageError) -> Solution.Difference {
        var universe = Universe()
        // First: of two with one version code, the one that comes in counts.
        if let new { universe.add(PackageRelease(new)) }
        for package in current.packages {
            universe.add(try release(of: package, goals, isComing: package.id == new?.id))
        }
        let installed = current.packages.map { SolverRequest.Installed($0) }
        let request = SolverRequest(
            goals: goals, installed: installed, architecture: policy.architecture,
            apiLevel: InstallPolicy.systemAPILevel)
        do throws(SolverFailure) {
            return try Solver.solve(request, in: universe).difference(from: installed)
        } catch {
            throw .policy(error.description)
        }
    }

    /// What is known of an installed package. The one that goes or is replaced may be damaged.
    private func release(
        of package: Generation.Package, _ goals: [SolverRequest.Goal], isComing: Bool
    ) throws(PackageError) -> PackageRelease {
        do throws(PackageError) {
            return PackageRelease(try head(of: package).manifest)
        } catch {
            guard isComing || goals.contains(.remove(package.id)) else { throw error }
            return PackageRelease(
                id: package.id, version: package.version, versionCode: package.versionCode)
        }
    }
}
