import Foundation
import Wire

@testable import Services

/// A supervisor, a logger and what a test wants to log, as ordinary programs in a folder of their own.
final class LogRun {
    let folder: String
    private var supervisor: Process?

    /// `prefix`: a program that runs amos-init, with its arguments. `@RUN@` in arguments becomes the folder.
    init(
        _ services: [ServiceDefinition], logger: [String] = [], directory: String? = nil,
        prefix: [String] = []
    )
        throws
    {
        // Socket paths have at most 107 bytes: a short folder.
        folder = "/tmp/amos-log-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var logd = ServiceDefinition(name: "logd")
        logd.program = ProgramTests.program("amos-logd")
        logd.arguments =
            ["--ready", "3", "--directory", directory ?? folder + "/log", "--run", folder] + logger
        logd.readiness = .descriptor(3)
        logd.restart = .always
        (logd.restartDelayMilliseconds, logd.restartDelayLimitMilliseconds) = (1, 1)
        logd.stopsLast = true
        logd.controlRights = .log
        let all = (services + [logd]).sorted { $0.name < $1.name }.map { service in
            var service = service
            service.arguments = service.arguments.map {
                $0.replacingOccurrences(of: "@RUN@", with: folder)
            }
            return service
        }
        let plan = BootPlan(
            hostname: "test", services: all, lateModules: [],
            health: .init(services: [], stableForMilliseconds: 50, deadlineMilliseconds: 60_000))
        try Data(plan.encode()).write(to: URL(fileURLWithPath: folder + "/plan"))
        let words =
            prefix.map { $0.replacingOccurrences(of: "@RUN@", with: folder) }
            + [ProgramTests.program("amos-init"), "--plan", folder + "/plan", "--run", folder]
        let process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        try process.run()
        supervisor = process
    }

    deinit {
        if let supervisor, supervisor.isRunning {
            _ = amosctl(["poweroff"])
            if !waitUntil({ !supervisor.isRunning }) { kill(supervisor.processIdentifier, SIGKILL) }
        }
        try? FileManager.default.removeItem(atPath: folder)
    }

    static func sh(_ name: String, _ script: String, after: [String] = []) -> ServiceDefinition {
        var service = ServiceDefinition(name: name)
        service.program = "/bin/sh"
        service.arguments = ["-c", script]
        service.kind = .oneShot
        service.restart = .never
        service.requires = after
        service.stopGraceMilliseconds = 500
        service.logLimit.linesPerSecond = 0
        return service
    }

    /// A command that begins when the test says `go`.
    static func later(_ name: String, _ script: String) -> ServiceDefinition {
        sh(name, "while [ ! -e @RUN@/\(name).go ]; do sleep 0.05; done; " + script)
    }

    func go(_ name: String) {
        _ = FileManager.default.createFile(atPath: folder + "/\(name).go", contents: nil)
    }

    /// Polls; the limit only ends a test that has failed.
    func waitUntil(_ isReached: () -> Bool) -> Bool {
        for _ in 0..<2_000 {
            if isReached() { return true }
            usleep(10_000)
        }
        return false
    }

    func amosctl(_ arguments: [String]) -> (status: Int32, output: Data, errors: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: ProgramTests.program("amosctl"))
        process.arguments = arguments + ["--run", folder]
        let (output, errors) = (Foundation.Pipe(), Foundation.Pipe())
        process.standardOutput = output
        process.standardError = errors
        guard (try? process.run()) != nil else { return (-1, Data(), "") }
        let data = output.fileHandleForReading.readDataToEndOfFile()
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, data, message)
    }

    struct Line: Decodable, Equatable {
        var sequence: UInt64?
        var boot: UInt32?
        var service: String?
        var pid: Int32?
        var level: String?
        var text: String?
        var unfinished: Bool?
        var dropped: UInt32?
        var missing: UInt64?
    }

    func log(_ arguments: [String] = ["--lines", "all"]) -> [Line] {
        Self.lines(amosctl(["log", "--json"] + arguments).output)
    }

    static func lines(_ output: Data) -> [Line] {
        output.split(separator: 0x0a).compactMap { try? JSONDecoder().decode(Line.self, from: $0) }
    }

    /// What one service logged, once `isComplete`.
    func texts(_ service: String, until isComplete: ([Line]) -> Bool) -> [Line] {
        var lines: [Line] = []
        _ = waitUntil {
            lines = log(["--lines", "all", "--service", service])
            return isComplete(lines)
        }
        return lines
    }

    struct Status: Decodable {
        var name: String
        var state: String
        var pid: Int32
    }

    func status(_ service: String) -> Status? {
        let rows = try? JSONDecoder().decode([Status].self, from: amosctl(["status", "--json"]).output)
        return rows?.first { $0.name == service }
    }

    func waitFor(_ service: String, _ state: String) -> Bool {
        waitUntil { status(service)?.state == state }
    }
}
