import Services

/// The services of one device or folder: files found, names resolved, order possible.
struct ServiceSet {
    /// Sorted by name.
    private(set) var sources: [Device.ServiceSource] = []
    /// In the same order.
    let nodes: [(name: String, node: SourceNode)]
    /// Everything that `services:` names, also what turned out to be wrong.
    let named: Set<String>
    let diagnostics: DiagnosticCollector

    init(
        _ names: [Located<String>], files: ServiceFiles, accounts: Accounts,
        architecture: SystemCallFilter.Architecture
    ) {
        diagnostics = files.diagnostics
        named = Set(names.map(\.value))
        let known = files.names()
        var nodes: [(name: String, node: SourceNode)] = []
        for name in names {
            if let node = files.service(name.value) {
                if !node.isInvalid { nodes.append((name.value, node)) }
            } else if !known.contains(name.value) {
                diagnostics.addUnknown("service", name.value, at: name.location, among: known)
            }
        }
        // As the plan wants them: by bytes.
        nodes.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        for (name, node) in nodes {
            let service = ServiceReader(
                name: name, reader: NodeReader(node: node, diagnostics: diagnostics), accounts: accounts,
                present: named, known: known, architecture: architecture)
            let program = service.reader.located("program")
            sources.append(
                .init(
                    definition: service.read(), file: node.location.file, programLocation: program?.location,
                    neededPaths: service.neededPaths()))
        }
        self.nodes = nodes
        ServiceOrder(nodes: nodes, diagnostics: diagnostics).check()
    }

    var exposures: [ServiceExposure] {
        zip(sources, nodes).map { source, item in
            ServiceExposure(source.definition, node: NodeReader(node: item.node, diagnostics: diagnostics))
        }
    }

    func require(_ name: Located<String>, for purpose: String) {
        if named.contains(name.value) { return }
        diagnostics.addUnknown(
            "service", name.value, at: name.location, among: sources.map(\.definition.name),
            where: "in \(purpose): not in this device"
        )
    }
}

/// Services wait for what they require and for what they come after; nothing may wait for itself.
struct ServiceOrder {
    let nodes: [(name: String, node: SourceNode)]
    let diagnostics: DiagnosticCollector

    private struct Edge {
        let to: String
        let location: SourceLocation
    }

    func check() {
        var edges: [String: [Edge]] = [:]
        for (name, node) in nodes {
            let reader = NodeReader(node: node, diagnostics: diagnostics)
            edges[name] = ["requires", "milestones", "after"].flatMap { reader.list($0) }.map {
                Edge(to: $0.value, location: $0.location)
            }
        }
        var finished: Set<String> = []
        for (name, _) in nodes {
            var path: [(name: String, edge: SourceLocation)] = []
            visit(name, edges, &path, &finished)
        }
    }

    /// Depth first; every cycle is reported once, where it was closed.
    private func visit(
        _ name: String, _ edges: [String: [Edge]], _ path: inout [(name: String, edge: SourceLocation)],
        _ finished: inout Set<String>
    ) {
        if finished.contains(name) { return }
        for edge in edges[name] ?? [] {
            path.append((name, edge.location))
            if let start = path.firstIndex(where: { $0.name == edge.to }) {
                report(Array(path[start...]))
            } else {
                visit(edge.to, edges, &path, &finished)
            }
            path.removeLast()
        }
        finished.insert(name)
    }

    private func report(_ cycle: [(name: String, edge: SourceLocation)]) {
        let names = (cycle.map(\.name) + [cycle[0].name]).joined(separator: " -> ")
        let others = cycle.dropFirst().map { step in
            let file = step.edge.file.split(separator: "/").last ?? ""
            return "\(file):\(step.edge.line):\(step.edge.column)"
        }
        let also = others.isEmpty ? "" : ", or one of \(others.joined(separator: ", "))"
        diagnostics.add(
            "services wait for each other: \(names)", at: cycle[0].edge, expected: "this one removed\(also)")
    }
}
