import Foundation
import Services

@testable import DeviceSpec

/// The first service of every scenario: the others come after it, and it ends when the listener listens, so
/// that no event is missed.
enum Gate {
    static let name = "gate"

    static func add(to services: inout [ServiceDefinition], folder: String) {
        for index in services.indices { services[index].after.append(name) }
        var gate = ServiceDefinition(name: name)
        gate.kind = .oneShot
        gate.restart = .never
        gate.program = "/bin/sh"
        gate.arguments = ["-c", "read line < \(folder)/gate"]
        services.append(gate)
    }

    static func open(_ folder: String) throws {
        try Data("open\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/gate"))
    }
}

/// A scenario's services as the plan that PID 1 reads.
enum PlanFile {
    static func compile(_ folder: String, gateFolder: String) throws -> BootPlan {
        let diagnostics = DiagnosticCollector()
        let files = try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
        let names = Set(files.map { String($0.dropLast(".yaml".count)) })
        let empty = SourceNode(
            content: .map([]), location: SourceLocation(file: folder, line: 1, column: 1))
        let accounts = Accounts(NodeReader(node: empty, diagnostics: diagnostics))
        var services: [ServiceDefinition] = []
        for name in names {
            guard let root = SourceFile(path: "\(folder)/\(name).yaml", diagnostics: diagnostics).root
            else { continue }
            let node = ShapeCheck(diagnostics: diagnostics)
                .check(root, against: .map(ServiceKeys.service), key: "a service file")
            guard !node.isInvalid else { continue }
            services.append(
                ServiceReader(
                    name: name, reader: NodeReader(node: node, diagnostics: diagnostics), accounts: accounts,
                    present: names, known: names
                ).read())
        }
        try diagnostics.throwIfAny()
        Gate.add(to: &services, folder: gateFolder)
        services.sort { $0.name < $1.name }
        let health = BootPlan.Health(services: [], stableForMilliseconds: 100, deadlineMilliseconds: 60_000)
        return BootPlan(hostname: "scenario", services: services, lateModules: [], health: health)
    }
}
