import Wire

/// Who waits for whom, as indices into a plan's services. Built once; the supervisor never looks at a name
/// again.
public struct DependencyGraph: Sendable {
    /// Adjacency lists in two flat arrays: a thousand services cost two allocations, not a thousand.
    public struct Edges: Sendable {
        private var offsets: [Int32]
        private var targets: [Int32]

        init(_ lists: [[UInt32]]) {
            offsets = [0]
            offsets.reserveCapacity(lists.count + 1)
            targets = []
            for list in lists {
                for target in list { targets.append(Int32(target)) }
                offsets.append(Int32(targets.count))
            }
        }

        /// The same edges from their other end.
        init(reversing edges: Edges) {
            let count = edges.offsets.count - 1
            var sums = [Int32](repeating: 0, count: count + 1)
            for target in edges.targets { sums[Int(target) + 1] += 1 }
            for index in 0..<count { sums[index + 1] += sums[index] }
            offsets = sums
            targets = [Int32](repeating: 0, count: edges.targets.count)
            for source in 0..<count {
                for position in edges.range(of: source) {
                    let target = Int(edges.targets[position])
                    targets[Int(sums[target])] = Int32(source)
                    sums[target] += 1
                }
            }
        }

        public func range(of service: Int) -> Range<Int> {
            Int(offsets[service])..<Int(offsets[service + 1])
        }

        /// The service at a position of some `range(of:)`.
        public subscript(_ position: Int) -> Int { Int(targets[position]) }
    }

    public let count: Int
    public let requires: Edges
    public let requiredBy: Edges
    public let milestones: Edges
    public let milestoneOf: Edges
    public let wants: Edges
    /// `after` without what `requires` already says.
    public let after: Edges
    public let before: Edges
    /// Both ends of each conflict name the other, whichever of them declares it.
    public let conflicts: Edges
    /// The service that a final action starts; −1: none.
    let finalTargets: [Int32]

    public init(_ plan: BootPlan) throws(BootPlanError) {
        count = plan.services.count
        var lists = Lists(count: count)
        for index in plan.services.indices { try lists.take(index, of: plan) }
        requires = Edges(lists.requires)
        requiredBy = Edges(reversing: requires)
        milestones = Edges(lists.milestones)
        milestoneOf = Edges(reversing: milestones)
        wants = Edges(lists.wants)
        after = Edges(lists.after)
        before = Edges(reversing: after)
        conflicts = Edges(lists.bothWays(lists.conflicts))
        finalTargets = lists.finalTargets
    }

    /// A cycle over `requires`, `milestones` and `after`, each service waiting for the next; nil if there is
    /// none.
    ///
    /// Only the services of the cycle itself are named, never an innocent one that waits for it.
    public func cycle() -> [Int]? {
        var waits = [Int32](repeating: 0, count: count)
        let order = peel(&waits)
        guard order.count < count, let start = waits.firstIndex(where: { $0 > 0 }) else { return nil }
        // Whatever could not be peeled off waits for another such service: walking on must come round.
        var seenAt = [Int32](repeating: -1, count: count)
        var path: [Int] = []
        var current = start
        while seenAt[current] < 0 {
            seenAt[current] = Int32(path.count)
            path.append(current)
            current = blocked(by: current, waits)
        }
        return Array(path[Int(seenAt[current])...])
    }

    func checkForCycle(in plan: BootPlan) throws(BootPlanError) {
        guard let cycle = cycle() else { return }
        var names: [String] = []
        for service in cycle { names.append(plan.services[service].name) }
        throw .cycle(names)
    }

    /// Every service behind all that it waits for; services of a cycle, and those behind it, are left out.
    public func order() -> [Int] {
        var waits = [Int32](repeating: 0, count: count)
        return peel(&waits)
    }

    private func peel(_ waits: inout [Int32]) -> [Int] {
        var order: [Int] = []
        for service in 0..<count {
            for edges in [requires, milestones, after] {
                waits[service] += Int32(edges.range(of: service).count)
            }
            if waits[service] == 0 { order.append(service) }
        }
        var next = 0
        while next < order.count {
            for edges in [requiredBy, milestoneOf, before] {
                for position in edges.range(of: order[next]) {
                    waits[edges[position]] -= 1
                    if waits[edges[position]] == 0 { order.append(edges[position]) }
                }
            }
            next += 1
        }
        return order
    }

    private func blocked(by service: Int, _ waits: [Int32]) -> Int {
        for edges in [requires, milestones, after] {
            for position in edges.range(of: service) where waits[edges[position]] > 0 {
                return edges[position]
            }
        }
        return service
    }
}

extension DependencyGraph {
    /// The relations of a plan by index, each neighbour once.
    private struct Lists {
        var requires: [[UInt32]] = []
        var milestones: [[UInt32]] = []
        var wants: [[UInt32]] = []
        var after: [[UInt32]] = []
        var conflicts: [[UInt32]] = []
        var finalTargets: [Int32] = []
        /// The last list that took a service, so that a list of thousands is not searched for each of them.
        private var takenBy: [Int32]
        private var listNumber: Int32 = 0

        init(count: Int) { takenBy = [Int32](repeating: 0, count: count) }

        mutating func take(_ index: Int, of plan: BootPlan) throws(BootPlanError) {
            let name = plan.services[index].name
            requires.append(
                unique(try plan.indices(of: plan.services[index].requires, relation: "requires", in: name)))
            let order = try plan.indices(of: plan.services[index].after, relation: "after", in: name)
            // Goes on with the same list number: what it requires already, it need not come after.
            after.append(unique(order, isNewList: false))
            milestones.append(
                unique(
                    try plan.indices(of: plan.services[index].milestones, relation: "milestones", in: name)))
            wants.append(
                unique(try plan.indices(of: plan.services[index].wants, relation: "wants", in: name)))
            let excluded = try plan.indices(
                of: plan.services[index].conflicts, relation: "conflicts", in: name)
            conflicts.append(excluded.filter { $0 != UInt32(index) })
            finalTargets.append(try Self.finalTarget(plan, index))
        }

        private static func finalTarget(_ plan: BootPlan, _ index: Int) throws(BootPlanError) -> Int32 {
            switch plan.services[index].finalAction {
            case .isolate(let target), .start(let target):
                let found = try plan.indices(
                    of: [target], relation: "final-action", in: plan.services[index].name)
                return Int32(found[0])
            case .none, .reboot, .fallbackSlot: return -1
            }
        }

        private mutating func unique(_ indices: [UInt32], isNewList: Bool = true) -> [UInt32] {
            if isNewList { listNumber += 1 }
            var result: [UInt32] = []
            result.reserveCapacity(indices.count)
            for index in indices where takenBy[Int(index)] != listNumber {
                takenBy[Int(index)] = listNumber
                result.append(index)
            }
            return result
        }

        mutating func bothWays(_ lists: [[UInt32]]) -> [[UInt32]] {
            var result = lists
            for index in lists.indices {
                for other in lists[index] { result[Int(other)].append(UInt32(index)) }
            }
            for index in result.indices { result[index] = unique(result[index]) }
            return result
        }
    }
}

extension BootPlan {
    /// Everything that only the whole set of services can show; a plan for which this returns can be run.
    public func validate() throws(BootPlanError) {
        let graph = try DependencyGraph(self)
        _ = try indices(of: health.services, relation: "health", in: "health")
        try graph.checkForCycle(in: self)
    }
}
