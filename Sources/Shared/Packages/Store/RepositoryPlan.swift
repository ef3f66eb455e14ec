import Wire

/// What has to come and go so that a wish is fulfilled from what repositories offer.
public struct RepositoryPlan: Sendable {
    public struct Step: Sendable {
        /// Its place among the offers.
        public let offer: Int
        /// Not asked for by anybody.
        public let isDependency: Bool
    }

    /// Those that others need come first.
    public var steps: [Step] = []
    public var removals: [PackageID] = []
}

extension PackageEngine {
    /// The set as it is on the disk, without repairing or removing anything: for a process beside
    /// the service.
    public func look() throws(PackageError) { try reload() }

    /// Decides by the dependencies of everything that is installed or offered.
    /// - Parameter offers: in the order of preference among those with one id and version code.
    public func plan(
        _ goals: [SolverRequest.Goal], from offers: [PackageHead]
    ) throws(PackageError) -> RepositoryPlan {
        var universe = Universe()
        for package in current.packages {
            universe.add(PackageRelease(try head(of: package).manifest))
        }
        let installedCount = universe.releaseCount
        // By the number of the release.
        var offerOfRelease: [Int] = []
        for (index, offer) in offers.enumerated() where isAcceptable(offer) {
            let number = universe.add(PackageRelease(offer.manifest))
            if number == installedCount + offerOfRelease.count { offerOfRelease.append(index) }
        }
        let installed = current.packages.map { SolverRequest.Installed($0) }
        let request = SolverRequest(
            goals: goals, installed: installed, architecture: policy.architecture,
            apiLevel: InstallPolicy.systemAPILevel)
        let change: Solution.Difference
        do throws(SolverFailure) {
            change = try Solver.solve(request, in: universe).difference(from: installed)
        } catch {
            throw .policy(error.description)
        }
        var plan = RepositoryPlan()
        plan.removals = change.removals
        var steps: [RepositoryPlan.Step] = []
        for package in change.puts where package.release >= installedCount {
            steps.append(
                RepositoryPlan.Step(
                    offer: offerOfRelease[package.release - installedCount],
                    isDependency: !package.isRequested))
        }
        plan.steps = Self.ordered(steps, offers)
        return plan
    }

    /// What the set would be. Of keys that are new here nothing was checked.
    public func set(
        after plan: RepositoryPlan, from offers: [PackageHead]
    ) throws(PackageError) -> Generation {
        let packages = plan.steps.map { step in
            let manifest = offers[step.offer].manifest
            return Generation.Package(
                manifest, digest: crypto.sha256(offers[step.offer].manifestBytes),
                key: current.owner(of: manifest.id) ?? .zero,
                reason: step.isDependency ? .dependency : .requested)
        }
        return try current.successor(
            newestNumber: newestNumber, putting: packages, removing: plan.removals)
    }

    /// An id is its first key's: what another key offers under it is not even considered.
    private func isAcceptable(_ offer: PackageHead) -> Bool {
        guard let owner = current.owner(of: offer.manifest.id) else { return true }
        return (try? offer.signatures.verify(offer.manifest, offer.manifestBytes, owner: owner, with: crypto))
            != nil
    }

    /// Whatever another one may need comes before it, as far as they do not need each other.
    private static func ordered(
        _ steps: [RepositoryPlan.Step], _ offers: [PackageHead]
    ) -> [RepositoryPlan.Step] {
        var left = steps
        var ordered: [RepositoryPlan.Step] = []
        while !left.isEmpty {
            let free = left.firstIndex { step in
                !left.contains { other in
                    other.offer != step.offer
                        && needs(offers[step.offer].manifest, offers[other.offer].manifest)
                }
            }
            ordered.append(left.remove(at: free ?? 0))
        }
        return ordered
    }

    private static func needs(_ manifest: PackageManifest, _ other: PackageManifest) -> Bool {
        manifest.dependencies.contains { dependency in
            dependency.alternatives.contains { relation in
                relation.id == other.id || other.provides.contains { $0.id == relation.id }
            }
        }
    }
}
