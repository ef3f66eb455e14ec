import Services

/// How much of the handset lies open to a service, should it be taken over: 0 (nothing) to 10 (everything),
/// and what it could give up.
public struct ServiceExposure: Sendable, Equatable {
    public struct Aspect: Sendable, Equatable {
        public var name: String
        /// In tenths.
        public var points: Int
        public var limit: Int
        /// Nil: nothing left to give up.
        public var advice: String?
    }

    public var service: String
    public var aspects: [Aspect]

    /// In tenths: 0 to 100.
    public var points: Int { min(100, aspects.reduce(0) { $0 + $1.points }) }

    public var word: String {
        switch points {
        case ...20: "low"
        case ...45: "medium"
        case ...75: "high"
        default: "everything"
        }
    }

    public var advice: [String] { aspects.compactMap(\.advice) }

    init(_ service: ServiceDefinition, node: NodeReader) {
        self.service = service.name
        aspects = []
        guard service.kind != .target else { return }
        rateIdentity(service)
        rateFilter(service, node)
        rateFiles(service.isolation)
        rateNamespaces(service, Self.allowedCalls(node))
        // Whoever may replace the plan may run anything as anybody.
        guard service.userID == 0, service.controlRights.contains(.change) else { return }
        add("control of init", 100, of: 100, "do without change (control)")
    }

    private mutating func add(_ name: String, _ points: Int, of limit: Int, _ advice: String?) {
        aspects.append(Aspect(name: name, points: points, limit: limit, advice: points > 0 ? advice : nil))
    }

    private mutating func rateIdentity(_ service: ServiceDefinition) {
        let isolation = service.isolation
        let isRoot = service.userID == 0
        add("user", isRoot ? 15 : 0, of: 15, "run as a user of its own (user)")
        let bounding = isolation.boundingCapabilities & Capabilities.all
        let held = isRoot ? bounding : isolation.ambientCapabilities
        let mighty = Capabilities.names(in: held & Capabilities.mask(Capabilities.mighty))
        let points = held == 0 ? 0 : mighty.isEmpty ? 5 : 20
        let which = held == Capabilities.all ? "all of them" : mighty.joined(separator: ", ")
        add(
            "capabilities", points, of: 20,
            mighty.isEmpty
                ? "do without \(Capabilities.names(in: held).joined(separator: ", "))"
                : "keep only the capabilities it uses (capabilities); now it has \(which)")
        let mayRise = !isolation.noNewPrivileges && bounding != 0
        add("new privileges", mayRise ? 10 : 0, of: 10, "no-new-privileges: true")
    }

    /// Nil: all of them.
    private static func allowedCalls(_ node: NodeReader) -> Set<String>? {
        let isolation = node.map("isolation")
        guard isolation.has("system-calls") else { return nil }
        let table = isolation.map("system-calls")
        let names = table.has("allow") ? table.texts("allow") : isolation.texts("system-calls")
        return SystemCallGroups.calls(of: names)
    }

    private mutating func rateFilter(_ service: ServiceDefinition, _ node: NodeReader) {
        guard let calls = Self.allowedCalls(node) else {
            return add("system calls", 20, of: 20, "list its system calls (system-calls), such as @service")
        }
        let harmful = SystemCallGroups.dangerous.filter {
            !calls.isDisjoint(with: SystemCallGroups.calls(of: [$0]))
        }
        add(
            "system calls", harmful.isEmpty ? 0 : min(20, 5 + 5 * harmful.count), of: 20,
            "do without system calls of \(harmful.joined(separator: ", "))")
    }

    private mutating func rateFiles(_ isolation: Isolation) {
        let isConfined = !isolation.landlock.isEmpty
        add(
            "files", isolation.isFileSystemReadOnly || isConfined ? 0 : 10, of: 10,
            "read-only-root: true, and writable paths for what it keeps")
        add(
            "temporary files", isolation.hasPrivateTemporaryFiles || isConfined ? 0 : 5, of: 5,
            "private-tmp: true")
        add("devices", isolation.hasPrivateDevices || isConfined ? 0 : 5, of: 5, "private-dev: true")
    }

    private mutating func rateNamespaces(_ service: ServiceDefinition, _ calls: Set<String>?) {
        let namespaces = service.isolation.namespaces
        let hasNoSockets = calls.map { !$0.contains("socket") } ?? false
        add(
            "network", namespaces.contains(.network) || hasNoSockets ? 0 : 10, of: 10,
            "a network namespace, or no @network among its system calls")
        let missing = [("pid", Isolation.Namespaces.pid), ("ipc", .ipc)].filter { !namespaces.contains($0.1) }
        let names = missing.map(\.0).joined(separator: " and ")
        add("namespaces", missing.count * 25 / 10, of: 5, "\(names) namespaces of its own")
    }
}
