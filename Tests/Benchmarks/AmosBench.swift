import ArgumentParser
import Assembly
import Foundation
import HostSystem

@main
enum Main {
    static func main() {
        let words = Array(CommandLine.arguments.dropFirst())
        if words.first == MeasuredProcess.word { exit(MeasuredProcess.measure(Array(words.dropFirst()))) }
        guard words.first == FolderTree.word else { return AmosBench.main() }
        do {
            try FolderTree.writeImage(Array(words.dropFirst()))
        } catch {
            MeasuredProcess.printError("\(error)")
            exit(1)
        }
    }
}

/// Measures what Amos promises, on this machine, and prints it beside the promise and beside other tools.
struct AmosBench: ParsableCommand {
    enum Group: String, ExpressibleByArgument, CaseIterable {
        case build, erofs, boot, size, supervisor, solver, delta
    }

    static let configuration = CommandConfiguration(
        commandName: "amos-bench",
        abstract: "Measures builds, image writers, boots and sizes beside what was promised.",
        discussion: """
            Medians of several runs after a warm-up; what is compared runs in turns. A promise that is not
            kept is marked MISSED and is no error: the exit status is 1 only if something cannot run at all.

            EXAMPLES
              amos-bench
              amos-bench --only boot --runs 3 --json boot.json
            """)

    @Option(help: "Only this group; may be repeated.")
    var only: [Group] = []

    @Option(help: "How often each is measured, warm-up not counted.")
    var runs = 5

    @Option(help: ArgumentHelp("Also write everything as JSON.", valueName: "file"))
    var json: String?

    private struct Report: Encodable {
        var machine: String
        var tables: [Table] = []
    }

    func run() throws {
        let workspace = try Workspace()
        var report = Report(machine: Machine.description)
        print(report.machine)
        func show(_ table: Table) {
            print(table.text, terminator: "")
            // Tables are minutes apart, and standard output may be a pipe.
            fflush(nil)
            report.tables.append(table)
        }
        let groups = only.isEmpty ? Group.allCases : only
        if groups.contains(.build) { show(try BuildBenchmark(workspace: workspace, runs: runs).table()) }
        if groups.contains(.erofs) { show(try LinearityBenchmark(workspace: workspace, runs: runs).table()) }
        if groups.contains(.supervisor) {
            for table in try SupervisorBenchmark(workspace: workspace, runs: runs).table() { show(table) }
            show(try HandsetInitBenchmark(workspace: workspace, runs: runs).table())
        }
        if groups.contains(.solver) { show(try SolverBenchmark(runs: runs).table()) }
        if groups.contains(.delta) { show(try DeltaBenchmark(workspace: workspace).table()) }
        if groups.contains(where: { ![.build, .supervisor, .solver, .delta].contains($0) }) {
            try measureImages(workspace, groups, show)
        }
        let rows = report.tables.flatMap(\.rows)
        let missed = rows.filter { $0.isMet == false }
        print("\n\(rows.count { $0.isMet == true }) targets met, \(missed.count) missed")
        for row in missed { print("  MISSED \(row.name)") }
        guard let json else { return }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try OutputFile.write([UInt8](encoder.encode(report)) + [0x0a], to: json)
    }

    private func measureImages(
        _ workspace: Workspace, _ groups: [Group], _ show: (Table) -> Void
    ) throws {
        func build(_ device: String, _ variant: String) throws -> BuiltHandset {
            var request = ImageBuilder.Request(device: device, variant: variant == "user" ? .user : .dev)
            request.outputFolder = workspace.path("\(device)-\(variant)")
            return BuiltHandset(name: "\(device) \(variant)", image: try workspace.image(request))
        }
        let dev = try build("virt-phone", "dev")
        let user = try build("virt-phone", "user")
        let tree = workspace.path("tree")
        if groups.contains(.erofs) || groups.contains(.size) {
            try FolderTree.extract(dev.image.diskImage, at: dev.partition("system_a").offset, to: tree)
        }
        if groups.contains(.erofs) {
            show(try PeerBenchmark(workspace: workspace, runs: runs, tree: tree).table())
        }
        if groups.contains(.boot) {
            let lite = try build("virt-phone-lite", "dev")
            let boots = BootBenchmark(workspace: workspace, runs: runs, handsets: [dev, user, lite])
            for table in try boots.tables() { show(table) }
            try MemoryBenchmark.prepare(workspace)
            for device in ["virt-phone-meter", "virt-phone-lite-meter"] {
                show(try MemoryBenchmark(workspace: workspace).table(build(device, "dev")))
            }
        }
        if groups.contains(.size) {
            let sizes = SizeBenchmark(workspace: workspace, dev: dev, user: user, tree: tree)
            for table in try sizes.tables() { show(table) }
        }
    }
}
