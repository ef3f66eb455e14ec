import Foundation
import Yams

/// A folder of `Scenarios/`: services, what is done to them, and the events that must follow.
///
///     NAME/services/*.yaml   service files as on a handset, with these words replaced:
///                            @DIR@ the run's private folder, @WITNESS@ the program in Witness/,
///                            @LOGD@ amos-logd, @PORT@ a free TCP port, @UID@ @GID@ whoever runs the tests
///     NAME/scenario.yaml     about:  what is shown
///                            needs:  [root, cgroup, …] what not every machine has
///                            steps:  in order, each one of
///                              - wait: a ready       until a has been ready; `a ready#2`: twice
///                              - run: SCRIPT         /bin/sh -eu; with prints: [regular expressions],
///                                                    lacks: [regular expressions], status: 0
///                              - pause: 300          milliseconds in which something must not happen
///                              - ended: [patterns]   waits until amos-init has ended, having said this;
///                                                    the events of its shutdown are then expected, too
///                              - plan: NAME          compiles the scenario's folder NAME into $DIR/NAME.plan
///                              - cut: TIME           the power goes, and comes back when the wall clock says
///                                                    TIME (as `clock`); events of all boots count
///                            descriptors: 40         how many amos-init may have open
///                            processes: 20           how many it and its services may be; not as root
///                            empty: [/run]           folders that it finds empty
///                            clock: 2026-03-01 03:29:58   what the wall clock says at first; UTC
///                            status: 1               with which amos-init ends; 0
///     NAME/expected          what `Expectation` reads
///
/// Scripts see $DIR, $PORT, $PID_name (a service's main process), and have `amosctl`, `witness` and `await
/// COMMAND…` (until it succeeds) on their PATH.
struct Scenario: Sendable {
    struct Step: Decodable, Sendable {
        var wait: String?
        var run: String?
        var prints: [String]?
        var lacks: [String]?
        var status: Int32?
        var pause: UInt32?
        var ended: [String]?
        var plan: String?
        var cut: String?
    }

    enum Ability: String, Decodable, Sendable {
        /// Being root, for real: other users' ids, real-time scheduling, device nodes.
        case root
        /// A cgroup v2 that may be written to.
        case cgroup
        /// And one that has the controllers of memory, processor and processes to give.
        case controllers
        /// Namespaces of its own for a service that is started as root of a user namespace.
        case namespaces
        /// Landlock, which not every kernel has switched on.
        case landlock

        /// Why a scenario that needs it is not played, for people.
        var lack: String {
            switch self {
            case .root: "it must be root for real, not only in a namespace"
            case .cgroup: "the cgroup v2 that the tests run in is not theirs to divide"
            case .controllers: "the tests' cgroup v2 has no controllers of memory, cpu and pids to give"
            case .namespaces: "no namespaces can be made (unshare fails)"
            case .landlock: "the kernel has no Landlock switched on"
            }
        }
    }

    private struct File: Decodable {
        var about: String
        var needs: [Ability]?
        var steps: [Step]
        var descriptors: Int?
        var processes: Int?
        var empty: [String]?
        var clock: String?
        var status: Int32?
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Scenarios")

    static let names: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted()
    }()

    let name: String
    let needs: [Ability]
    let steps: [Step]
    let conditions: SupervisorConditions
    let status: Int32
    let expectation: Expectation

    /// Folders of service files: `services`, and those that the steps compile.
    var parts: [String] { ["services"] + steps.compactMap(\.plan) }

    /// Service files by their names.
    func services(in part: String, replacing words: [String: String]) throws -> [String: String] {
        let folder = Self.folder.appendingPathComponent("\(name)/\(part)")
        var files: [String: String] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
            var text = try String(contentsOf: folder.appendingPathComponent(file), encoding: .utf8)
            for (word, value) in words { text = text.replacing(word, with: value) }
            files[file] = text
        }
        return files
    }

    init(_ name: String) throws {
        self.name = name
        let folder = Self.folder.appendingPathComponent(name)
        let text = try String(contentsOf: folder.appendingPathComponent("scenario.yaml"), encoding: .utf8)
        let file = try YAMLDecoder().decode(File.self, from: text)
        needs = file.needs ?? []
        steps = file.steps
        conditions = SupervisorConditions(
            descriptors: file.descriptors, processes: file.processes, emptyFolders: file.empty ?? [],
            clock: file.clock)
        status = file.status ?? 0
        expectation = try Expectation(
            String(contentsOf: folder.appendingPathComponent("expected"), encoding: .utf8))
    }
}

extension Scenario.Step {
    /// What is wrong with what its script has said.
    func problems(status found: Int32, output: String) throws -> [String] {
        if found != status ?? 0 { return ["it ended with status \(found):\n\(output)"] }
        let missing = try (prints ?? []).filter { try !output.contains(Regex($0)) }
        let extra = try (lacks ?? []).filter { try output.contains(Regex($0)) }
        return missing.map { "it does not print /\($0)/ but:\n\(output)" }
            + extra.map { "it prints /\($0)/:\n\(output)" }
    }
}

/// What a scenario's amos-init finds where it starts.
struct SupervisorConditions: Sendable {
    /// How many descriptors it may have open; nil: as many as the tests.
    var descriptors: Int?
    /// How many processes it and its services may be; then it is not root, whom no such limit binds.
    var processes: Int?
    /// Folders that are empty for it and its services.
    var emptyFolders: [String]
    /// What the wall clock says when it starts (UTC); nil: the time.
    var clock: String?
}

/// What went wrong in a scenario, for people.
struct ScenarioFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
