import ArgumentParser
import Assembly
import DeviceSpec
import Emulator
import Foundation
import HostSystem

/// `amos test`: boots a device headless and evaluates its checks.
struct TestCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "test",
        abstract: "Boots a device headless, evaluates its checks and leaves what CI wants to keep.",
        discussion: """
            Leaves console.log, screen.png, boot-chart.svg, boot-chart.json and junit.xml in the artifacts
            folder (default: out/DEVICE/test). Exits with status 1 and the first failing check if one fails.

            EXAMPLES
              amos test virt-phone
              amos test virt-phone --variant user --junit results.xml --artifacts artifacts
            """)

    @OptionGroup var options: DeviceOptions

    @Option(help: ArgumentHelp("Where the JUnit XML goes.", valueName: "file"))
    var junit: String?

    @Option(help: ArgumentHelp("Where logs, screenshot and boot chart go.", valueName: "dir"))
    var artifacts: String?

    @Option(help: "Give up after this many seconds.")
    var timeout: Double = 120

    @Flag(help: "Print the results as JSON.")
    var json = false

    struct Row: Encodable {
        var check: String
        var passed: Bool
        var failure: String?
    }

    func run() throws {
        // A disk of its own: what the person's handset remembers is not a test's to forget.
        let handset = try Handset(options, disk: "test.img", fresh: true)
        defer { handset.forget() }
        let folder = artifacts ?? handset.image.folder + "/test"
        let junit = junit ?? folder + "/junit.xml"
        try prepare(folder, junit)
        let checks = CheckEvaluator(handset.image.device.checks, display: handset.machine.display)
        var run = HandsetRun.Options()
        run.goal = .untilReached { checks.isReached($0) }
        run.afterReset = .fail
        run.handlesSignals = true
        run.timeoutSeconds = timeout
        run.screenshot = folder + "/screen.png"
        run.consoleLog = folder + "/console.log"
        let record = try HandsetRun(handset.machine, trusting: handset.trustedKey, run).run()
        if case .interrupted(let signal) = record.outcome {
            Terminal.printError("amos: interrupted; nothing was decided")
            throw ExitCode(128 + signal)
        }
        let results = checks.evaluate(record)
        // First: whatever becomes of the files, the verdict is said.
        try show(record, results)
        try save(record, results, device: handset.image.device, in: folder, junit)
        if let first = results.first(where: { $0.failure != nil }), let why = first.failure {
            Terminal.printError("amos: check '\(first.name)' failed: \(why)")
            throw ExitCode(ExitStatus.failure)
        }
    }

    /// Before the boot, which takes longer: folders that cannot be made end it here, and what an earlier run
    /// left must not pass for this one's.
    private func prepare(_ folder: String, _ junit: String) throws {
        for place in [folder, URL(fileURLWithPath: junit).deletingLastPathComponent().path] {
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
        }
        for name in ["console.log", "screen.png", "boot-chart.svg", "boot-chart.json", "junit.xml"] {
            unlink("\(folder)/\(name)")
        }
        unlink(junit)
    }

    private func save(
        _ record: HandsetRecord, _ results: [CheckResult], device: Device, in folder: String,
        _ junit: String
    ) throws {
        if let boot = record.boots.last {
            let report = BootReport(boot)
            let title = "\(device.model) (\(device.name), \(device.variant.rawValue))"
            try OutputFile.write(report.svg(title: title), to: folder + "/boot-chart.svg")
            try OutputFile.write(report.json(), to: folder + "/boot-chart.json")
        }
        let suite = "\(device.name).\(device.variant.rawValue)"
        let xml = JUnitWriter.xml(suite: suite, results, record)
        try OutputFile.write(xml, to: junit)
    }

    private func show(_ record: HandsetRecord, _ results: [CheckResult]) throws {
        let failures = results.filter { $0.failure != nil }
        if json {
            try JSONOutput.print(
                results.map { Row(check: $0.name, passed: $0.failure == nil, failure: $0.failure) })
        } else {
            for result in results {
                let mark =
                    result.failure == nil ? Terminal.styled("✓", .green) : Terminal.styled("✗", .red)
                print("\(mark) \(result.name)\(result.failure.map { ": \($0)" } ?? "")")
            }
            if let boot = record.boots.last { print(BootReport(boot).summary) }
            print("\(results.count - failures.count) of \(results.count) checks passed")
        }
    }
}
