import Foundation
import Testing
import Wire

@testable import Services

/// amos-init, amos-logd and amosctl themselves, as ordinary programs on this machine: real processes, real
/// signals.
@Suite struct ProgramTests {
    /// Programs are built beside the tests.
    static let folder = Bundle.main.executableURL!.deletingLastPathComponent()

    private static func sh(_ name: String, _ script: String) -> ServiceDefinition {
        var service = ServiceDefinition(name: name)
        service.program = "/bin/sh"
        service.arguments = ["-c", script]
        // An ordinary user may run the tests: then nothing can change its identity, and nothing asks for it.
        service.stopGraceMilliseconds = 500
        return service
    }

    private static func plan(_ run: String) -> BootPlan {
        var logd = ServiceDefinition(name: "logd")
        logd.program = Self.program("amos-logd")
        logd.arguments = ["--ready", "3", "--directory", run + "/log", "--run", run]
        logd.readiness = .descriptor(3)
        logd.stopsLast = true
        logd.controlRights = .log
        var once = sh("once", "echo '<4>from once'; echo second line; printf unfinished")
        once.kind = .oneShot
        var notify = sh("product", "echo ready >&4; exec sleep 1000")
        notify.readiness = .descriptor(4)
        notify.requires = ["all", "logd"]
        var all = ServiceDefinition(name: "all")
        all.kind = .target
        all.requires = ["once"]
        var flaky = sh("flaky", "test -e \(run)/second && exec sleep 1000; : > \(run)/second; exit 3")
        flaky.restartDelayMilliseconds = 10
        var missing = ServiceDefinition(name: "missing")
        missing.program = "/nonexistent/program"
        missing.restart = .never
        let stubborn = sh("stubborn", "trap '' TERM; while :; do sleep 1000; done")
        let services = [all, flaky, logd, missing, once, notify, stubborn].sorted { $0.name < $1.name }
        return BootPlan(
            hostname: "test", services: services, lateModules: [],
            health: .init(
                services: ["product"], stableForMilliseconds: 50, deadlineMilliseconds: 60_000))
    }

    static func program(_ name: String) -> String {
        // The test runner's own folder differs between ways to start it; the products are in the build
        // folder.
        for base in [folder, folder.deletingLastPathComponent(), bundleFolder] {
            let path = base.appendingPathComponent(name).path
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        return name
    }

    static let bundleFolder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()

    @Test func aWholeLife() throws {
        // Socket paths have at most 107 bytes: a short folder.
        let run = "/tmp/amos-\(ProcessInfo.processInfo.processIdentifier)"
        try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: run) }
        try Data(Self.plan(run).encode()).write(to: URL(fileURLWithPath: run + "/plan"))
        let initProgram = Process()
        initProgram.executableURL = URL(fileURLWithPath: Self.program("amos-init"))
        initProgram.arguments = ["--plan", run + "/plan", "--run", run]
        try initProgram.run()
        defer { if initProgram.isRunning { kill(initProgram.processIdentifier, SIGKILL) } }

        #expect(wait(run) { $0["product"] == "ready" && $0["flaky"] == "ready" && $0["stubborn"] == "ready" })
        let states = status(run)
        #expect(states["all"] == "ready" && states["once"] == "done" && states["logd"] == "ready")
        #expect(states["missing"] == "failed")

        let refused = amosctl(run, ["stop", "nobody"])
        #expect(refused.status == 1 && refused.errors.contains("there is no service 'nobody'"))
        #expect(amosctl(run, ["stop"]).status == 2)

        #expect(amosctl(run, ["stop", "logd"]).status == 0)
        #expect(wait(run) { $0["logd"] == "stopped" && $0["product"] == "waiting" })
        #expect(amosctl(run, ["restart", "once"]).status == 0)
        #expect(amosctl(run, ["start", "logd"]).status == 0)
        #expect(wait(run) { $0["logd"] == "ready" && $0["product"] == "ready" })
        checkLog(run)

        #expect(amosctl(run, ["poweroff"]).status == 0)
        initProgram.waitUntilExit()
        #expect(initProgram.terminationStatus == 0)
    }

    /// What `once` printed before and while the logger was away is all there, in order.
    private func checkLog(_ run: String) {
        var texts: [String] = []
        for _ in 0..<200 {
            let log = amosctl(run, ["log", "--service", "once", "--json", "--lines", "100"])
            #expect(log.status == 0)
            let records = log.output.split(separator: "\n").compactMap {
                try? JSONParser.parse(Array($0.utf8))
            }
            texts = records.compactMap { $0["text"]?.text }
            #expect(records.first?["level"]?.text == "warning")
            if texts.count >= 5, texts.last == "unfinished" { break }
            usleep(20_000)
        }
        // Two runs of three lines; the first unfinished one is ended by time or by the next run's first line.
        #expect(texts.filter { $0.hasSuffix("from once") }.count == 2, "\(texts)")
        #expect(texts.filter { $0 == "second line" }.count == 2, "\(texts)")
    }

    /// Polls until the states are as wanted; the limit only ends a test that has failed.
    private func wait(_ run: String, until isReached: ([String: String]) -> Bool) -> Bool {
        for _ in 0..<1_000 {
            if isReached(status(run)) { return true }
            usleep(20_000)
        }
        return false
    }

    private func status(_ run: String) -> [String: String] {
        let output = amosctl(run, ["status", "--json"]).output
        guard let rows = try? JSONParser.parse(Array(output.utf8)).array else { return [:] }
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"]!.text!, $0["state"]!.text!) })
    }

    private func amosctl(_ run: String, _ arguments: [String]) -> (
        status: Int32, output: String, errors: String
    ) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program("amosctl"))
        process.arguments = arguments + ["--run", run]
        let (output, errors) = (Foundation.Pipe(), Foundation.Pipe())
        process.standardOutput = output
        process.standardError = errors
        guard (try? process.run()) != nil else { return (-1, "", "") }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, text, message)
    }
}
