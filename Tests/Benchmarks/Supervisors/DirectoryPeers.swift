import Foundation

/// Supervisors of the daemontools family: a folder and a process for each service. The program is the `run`
/// file itself, as a hard link: no shell takes part, which is more than their users get.
private func writeRunFolders(_ load: SupervisorLoad, in folder: String) throws {
    for name in load.names {
        try PeerProgram.makeFolder("\(folder)/\(name)")
        guard link(load.program, "\(folder)/\(name)/run") == 0 else { throw CocoaError(.fileWriteUnknown) }
    }
}

/// s6-svscan with one s6-supervise per service. It knows no dependencies (s6-rc does, which Debian 12 lacks).
struct S6Peer: SupervisorPeer {
    let name = "s6"
    let scan: String
    let control: String

    init?() {
        guard let scan = PeerProgram.find("s6-svscan"), let control = PeerProgram.find("s6-svscanctl")
        else { return nil }
        (self.scan, self.control) = (scan, control)
    }

    func prepare(_ load: SupervisorLoad, in folder: String) throws -> SupervisorCommand? {
        guard load.shape == .independent else { return nil }
        let services = folder + "/scan"
        try writeRunFolders(load, in: services)
        return SupervisorCommand(
            words: [scan, "-c", "2000", services], stop: .command([control, "-t", services]))
    }
}

/// runsvdir with one runsv per service. Dependencies are what its users write into `run`: `sv start` of the
/// one before, which waits for its `check` file.
struct RunitPeer: SupervisorPeer {
    let name = "runit"
    let program: String
    let control: String

    init?() {
        guard let program = PeerProgram.find("runsvdir"), let control = PeerProgram.find("sv") else {
            return nil
        }
        (self.program, self.control) = (program, control)
    }

    func prepare(_ load: SupervisorLoad, in folder: String) throws -> SupervisorCommand? {
        let services = folder + "/services"
        // SIGHUP: its services get SIGTERM, and it exits.
        let command = SupervisorCommand(words: [program, services], stop: .signal(SIGHUP))
        guard load.shape == .chain else {
            try writeRunFolders(load, in: services)
            return command
        }
        var previous: String?
        for name in load.names {
            try PeerProgram.makeFolder("\(services)/\(name)")
            let need = previous.map { "\(control) start \(services)/\($0) >&2 || exit 1\n" } ?? ""
            let script = "#!/bin/sh\n\(need)exec \(load.program) \(load.fifo)\n"
            try PeerProgram.write(script, to: "\(services)/\(name)/run", executable: true)
            previous = name
        }
        return command
    }
}
