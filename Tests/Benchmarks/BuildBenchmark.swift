import Foundation

/// How long `amos build` takes, as the person at the keyboard sees it: from starting the program to its end.
struct BuildBenchmark {
    private static let memoryLimit: UInt64 = 300_000_000

    let workspace: Workspace
    let runs: Int

    private struct Scenario {
        let name: String
        let limit: Double
        /// What happens before the run, which its number tells apart.
        let prepare: (Int) throws -> Void
    }

    func table() throws -> Table {
        let output = workspace.path("build")
        let baseFile = workspace.home + "/rootfs/base/etc/bench"
        let service = workspace.home + "/rootfs/services/logd.yaml"
        let original = try String(contentsOfFile: service, encoding: .utf8)
        try workspace.write("0\n", to: baseFile)
        _ = try workspace.build("virt-phone", to: output)
        let scenarios = [
            Scenario(name: "nothing changed", limit: 0.1) { _ in },
            Scenario(name: "one service file changed", limit: 0.5) { run in
                let changed = original + "start-timeout: \(30 + run) s\n"
                try workspace.write(changed, to: service)
            },
            Scenario(name: "one rootfs/base file changed", limit: 0.5) { run in
                try workspace.write("\(run)\n", to: baseFile)
            },
            Scenario(name: "full assembly, packages unpacked", limit: 3) { _ in
                try workspace.remove(output)
            },
        ]
        var rows = scenarios.map { Measurement($0.name, .seconds, [], below: $0.limit) }
        // Round after round, so that a busy minute of the machine hits all alike; the first warms up.
        for run in 0...runs {
            for (index, scenario) in scenarios.enumerated() {
                try scenario.prepare(run + 1)
                let outcome = try workspace.build("virt-phone", to: output)
                if run > 0 { note(outcome, in: &rows[index]) }
            }
        }
        rows += try firstAssemblies()
        return Table(title: "amos build virt-phone (the whole process)", rows: rows)
    }

    /// After a change of the lock: downloads are there, but nothing is unpacked.
    private func firstAssemblies() throws -> [Measurement] {
        var rows = [
            Measurement("packages not unpacked", .seconds, [], below: 15),
            Measurement("… nor sysroot, nor programs compiled", .seconds, [], below: 15),
        ]
        // What it needs is in the page cache from the runs before: no further warm-up.
        for _ in 0..<runs {
            for index in rows.indices {
                let cache = workspace.path("cache")
                try workspace.linkFiles(from: workspace.cache.path + "/packages", to: cache + "/packages") {
                    $0.hasSuffix(".deb")
                }
                if index == 0 { try linkPrograms(into: cache) }
                let outcome = try workspace.build("virt-phone", to: workspace.path("first"), cache: cache)
                note(outcome, in: &rows[index])
                if index == 1 {
                    // Swift's compiler needs more than all of amos, and counts as amos' child.
                    rows[index].memoryLimit = nil
                }
                try workspace.remove(cache)
                try workspace.remove(workspace.path("first"))
            }
        }
        rows[1].add("remark", "memory: the Swift compiler's")
        return rows
    }

    private func linkPrograms(into cache: String) throws {
        let from = workspace.cache.path
        try workspace.linkFiles(from: from + "/handset", to: cache + "/handset") { $0 != "build" }
        try FileManager.default.createSymbolicLink(
            atPath: cache + "/sysroots", withDestinationPath: from + "/sysroots")
    }

    private func note(_ outcome: MeasuredProcess.Outcome, in row: inout Measurement) {
        row.add(outcome)
        row.memoryLimit = Self.memoryLimit
    }
}
