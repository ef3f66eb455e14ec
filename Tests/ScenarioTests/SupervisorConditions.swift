import Foundation
import HostSystem

@testable import ScenarioFormat

extension SupervisorConditions {
    private static let nobody: UInt32 = 65_534

    /// Whom it runs as, if not as whoever runs the tests.
    var user: UInt32? { processes != nil && getuid() == 0 ? Self.nobody : nil }

    /// Words before a command that is to run as this user.
    var becomingUser: [String] {
        guard let user else { return [] }
        return ["/usr/bin/setpriv", "--reuid=\(user)", "--regid=\(user)", "--clear-groups"]
    }

    /// The command that runs `program` under these conditions; it ends with the thread that started it.
    func command(_ program: [String], clock: String?, group: String?) throws -> [String] {
        var words = becomingUser + ["/usr/bin/setpriv", "--pdeathsig", "KILL"]
        if let descriptors { words += ["/usr/bin/prlimit", "--nofile=\(descriptors):\(descriptors)"] }
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
