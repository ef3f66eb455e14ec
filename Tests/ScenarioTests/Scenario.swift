import Foundation
import Yams

/// A folder of `Scenarios/`: services, what is done to them, and the events that must follow.
///
///     NAME/services/*.yaml   service files as on a handset, with these words replaced:
///                            @DIR@ the run's private folder, @WITNESS@ the program in Witness/,
///                            @LOGD@ amos-logd, @PORT@ a free TCP port, @UID@ @GID@ whoever runs the tests
///     NAME/scenario.yaml     about:  what is shown
///                            needs:  [root, cgroup, …] what not every machine has (Machine.swift)
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

    private struct File: Decodable {
        var about: String
        var needs: [Machine.Ability]?
        var steps: [Step]
        var descriptors: Int?
        var processes: Int?
        var empty: [String]?
        var clock: String?
        var status: Int32?
    }

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Scenarios")

    static let names: [String] = {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        return names.sorted()
    }()

    let name: String
    let needs: [Machine.Ability]
    let steps: [Step]
    let conditions: SupervisorConditions
    let status: Int32
    let expectation: Expectation

    /// Of service files.
    func folder(_ part: String) -> URL { Self.folder.appendingPathComponent("\(name)/\(part)") }

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

/// What went wrong in a scenario, for people.
struct ScenarioFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
