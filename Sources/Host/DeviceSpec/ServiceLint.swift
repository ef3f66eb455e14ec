import Services

/// What no single service file shows: whether the services of a plan can run together, and whether each of
/// them can ever run. Cycles are `ServiceOrder`'s.
struct ServiceLint {
    let services: ServiceSet
    let health: [Located<String>]
    let shutdownBudgetMilliseconds: UInt32
    /// Nil: not known.
    let processors: Int?

    var diagnostics: DiagnosticCollector { services.diagnostics }

    func check() {
        let all = services.sources.map(\.definition)
        let byName = Dictionary(all.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        let booted = closure(of: all.filter(\.activation.atBoot).map(\.name), byName) {
            $0.requires + $0.milestones + $0.wants
        }
        for (service, item) in zip(all, services.nodes) {
            let reader = NodeReader(node: item.node, diagnostics: diagnostics)
            checkRequirements(service, reader, byName)
            // What was reported as wrong may be what starts it.
            if !hasErrors(in: item.node.location.file) { checkReachable(service, reader, all) }
            checkValues(service, reader)
        }
        checkConflictsAtBoot(booted, byName)
        checkSockets()
        for name in health where byName[name.value] != nil && !booted.contains(name.value) {
            diagnostics.add(
                "health can never be reached: nothing starts '\(name.value)' at boot", at: name.location,
                expected: "start: boot, or a service that needs it")
        }
    }

    private func hasErrors(in file: String) -> Bool {
        diagnostics.diagnostics.contains { $0.severity == .error && $0.location.file == file }
    }

    /// These services and all that they lead to.
    private func closure(
        of names: [String], _ byName: [String: ServiceDefinition],
        along edges: (ServiceDefinition) -> [String]
    ) -> Set<String> {
        var seen = Set(names)
        var pending = names
        while let name = pending.popLast() {
            for next in byName[name].map(edges) ?? [] where seen.insert(next).inserted {
                pending.append(next)
            }
        }
        return seen
    }

    /// What it requires must be able to run beside it, and all of that together.
    private func checkRequirements(
        _ service: ServiceDefinition, _ reader: NodeReader, _ byName: [String: ServiceDefinition]
    ) {
        guard !service.requires.isEmpty else { return }
        let needed = closure(of: [service.name], byName, along: \.requires)
        for name in needed.sorted() {
            for other in byName[name]?.conflicts ?? [] where needed.contains(other) && other != name {
                let own = [name, other].first { $0 != service.name && [name, other].contains(service.name) }
                let text =
                    own.map { "requires '\($0)', which it conflicts with" }
                    ?? "requires '\(name)' and '\(other)', which conflict"
                diagnostics.add(
                    "\(service.name) can never run: it \(text)", at: reader.location("requires"),
                    expected: "services that can run together")
                return
            }
        }
    }

    private func checkConflictsAtBoot(_ booted: Set<String>, _ byName: [String: ServiceDefinition]) {
        for (name, node) in services.nodes where booted.contains(name) {
            let reader = NodeReader(node: node, diagnostics: diagnostics)
            for other in reader.list("conflicts") where booted.contains(other.value) {
                if other.value == name {
                    diagnostics.add(
                        "\(name) conflicts with itself", at: other.location, expected: "another service")
                } else {
                    diagnostics.add(
                        "\(name) and '\(other.value)' conflict, but both start at boot", at: other.location,
                        expected: "start: on-demand for one of them")
                }
            }
        }
    }

    /// Nothing at boot, no trigger, nobody who needs it or starts it.
    private func checkReachable(
        _ service: ServiceDefinition, _ reader: NodeReader, _ all: [ServiceDefinition]
    ) {
        guard !service.activation.atBoot, !service.activation.hasTriggers else { return }
        let isNeeded = all.contains { other in
            let action =
                switch other.finalAction {
                case .isolate(let name), .start(let name): name == service.name
                default: false
                }
            return action
                || (other.requires + other.milestones + other.wants).contains(service.name)
                    && other.name != service.name
        }
        if isNeeded { return }
        diagnostics.warn(
            "nothing starts \(service.name): only a command can", at: reader.location("start"),
            expected: "start: boot, start-on, or a service that requires or wants it")
    }

    private func checkSockets() {
        var users: [String: (service: String, location: SourceLocation)] = [:]
        for (source, item) in zip(services.sources, services.nodes) {
            let nodes = item.node["sockets"]?.items ?? []
            // A socket that was reported as wrong is missing among the definition's.
            guard nodes.count == source.definition.sockets.count else { continue }
            for (socket, node) in zip(source.definition.sockets, nodes) {
                let key: String
                switch socket.address {
                case .unix(let path): key = path
                case .internet(let bytes, let port):
                    key = "\(socket.kind == .stream ? "TCP" : "UDP") port \(port) of \(bytes)"
                }
                if let first = users[key] {
                    let shown = node.entries.first { $0.key != "name" }?.value.text ?? key
                    diagnostics.add(
                        "the socket \(shown) is made twice: "
                            + "for \(first.service) at \(first.location.text(relativeTo: nil)), too",
                        at: node.location, expected: "a socket of its own")
                } else {
                    users[key] = (source.definition.name, node.location)
                }
            }
        }
    }
}
