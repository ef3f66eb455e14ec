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
    public let wants: Edges
    /// `after` without what `requires` already says.
    public let after: Edges
    public let before: Edges

    public init(_ plan: BootPlan) throws(BootPlanError) {
        count = plan.services.count
        var requires: [[UInt32]] = []
        var wants: [[UInt32]] = []
        var after: [[UInt32]] = []
        for service in plan.services {
            let required = Self.unique(
                try plan.indices(of: service.requires, relation: "requires", in: service.name))
            requires.append(required)
            wants.append(try plan.indices(of: service.wants, relation: "wants", in: service.name))
            let order = try plan.indices(of: service.after, relation: "after", in: service.name)
            after.append(Self.unique(order).filter { !required.contains($0) })
        }
        self.requires = Edges(requires)
        requiredBy = Edges(reversing: self.requires)
        self.wants = Edges(wants)
        self.after = Edges(after)
        before = Edges(reversing: self.after)
    }

    /// A cycle over `requires` and `after`, each service waiting for the next; nil if there is none.
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

    /// Every service behind all that it waits for; services of a cycle, and those behind it, are left out.
    public func order() -> [Int] {
        var waits = [Int32](repeating: 0, count: count)
        return peel(&waits)
    }

    private func peel(_ waits: inout [Int32]) -> [Int] {
        var order: [Int] = []
        for service in 0..<count {
            waits[service] = Int32(requires.range(of: service).count + after.range(of: service).count)
            if waits[service] == 0 { order.append(service) }
        }
        var next = 0
        while next < order.count {
            for edges in [requiredBy, before] {
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
        for edges in [requires, after] {
            for position in edges.range(of: service) where waits[edges[position]] > 0 {
                return edges[position]
            }
        }
        return service
    }

    private static func unique(_ indices: [UInt32]) -> [UInt32] {
        var result: [UInt32] = []
        for index in indices where !result.contains(index) { result.append(index) }
        return result
    }
}

extension BootPlan {
    /// Everything that only the whole set of services can show; a plan for which this returns can be run.
    public func validate() throws(BootPlanError) {
        let graph = try DependencyGraph(self)
        _ = try indices(of: health.services, relation: "health", in: "health")
        guard let cycle = graph.cycle() else { return }
        var names: [String] = []
        for service in cycle { names.append(services[service].name) }
        throw .cycle(names)
    }
}
