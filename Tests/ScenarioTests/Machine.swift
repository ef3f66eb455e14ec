import Foundation
import HostSystem
import LinuxSystem

/// What this machine offers to scenarios, found out once.
enum Machine {
    enum Ability: String, Decodable, Sendable {
        /// Being root, for real: other users' ids, real-time scheduling, device nodes.
        case root
        /// A cgroup v2 that may be written to.
        case cgroup
        /// Namespaces of its own for a service that is started as root of a user namespace.
        case namespaces
        /// Landlock, which not every kernel has switched on.
        case landlock
    }

    /// How to become PID 1 of a new PID namespace with its own `/proc`; empty where the machine forbids it.
    static let namespace: [String] = {
        let common = ["--pid", "--fork", "--kill-child", "--mount-proc"]
        let asUser = ["--user", "--map-root-user"]
        for words in [common, asUser + common] {
            let trial = try? Tool("unshare", package: "util-linux").run(words + ["/bin/true"])
            if trial?.status == 0 { return words }
        }
        say("no namespaces of our own (unshare fails): amos-init runs as an ordinary program, not as PID 1")
        return []
    }()

    static let cgroupMount: String? = {
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        for line in mounts.split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 2, fields[2] == "cgroup2", access(String(fields[1]), W_OK) == 0 {
                return String(fields[1])
            }
        }
        return nil
    }()

    static func has(_ ability: Ability) -> Bool {
        switch ability {
        case .root: getuid() == 0
        case .cgroup: cgroupMount != nil
        case .namespaces: !namespace.isEmpty
        case .landlock: Landlock.version > 0
        }
    }

    /// Beside the test bundle lies everything that the same build has made.
    static func program(_ name: String) throws -> String {
        let bundle = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: bundle).deletingLastPathComponent().path + "/\(name)"
        guard access(path, X_OK) == 0 else {
            throw ScenarioFailure("\(path) is missing: `swift build` makes it")
        }
        return path
    }

    static func say(_ text: String) {
        FileHandle.standardError.write(Data("ScenarioTests: \(text)\n".utf8))
    }
}
