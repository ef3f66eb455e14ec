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
            checkFinalAction(service, reader, byName)
            checkValues(service, reader)
        }
        checkReachable(all, byName)
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

    /// When it has failed for good, nothing that requires it can run.
    private func checkFinalAction(
        _ service: ServiceDefinition, _ reader: NodeReader, _ byName: [String: ServiceDefinition]
    ) {
        let restart = reader.map("restart")
        for name in service.finalAction.services {
            let needed = closure(of: [name], byName, along: \.requires)
            guard needed.contains(service.name) else { continue }
            diagnostics.add(
                name == service.name
                    ? "a service that failed for good cannot start itself"
                    : "'\(name)' cannot run when \(service.name) has failed for good: it requires it",
                at: restart.location("then"), expected: "another service")
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

    /// Something must start each service: the boot, a trigger, or a service that can itself be started.
    private func checkReachable(_ all: [ServiceDefinition], _ byName: [String: ServiceDefinition]) {
        let starts = { (service: ServiceDefinition) -> [String] in
            service.requires + service.milestones + service.wants + service.finalAction.services
        }
        let begins = zip(all, services.nodes).filter { service, item in
            // What was reported as wrong may be what starts it.
            service.activation.atBoot || service.activation.hasTriggers
                || hasErrors(in: item.node.location.file)
        }
        var reached = closure(of: begins.map(\.0.name), byName, along: starts)
        var needed: Set<String> = []
        for service in all { needed.formUnion(starts(service).filter { $0 != service.name }) }
        // Of services that only a command can start, it is enough to name the first one,
        let first = all.filter { !reached.contains($0.name) && !needed.contains($0.name) }
        for service in first { warnUnreachable(service, "only a command can") }
        reached.formUnion(closure(of: first.map(\.name), byName, along: starts))
        // and all of a circle, which has none.
        for service in all where !reached.contains(service.name) {
            warnUnreachable(service, "those that need it wait for it in turn, and only a command can")
        }
    }

    private func warnUnreachable(_ service: ServiceDefinition, _ reason: String) {
        guard let item = services.nodes.first(where: { $0.name == service.name }) else { return }
        let reader = NodeReader(node: item.node, diagnostics: diagnostics)
        diagnostics.warn(
            "nothing starts \(service.name): \(reason)", at: reader.location("start"),
            expected: "start: boot, start-on, or a service that requires or wants it")
    }
}

extension ServiceDefinition.FinalAction {
    /// What it leads to.
    fileprivate var services: [String] {
        switch self {
        case .isolate(let name), .start(let name): [name]
        case .none, .reboot, .fallbackSlot: []
        }
    }
}
