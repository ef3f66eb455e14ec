import Assembly
import Foundation
import HostSystem

/// amos-init beside the supervisors that people use, in turns, with the same services.
struct SupervisorBenchmark {
    let workspace: Workspace
    let runs: Int

    private static let counts = [20, 200, 1_000]
    private static let chainLength = 30

    private struct Result {
        var start: [Int: [Double]] = [:]
        var chain: [Double] = []
        var restart: [Double] = []
        var stop: [Double] = []
        /// By the number of services.
        var memory: [Int: Double] = [:]
        var processes = 0
        var whyNoStop = ""
    }

    func table() throws -> [Table] {
        // This process becomes the parent of orphans, and waits for whatever it finds: nobody else's children
        // may be among them.
        let program = try compileService()
        let peers = try peers()
        var results = peers.map { _ in Result() }
        for run in 0...runs {
            for (index, peer) in peers.enumerated() {
                var result = results[index]
                for count in Self.counts {
                    try measure(peer, .init(count: count, program: program, fifo: fifo), into: &result)
                }
                let chain = SupervisorLoad(
                    shape: .chain, count: Self.chainLength, program: program, fifo: fifo)
                try measure(peer, chain, into: &result)
                // The first round warms up.
                if run == 0 { result = Result(memory: result.memory, processes: result.processes) }
                results[index] = result
            }
        }
        return tables(peers, results)
    }

    private var fifo: String { workspace.path("fifo") }

    private func measure(_ peer: any SupervisorPeer, _ load: SupervisorLoad, into result: inout Result) throws
    {
        let folder = workspace.path("supervised")
        try workspace.remove(folder)
        try workspace.makeFolder(folder)
        guard let command = try peer.prepare(load, in: folder) else { return }
        let run = try SupervisorRun(peer.name, load, command)
        defer { run.end() }
        let started = try run.waitForAll()
        // Minutes pass before the first table.
        MeasuredProcess.printError("\(peer.name): \(load.count) in \(Measurement.text(started, .seconds))")
        if load.shape == .chain {
            result.chain.append(started)
            return
        }
        result.start[load.count, default: []].append(started)
        let memory = run.memory()
        result.memory[load.count] = memory.bytes
        if load.count == Self.counts.last {
            result.processes = memory.processes
            // Some hold a service back that lived for less than a second.
            usleep(1_200_000)
            for position in [load.count / 3, load.count / 2] {
                result.restart.append(try run.restart(position))
            }
            if let stopped = try run.stop() { result.stop.append(stopped) }
            if case .never(let why) = command.stop { result.whyNoStop = why }
        }
    }

    /// Compiled here, so that the same few instructions run under every supervisor.
    private func compileService() throws -> String {
        let output = workspace.path("service")
        let source = try AmosHome.locate().path + "/Tests/Benchmarks/Service/service.c"
        let flags = ["-Os", "-static", "-nostdlib", "-fuse-ld=lld", "-fno-stack-protector"]
        try Tool("clang", package: "swift (from swift.org)").check(flags + ["-o", output, source])
        return output
    }

    private func peers() throws -> [any SupervisorPeer] {
        var peers: [any SupervisorPeer] = [
            AmosPeer(programs: try NativePrograms.build(home: AmosHome.locate(), cache: workspace.cache))
        ]
        if let dinit = PeerProgram.find("dinit", variable: "AMOS_DINIT") {
            peers.append(DinitPeer(program: dinit))
        }
        for peer in [S6Peer(), RunitPeer(), FinitPeer(), BusyBoxPeer()] as [(any SupervisorPeer)?] {
            if let peer { peers.append(peer) }
        }
        return peers
    }

    private func tables(_ peers: [any SupervisorPeer], _ results: [Result]) -> [Table] {
        let most = Self.counts.last ?? 0
        var tables = Self.counts.map { count in
            table("Supervisors: \(count) trivial services, from exec until all run", .seconds, peers, results)
            {
                $0.start[count] ?? []
            }
        }
        tables += [
            table(
                "Supervisors: a chain of \(Self.chainLength), each requires the one before", .seconds, peers,
                results
            ) {
                $0.chain
            },
            table(
                "Supervisors: a service of \(most) is killed, until it runs again", .seconds, peers, results
            ) {
                $0.restart
            },
            table("Supervisors: \(most) services stopped, until no process is left", .seconds, peers, results)
            {
                $0.stop
            },
            table(
                "Supervisors: private memory of all their processes, \(most) services", .bytes, peers, results
            ) {
                $0.memory[most].map { [$0] } ?? []
            },
        ]
        addSlopes(to: &tables[tables.count - 1], peers, results)
        return tables
    }

    /// What a further service costs, from the smallest run to the largest.
    private func addSlopes(
        to table: inout Table, _ peers: [any SupervisorPeer], _ results: [Result]
    ) {
        let (few, most) = (Self.counts[0], Self.counts.last ?? 0)
        for (index, result) in results.enumerated() {
            let slope = ((result.memory[most] ?? .nan) - (result.memory[few] ?? .nan)) / Double(most - few)
            guard let line = table.rows.firstIndex(where: { $0.name == peers[index].name }) else { continue }
            table.rows[line].add("with \(few)", Measurement.text(result.memory[few] ?? .nan, .bytes))
            table.rows[line].add("per service", String(format: "%.1f kB", slope / 1000))
            table.rows[line].add("processes", "\(result.processes)")
        }
    }

    /// Ours first; its limit is the best of the others.
    private func table(
        _ title: String, _ unit: Measurement.Unit, _ peers: [any SupervisorPeer], _ results: [Result],
        _ samples: (Result) -> [Double]
    ) -> Table {
        var rows: [Measurement] = []
        for (peer, result) in zip(peers, results) where !samples(result).isEmpty {
            rows.append(Measurement(peer.name, unit, samples(result)))
        }
        let best = rows.dropFirst().map(\.result).min()
        if !rows.isEmpty { rows[0].limit = best }
        for index in rows.indices.dropFirst() {
            rows[index].add("times ours", ratio: rows[index].result / rows[0].result)
        }
        let left = peers.indices.filter { samples(results[$0]).isEmpty }.map { peers[$0].name }
        let remark = left.isEmpty ? "" : "Not measured: \(left.joined(separator: ", "))."
        return Table(title: title, remark: remark, rows: rows)
    }
}
