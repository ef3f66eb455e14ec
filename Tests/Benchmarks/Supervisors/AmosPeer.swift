import Assembly
import Foundation
import HostSystem
import Services

/// Ours, as `amos supervise` runs it. Its services' output goes into pipes for the logger, which the others
/// do not offer or do not do here; that is not taken away from it.
struct AmosPeer: SupervisorPeer {
    let name = "amos-init"
    let programs: NativePrograms

    func prepare(_ load: SupervisorLoad, in folder: String) throws -> SupervisorCommand? {
        var services: [ServiceDefinition] = []
        for name in load.names {
            var service = ServiceDefinition(name: name)
            service.program = load.program
            service.arguments = [load.fifo]
            service.restart = .always
            if load.shape == .chain {
                service.readiness = .descriptor(3)
                service.arguments.append("3")
                service.requires = services.last.map { [$0.name] } ?? []
            }
            services.append(service)
        }
        let health = BootPlan.Health(services: [], stableForMilliseconds: 0, deadlineMilliseconds: 600_000)
        let plan = BootPlan(hostname: "bench", services: services, lateModules: [], health: health)
        try OutputFile.write(try plan.encode(), to: folder + "/plan")
        try PeerProgram.makeFolder(folder + "/run")
        return SupervisorCommand(
            words: [programs.initialProcess, "--plan", folder + "/plan", "--run", folder + "/run"],
            stop: .signal(SIGTERM))
    }
}

/// `dinit` is not in Debian: built elsewhere, named by AMOS_DINIT or found on PATH.
struct DinitPeer: SupervisorPeer {
    let name = "dinit"
    let program: String

    func prepare(_ load: SupervisorLoad, in folder: String) throws -> SupervisorCommand? {
        let services = folder + "/services"
        try PeerProgram.makeFolder(services + "/all")
        try PeerProgram.write("type = internal\nwaits-for.d = \(services)/all\n", to: services + "/boot")
        var previous: String?
        for name in load.names {
            var text = "type = process\ncommand = \(load.program) \(load.fifo)"
            if load.shape == .chain {
                text += " 3\nready-notification = pipefd:3"
                if let previous { text += "\ndepends-on = \(previous)" }
                previous = name
            }
            try PeerProgram.write(text + "\nrestart = yes\n", to: services + "/" + name)
            symlink("../" + name, services + "/all/" + name)
        }
        return SupervisorCommand(
            words: [program, "-u", "-q", "-d", services, "-p", folder + "/socket"], stop: .signal(SIGTERM))
    }
}
