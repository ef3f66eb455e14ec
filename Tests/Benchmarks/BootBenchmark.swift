import Emulator
import Foundation

/// How long a handset takes to be ready: by the wall clock, and in instructions, which have no noise.
struct BootBenchmark {
    let workspace: Workspace
    let runs: Int
    let handsets: [BuiltHandset]

    func tables() throws -> [Table] { [try wallClock(), try instructions()] }

    private func wallClock() throws -> Table {
        var rows = handsets.map { Measurement($0.name, .seconds, [], below: 5) }
        var memory = handsets.map { _ in UInt64(0) }
        for run in 0...runs {
            for (index, handset) in handsets.enumerated() {
                let record = try handset.boot(disk: workspace.path("boot.img"))
                let report = BootReport(record.boots[0])
                memory[index] = max(memory[index], report.memoryUsedKibibytes ?? 0)
                if run > 0, let seconds = report.readyWallSeconds { rows[index].samples.append(seconds) }
            }
        }
        for index in rows.indices {
            rows[index].add("in use at ready", Measurement.text(Double(memory[index]) * 1024, .bytes))
        }
        return Table(
            title: "Boot in QEMU, from its start to `ready`",
            remark: "First boots, which grow `data`. In use: MemTotal - MemAvailable, the most of all runs.",
            rows: rows)
    }

    /// One processor, one instruction per nanosecond.
    private func instructions() throws -> Table {
        var rows: [Measurement] = []
        let disk = workspace.path("count.img")
        for handset in handsets {
            // First boots, then the second boots of the same disks.
            var costs: [[BootCost]] = [[], []]
            for _ in 0..<runs {
                for index in costs.indices {
                    let record = try handset.boot(disk: disk, keepsDisk: index > 0, countsInstructions: true)
                    costs[index].append(BootCost(BootReport(record.boots[0])))
                }
            }
            for (name, costs) in zip(["first boot", "second boot"], costs) {
                var row = Measurement(
                    "\(handset.name), \(name)", .instructions, costs.map(\.userland), below: 0.45e9)
                row.statistic = .least
                for (heading, value) in costs.min(by: { $0.userland < $1.userland })?.parts ?? [] {
                    row.add(heading, Measurement.text(value, .instructions))
                }
                rows.append(row)
            }
        }
        return Table(
            title: "Instructions from PID 1 of the initramfs to `ready` with `data` mounted (-icount)",
            remark: """
                The least of all runs, and its parts: waiting for this machine's disk counts as well, a \
                nanosecond for
                an instruction. Late modules share the processor with the services meanwhile.
                """,
            rows: rows)
    }
}

/// Where the instructions of one boot went.
struct BootCost {
    let userland: Double
    let parts: [(String, Double)]

    init(_ report: BootReport) {
        userland = Double(report.userlandNanoseconds ?? 0)
        let kernel = report.spans.first { $0.kind == .kernel }?.end ?? 0
        let handover = report.spans.first { $0.kind == .stage }?.end ?? kernel
        var (early, late) = (UInt64(0), UInt64(0))
        for span in report.spans where span.kind == .module {
            if span.end <= handover { early += span.end - span.start } else { late += span.end - span.start }
        }
        let firstService = report.spans.filter { $0.kind == .service }.map(\.start).min() ?? handover
        let ready = report.readyNanoseconds ?? 0
        func span(_ from: UInt64, _ to: UInt64) -> Double { Double(to) - Double(from) }
        parts = [
            ("kernel", Double(kernel)), ("early modules", Double(early)),
            ("rest of stage 1", span(kernel + early, handover)),
            ("to first service", span(handover, firstService)), ("to ready", span(firstService, ready)),
            ("late modules", Double(late)),
        ]
    }
}
