import Foundation
import HostSystem
import LinuxSystem
import Synchronization

@testable import ScenarioFormat

/// What this machine offers to scenarios, found out once.
enum Machine {
    private static let ownProcesses = ["--pid", "--fork", "--kill-child", "--mount-proc"]
    /// The same where one is not root, or shall not be.
    static let namespaceAsUser = ["--user", "--map-root-user"] + ownProcesses

    /// How to become PID 1 of a new PID namespace with its own `/proc`; empty where the machine forbids it.
    static let namespace: [String] = {
        for words in [ownProcesses, namespaceAsUser] {
            let trial = try? Tool("unshare", package: "util-linux").run(words + ["/bin/true"])
            if trial?.status == 0 { return words }
        }
        say("no namespaces of our own (unshare fails): amos-init runs as an ordinary program, not as PID 1")
        return []
    }()

    /// The cgroup that this process is in, if groups may be made in it and processes moved there.
    private static let ownGroup: String? = {
        let mounts = (try? String(contentsOfFile: "/proc/self/mounts", encoding: .utf8)) ?? ""
        let groups = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
        let mount = mounts.split(separator: "\n").map { $0.split(separator: " ") }
            .first { $0.count > 2 && $0[2] == "cgroup2" }
        let path = groups.split(separator: "\n").first { $0.hasPrefix("0::") }
        guard let mount, let path else { return nil }
        let own = "\(mount[1])\(path.dropFirst(3))"
        return access(own, W_OK) == 0 && access(own + "/cgroup.procs", W_OK) == 0 ? own : nil
    }()

    /// What a group that is made in ours gets without any doing of ours.
    private static let hasControllers: Bool = {
        guard let group = makeGroup() else { return false }
        defer { removeGroup(group) }
        let text = (try? String(contentsOfFile: group + "/cgroup.controllers", encoding: .utf8)) ?? ""
        return Set(text.split(whereSeparator: \.isWhitespace)).isSuperset(of: ["memory", "cpu", "pids"])
    }()

    private static let groupCount = Atomic(0)

    /// One for each supervisor: as PID 1 of a namespace, all of them would choose the same name.
    static func makeGroup() -> String? {
        guard let ownGroup else { return nil }
        let number = groupCount.add(1, ordering: .relaxed).newValue
        let path = "\(ownGroup)/amos-scenario-\(getpid())-\(number)"
        return mkdir(path, 0o755) == 0 ? path : nil
    }

    /// With all that is in it. A group stays busy for a moment after its last process has ended.
    static func removeGroup(_ path: String) {
        for _ in 0..<100 {
            for child in FileManager.default.enumerator(atPath: path)?.allObjects ?? [] {
                if let child = child as? String { rmdir("\(path)/\(child)") }
            }
            if rmdir(path) == 0 || errno == ENOENT { return }
            usleep(10_000)
        }
        say("\(path) could not be removed")
    }

    static func has(_ ability: Scenario.Ability) -> Bool {
        switch ability {
        case .root: getuid() == 0
        case .cgroup: ownGroup != nil
        case .controllers: hasControllers
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
