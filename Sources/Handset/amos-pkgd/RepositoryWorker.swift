import Bridge
import LinuxSystem
import PackageSignatures
import Packages
import Trust
import Wire

/// Asks repositories and hands packages to the service, in a process of its own that may wait.
///
///     service ── starts ──▶ worker ── asks ──▶ amos-fetchd ──▶ network
///        ▲                    │
///        ╰── packages ────────┤  over the service's own socket, as anybody's, but known by the process
///     client ◀── answer ──────╯  at the client's socket, which is descriptor 3 here
///
/// It writes nothing but what is trusted of repositories. Whether a package may come in the service decides
/// again; all that it believes this process is that a repository of the device vouches for it.
struct RepositoryWorker {
    typealias Engine = PackageEngine<FileStore<KernelSealer>, HandsetCryptography>

    static let log: Int32 = 1
    private static let answer: Int32 = 3

    private let options: Options
    private let followers: [RepositoryFollower]
    private let fetcher: FetchClient

    /// A package that a repository offers.
    struct Offer {
        let follower: RepositoryFollower
        let indexed: IndexedPackage
        let head: PackageHead
    }

    static func run(_ wish: RepositoryWish, _ options: Options) {
        // A service that refuses a package closes the socket; that is an error then, and no signal.
        _ = try? SignalDescriptor()
        let socket = FileDescriptor(owning: answer)
        var bytes: [UInt8]
        do throws(RepositoryProblem) {
            bytes = Array("Success\n".utf8) + (try RepositoryWorker(options, wish).perform(wish))
        } catch {
            let line = error.description.utf8.map { $0 < 0x20 ? 0x20 : $0 }
            bytes =
                Array("Failure [".utf8) + line.prefix(PackageServiceRequest.replyLimit - 16)
                + Array("]\n".utf8)
            Output.say("<4>repositories: " + error.description)
        }
        try? socket.setBlocking(true)
        try? socket.write(bytes)
    }

    private init(_ options: Options, _ wish: RepositoryWish) throws(RepositoryProblem) {
        self.options = options
        let isBundle = wish.operation == .bundle
        fetcher =
            isBundle
            ? try FetchClient(bundle: wish.words[0])
            : FetchClient(runDirectory: options.runDirectory)
        let files: [RepositoryFiles]
        do throws(SystemCallError) { files = try RepositoryFiles.all(options) } catch { throw .system(error) }
        guard !files.isEmpty || wish.operation == .search else {
            throw .noRepositories(folder: options.repositories)
        }
        var followers: [RepositoryFollower] = []
        for one in files {
            if isBundle { one.address = FetchClient.bundleAddress }
            followers.append(try RepositoryFollower(one, fetcher))
        }
        self.followers = followers
    }

    private func perform(_ wish: RepositoryWish) throws(RepositoryProblem) -> [UInt8] {
        switch wish.operation {
        case .refresh:
            var counts: [(String, Int)] = []
            for follower in followers { counts.append((follower.files.name, try follower.refresh().count)) }
            return RepositoryDocuments.refreshed(counts, bytes: fetcher.fetched)
        case .search: return try search(wish.words)
        case .obtain: return try change(installing(wish.words), from: offers(fresh: true))
        case .bundle: return try change(installing(fetcher.wanted), from: bundled())
        case .upgrade:
            var goals: [SolverRequest.Goal] = wish.words.isEmpty ? [.upgradeAll] : []
            for word in wish.words {
                guard let id = PackageID(word) else { throw .notOffered(word) }
                goals.append(.upgrade(id))
            }
            return try change(goals, from: offers(fresh: true))
        }
    }

    private func installing(_ words: [String]) throws(RepositoryProblem) -> [SolverRequest.Goal] {
        var goals: [SolverRequest.Goal] = []
        for word in words {
            guard let id = PackageID(word) else { throw .notOffered(word) }
            goals.append(.install(id, .any, allowsDowngrade: false))
        }
        return goals
    }

    private func offers(fresh: Bool) throws(RepositoryProblem) -> [Offer] {
        var offers: [Offer] = []
        for follower in followers {
            offers += Self.offers(fresh ? try follower.refresh() : try follower.stored(), follower)
        }
        return offers
    }

    /// Of the repository that the bundle is a part of: the first whose root vouches for it.
    private func bundled() throws(RepositoryProblem) -> [Offer] {
        var problem = RepositoryProblem.noRepositories(folder: options.repositories)
        for follower in followers {
            do throws(RepositoryProblem) {
                let offers = Self.offers(try follower.refresh(), follower)
                var here: [Offer] = []
                for offer in offers {
                    let target = try follower.find(offer.indexed.path)
                    if fetcher.has(follower.address(of: target)) { here.append(offer) }
                }
                return here
            } catch {
                problem = error
            }
        }
        throw problem
    }

    private static func offers(
        _ packages: [IndexedPackage], _ follower: RepositoryFollower
    ) -> [Offer] {
        var offers: [Offer] = []
        for indexed in packages {
            do throws(PackageError) {
                let signatures = try SignatureBlock(decoding: indexed.signatures)
                let manifest = try PackageManifest(decoding: indexed.manifest)
                let bytes = try PackageHead.encode(
                    manifest: indexed.manifest, signatures: signatures,
                    payloadSize: manifest.payload.size)
                offers.append(
                    Offer(follower: follower, indexed: indexed, head: try PackageHead(decoding: bytes)))
            } catch {
                // Made for a newer system, perhaps: the others are none the worse.
                Output.say("<4>" + indexed.path + ": " + error.description)
            }
        }
        return offers
    }

    /// Only to look at: the service is the one that changes anything.
    private func engine() throws(RepositoryProblem) -> Engine {
        let store: FileStore<KernelSealer>
        do throws(SystemCallError) {
            store = try FileStore<KernelSealer>(options.directory, data: options.dataDirectory)
        } catch {
            throw .system(error)
        }
        let engine = PackageEngine(store, HandsetCryptography(), options.policy())
        do throws(PackageError) {
            try engine.look()
            return engine
        } catch {
            throw .package(error)
        }
    }

    private func search(_ words: [String]) throws(RepositoryProblem) -> [UInt8] {
        let engine = try engine()
        let offers = try offers(fresh: false).filter { $0.head.manifest.contains(words) }
        do throws(PackageError) {
            return RepositoryDocuments.found(try engine.search(words), offers)
        } catch {
            throw .package(error)
        }
    }

    private func change(
        _ goals: [SolverRequest.Goal], from offers: [Offer]
    ) throws(RepositoryProblem) -> [UInt8] {
        let engine = try engine()
        let before = engine.current
        let plan: RepositoryPlan
        do throws(PackageError) {
            plan = try engine.plan(goals, from: offers.map { $0.head })
            if options.isDry {
                let after = try engine.set(after: plan, from: offers.map { $0.head })
                return PackageDocuments.change(from: before, to: after, isDry: true, fetched: fetcher.fetched)
            }
        } catch {
            throw .package(error)
        }
        let replaced = plan.steps.flatMap { offers[$0.offer].head.manifest.replaces.map { $0.id } }
        let removals = plan.removals.filter { !replaced.contains($0) }
        guard removals.isEmpty else { throw .removes(removals) }
        for step in plan.steps {
            let offer = offers[step.offer]
            try PackageDelivery(offer, fetcher, options).deliver(
                isDependency: step.isDependency, replacing: before[offer.head.manifest.id])
        }
        let after = try self.engine().current
        return PackageDocuments.change(from: before, to: after, isDry: false, fetched: fetcher.fetched)
    }
}
