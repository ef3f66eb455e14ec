import Foundation

/// Inits that insist on being PID 1: each gets name spaces of its own, and its configuration mounted over the
/// machine's. `unshare` and the shell that mounts add some milliseconds, which the smallest load shows.
///
/// They believe that the machine is theirs and has just started: finit empties /tmp, and follows symbolic
/// links out of it. So all that is mounted is read-only for them, apart from a /run of their own.
private struct PrivateInit {
    /// The file in /etc, and what lies over it.
    var covers: [(path: String, source: String)]
    var program: [String]

    func words(in folder: String) throws -> [String] {
        var script = "set -e\n"
        // Both mount an empty /tmp over what has no mount of its own; the services' program is below it.
        script += "mount --bind /tmp /tmp\n"
        for cover in covers { script += "mount --bind \(cover.source) \(cover.path)\n" }
        script += """
            while read -r source point type options rest; do
              case $type in proc|sysfs|devtmpfs|devpts|cgroup*) continue ;; esac
              mount -o remount,bind,ro "$(printf '%b' "$point")"
            done </proc/self/mounts
            mount -t tmpfs none /run
            mkdir -p /run/lock

            """
        script += "exec \(program.joined(separator: " ")) >/dev/null 2>&1 </dev/null\n"
        try PeerProgram.write(script, to: folder + "/begin")
        let unshare = "--fork --pid --mount --uts --ipc --net --mount-proc --kill-child"
        return ["/usr/bin/unshare"] + unshare.split(separator: " ").map(String.init)
            + ["/bin/sh", folder + "/begin"]
    }
}

/// finit, from Debian.
struct FinitPeer: SupervisorPeer {
    let name = "finit"
    let program: String

    init?() {
        guard let program = PeerProgram.find("finit"), geteuid() == 0,
            access("/etc/finit.conf", F_OK) == 0, access("/etc/fstab", F_OK) == 0
        else { return nil }
        self.program = program
    }

    func prepare(_ load: SupervisorLoad, in folder: String) throws -> SupervisorCommand? {
        let services = folder + "/finit.d"
        try PeerProgram.makeFolder(services)
        try PeerProgram.write("runlevel 2\nhostname bench\n", to: folder + "/finit.conf")
        // Readiness is a PID file in this version, which a program has to write: no chain without a shell.
        guard load.shape == .independent else { return nil }
        let lines = load.names.map {
            "service [2] log:null name:\($0) :\($0) \(load.program) \(load.fifo) -- x\n"
        }
        try PeerProgram.write(lines.joined(), to: services + "/all.conf")
        let start = PrivateInit(
            covers: [
                ("/etc/finit.conf", folder + "/finit.conf"), ("/etc/finit.d", services),
                ("/etc/fstab", "/dev/null"),
            ], program: [program])
        return SupervisorCommand(
            words: try start.words(in: folder),
            stop: .never(why: "its shutdown is the machine's: scripts, a reboot"))
    }
}

/// BusyBox init: an inittab of `respawn` lines. No dependencies, no readiness.
struct BusyBoxPeer: SupervisorPeer {
    let name = "BusyBox init"
    let program: String

    init?() {
        guard let program = PeerProgram.find("busybox"), geteuid() == 0 else { return nil }
        self.program = program
    }

    func prepare(_ load: SupervisorLoad, in folder: String) throws -> SupervisorCommand? {
        guard load.shape == .independent else { return nil }
        // Two lines that say the same are one service to it.
        let lines = load.names.map { "::respawn:\(load.program) \(load.fifo) - \($0)\n" }
        try PeerProgram.makeFolder(folder + "/etc")
        try PeerProgram.write(lines.joined(), to: folder + "/etc/inittab")
        let start = PrivateInit(covers: [("/etc", folder + "/etc")], program: [program, "init"])
        return SupervisorCommand(
            words: try start.words(in: folder),
            stop: .never(why: "its shutdown is the machine's: it kills everything and reboots"))
    }
}
