import DeviceSpec
import Foundation
import HostSystem
import Services

@testable import ScenarioFormat

/// Plays one scenario against the real programs.
final class ScenarioRunner {
    private let scenario: Scenario
    private let folder: String
    private let port: UInt16
    private var run: SupervisorRun?

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        let template = NSTemporaryDirectory() + "amos-scenario.XXXXXX"
        var name = template.replacing("//", with: "/").utf8CString.map { $0 }
        guard mkdtemp(&name) != nil else { throw ScenarioFailure("cannot make a private folder") }
        folder = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        // Services run as others, too.
        chmod(folder, 0o755)
        port = Self.freePort()
        for path in ["run", "bin"] {
            try FileManager.default.createDirectory(
                atPath: "\(folder)/\(path)", withIntermediateDirectories: true)
        }
        if let user = scenario.conditions.user {
            for path in [folder, "\(folder)/run"] { chown(path, user, user) }
        }
    }

    deinit {
        run = nil
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// Everything that is wrong; nothing if it went as expected.
    func play() throws {
        try writePrograms()
        try compile("services")
        let run = try SupervisorRun(
            folder: folder, plan: "\(folder)/services.plan", scenario.conditions)
        self.run = run
        try run.listen()
        for step in scenario.steps { try perform(step, run) }
        run.collect { scenario.expectation.isReached(run.events) || isHopeless(run) }
        let isEndExpected = !run.isRunning
        let status = try shutDown(run)
        let shutdown = run.events.firstIndex { $0.service == "system" && $0.state == "shutdown" }
        let end = isEndExpected ? nil : shutdown
        let problems = scenario.expectation.problems(Array(run.events[..<(end ?? run.events.count)]))
        guard problems.isEmpty else { throw failure(problems.joined(separator: "\n"), run) }
        guard status == scenario.status else { throw failure("amos-init ended with status \(status)", run) }
    }

    private func isHopeless(_ run: SupervisorRun) -> Bool {
        !scenario.expectation.contradictions(run.events).isEmpty
    }

    private func shutDown(_ run: SupervisorRun) throws -> Int32 {
        if run.isRunning {
            // Who is root here is a stranger in a namespace of somebody else's.
            if scenario.conditions.processes == nil {
                try run.powerOff()
            } else {
                try Tool("sh", package: "dash").check(["\(folder)/bin/amosctl", "poweroff"])
            }
        }
        return try run.end()
    }

    private func perform(_ step: Scenario.Step, _ run: SupervisorRun) throws {
        if let text = step.wait {
            let point = try Expectation.Point(text)
            let isReached = { point.position(in: run.events) != nil }
            run.collect { isReached() || isHopeless(run) }
            guard isReached() else { throw failure("waited in vain for \(text)", run) }
        }
        if let script = step.run { try runScript(script, step, run) }
        if let part = step.plan { try compile(part) }
        if let clock = step.cut { try run.cutPower(clock: clock) }
        if let patterns = step.ended {
            _ = try run.end()
            for pattern in patterns where try !run.output.contains(Regex(pattern)) {
                throw failure("amos-init does not say /\(pattern)/", run)
            }
        }
        if let milliseconds = step.pause { run.collect(milliseconds: Int(milliseconds)) { false } }
    }

    private func runScript(_ script: String, _ step: Scenario.Step, _ run: SupervisorRun) throws {
        var environment = ProcessInfo.processInfo.environment
        environment["PATH"] = "\(folder)/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment["DIR"] = folder
        environment["PORT"] = String(port)
        for (name, process) in processes(run) { environment["PID_\(name)"] = String(process) }
        // Its output goes to a file: what it leaves in the background would hold a pipe open.
        let output = "\(folder)/step"
        let command = "timeout -k 5 \(SupervisorRun.patienceSeconds) /bin/sh -euc \"$0\" > '\(output)' 2>&1"
        let shell = try Tool("sh", package: "dash")
        let (place, variables) = (folder, environment)
        let result = try run.collect {
            try shell.run(["-c", command, script], environment: variables, folder: place)
        }
        let text = String(decoding: FileManager.default.contents(atPath: output) ?? Data(), as: UTF8.self)
        if let problem = try step.problems(status: result.status, output: text).first {
            throw failure("`\(script)`: \(problem)", run)
        }
    }

    /// The main process of each service, as the last event says; by names that a shell can use.
    private func processes(_ run: SupervisorRun) -> [String: Int32] {
        run.collect(milliseconds: 20) { false }
        var processes: [String: Int32] = [:]
        for event in run.events where event.process != 0 {
            processes[event.service.replacing("-", with: "_")] = event.process
        }
        return processes.mapValues(run.hostProcess)
    }

    private func failure(_ text: String, _ run: SupervisorRun) -> ScenarioFailure {
        let events = run.events.map { "  " + $0.line.trimmingCharacters(in: .whitespacesAndNewlines) }
        return ScenarioFailure(
            "\(scenario.name): \(text)\nevents:\n\(events.joined(separator: "\n"))\nlog:\n\(run.output)")
    }

    private func writePrograms() throws {
        let user = scenario.conditions.becomingUser.joined(separator: " ")
        let amosctl = try scenario.conditions.program("amosctl", in: folder)
        let programs = [
            ("amosctl", "exec \(user) '\(amosctl)' \"$@\" --run '\(folder)/run'"),
            ("witness", "exec '\(try Machine.program("scenario-witness"))' \"$@\""),
            ("await", "until \"$@\" >/dev/null 2>&1; do sleep 0.05; done"),
        ]
        for (name, line) in programs {
            // By another process: a program that this one has open for writing while any of its threads
            // starts a child is "busy" for as long as the child has it.
            try Tool("sh", package: "dash").check(
                [
                    "-c", "printf '#!/bin/sh\\n%s\\n' \"$1\" > \"$0\"; chmod 755 \"$0\"",
                    "\(folder)/bin/\(name)", line,
                ])
        }
    }

    /// Service files of the scenario into `NAME.plan`.
    private func compile(_ part: String) throws {
        let target = "\(folder)/\(part)"
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        let words = [
            "@DIR@": folder,
            "@WITNESS@": try scenario.conditions.program("scenario-witness", in: folder),
            "@LOGD@": try scenario.conditions.program("amos-logd", in: folder), "@PORT@": String(port),
            "@UID@": String(getuid()), "@GID@": String(getgid()),
        ]
        for (name, text) in try scenario.services(in: part, replacing: words) {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(target)/\(name)"))
        }
        let plan = try ServiceFolder.plan(at: target)
        try Data(plan.encode()).write(to: URL(fileURLWithPath: target + ".plan"))
    }

    /// One that nobody uses at the moment.
    private static func freePort() -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                guard bind(descriptor, pointer, size) == 0 else { return }
                getsockname(descriptor, pointer, &size)
            }
            return UInt16(bigEndian: $0.pointee.sin_port)
        }
    }
}
