import Foundation
import HostSystem

@testable import ScenarioFormat

extension SupervisorConditions {
    /// Nobody else's: processes are counted by user. Beyond those that systems give to people and daemons.
    private static let stranger = 1_000_000 + UInt32(getpid())

    /// Whom it runs as, if not as whoever runs the tests.
    var user: UInt32? { processes != nil && getuid() == 0 ? Self.stranger : nil }

    /// Where it can be started by whoever it runs as: others do not see what lies in somebody's home.
    func program(_ name: String, in folder: String) throws -> String {
        let path = try Machine.program(name)
        guard user != nil else { return path }
        let copy = "\(folder)/\(name)"
        // By another process, which has it no longer open for writing.
        if access(copy, X_OK) != 0 { try Tool("cp", package: "coreutils").check([path, copy]) }
        return copy
    }

    /// What keeps the user that it runs as from running our programs at all.
    func lack() throws -> String? {
        guard user != nil else { return nil }
        let folder = NSTemporaryDirectory() + "amos-scenario-trial.\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        chmod(folder, 0o755)
        let words = Array(becomingUser.dropFirst()) + [try program("amosctl", in: folder), "--help"]
        let trial = try Tool("setpriv", package: "util-linux").run(words)
        return trial.status == 0 ? nil : "others cannot use this Swift runtime: \(trial.errorText)"
    }

    /// Words before a command that is to run as this user.
    var becomingUser: [String] {
        guard let user else { return [] }
        return ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
    }

    /// The command that runs `program` under these conditions; it ends with the thread that started it.
    func command(_ program: [String], clock: String?, group: String?) throws -> [String] {
        var words = becomingUser + ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
        if let descriptors {
            // What other tests have open at the moment would take some of the few.
            words += ["/bin/bash", "-c", Self.closingAll, "bash"]
            words += ["/usr/bin/prlimit", "--nofile=\(descriptors):\(descriptors)"]
        }
        if !Machine.namespace.isEmpty {
            let namespace = processes == nil ? Machine.namespace : Machine.namespaceAsUser
            words += ["/usr/bin/unshare"] + namespace
        }
        // Within the namespace: only what is in there counts.
        if let processes { words += ["/usr/bin/prlimit", "--nproc=\(processes):\(processes)"] }
        for folder in emptyFolders {
            words += ["/bin/sh", "-c", "mount -t tmpfs none \"$0\" && exec \"$@\"", folder]
        }
        if let clock { words += try Self.setting(clock) }
        words += program
        guard let group else { return words }
        return ["/bin/sh", "-c", "echo $$ > \"$0/cgroup.procs\" && exec \"$@\"", group] + words
    }

    private static let closingAll =
        #"for f in /proc/$$/fd/*; do n=${f##*/}; [ "$n" -gt 2 ] && eval "exec $n>&-"; done; exec "$@""#

    /// libfaketime changes what a program is told by CLOCK_REALTIME, and when its timers by that clock fire.
    private static func setting(_ clock: String) throws -> [String] {
        let faketime = try Tool("faketime", package: "faketime")
        let library = try faketime.check(["now", "printenv", "LD_PRELOAD"]).text
        return [
            "/usr/bin/env", "TZ=UTC", "FAKETIME=@\(clock)", "FAKETIME_DONT_FAKE_MONOTONIC=1",
            "LD_PRELOAD=\(library.trimmingCharacters(in: .whitespacesAndNewlines))",
        ]
    }
}
