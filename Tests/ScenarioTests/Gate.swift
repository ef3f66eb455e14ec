import DeviceSpec
import Foundation
import Services

/// The first service of every scenario: the others come after it, and it ends when the listener listens, so
/// that no event is missed.
enum Gate {
    static let name = "gate"

    static func add(to plan: inout BootPlan, folder: String) {
        for index in plan.services.indices { plan.services[index].after.append(name) }
        var gate = ServiceDefinition(name: name)
        gate.kind = .oneShot
        gate.restart = .never
        gate.program = "/bin/sh"
        gate.arguments = ["-c", "read line < \(folder)/gate"]
        plan.services.append(gate)
        plan.services.sort { $0.name < $1.name }
    }

    static func open(_ folder: String) throws {
        try Data("open\n".utf8).write(to: URL(fileURLWithPath: "\(folder)/gate"))
    }
}
