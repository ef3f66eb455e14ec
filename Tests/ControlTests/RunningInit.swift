import Foundation
import Referees
import Services
import Wire

/// amos-init with a plan in a folder of its own, as an ordinary program of this machine.
final class RunningInit {
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    struct Failure: Error {
        let outcome: Outcome
    }

    let run: String
    let process = Process()

    nonisolated(unsafe) private static var count = 0
    private static let lock = NSLock()

    init(_ services: [ServiceDefinition], health: [String] = []) throws {
        let number = Self.lock.withLock {
            Self.count += 1
            return Self.count
        }
        // Socket paths have at most 107 bytes: a short folder.
        run = "/tmp/amosctl-\(ProcessInfo.processInfo.processIdentifier)-\(number)"
        try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
        try write(services, health: health, to: "plan")
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("amos-init"))
        process.arguments = ["--plan", run + "/plan", "--run", run]
        process.standardError = FileHandle(forWritingAtPath: "/dev/null")
        try process.run()
        // The socket's file is there a moment before anybody listens.
        _ = wait { amosctl("status").status == 0 }
    }

    /// The plan's path.
    @discardableResult
    func write(_ services: [ServiceDefinition], health: [String] = [], to name: String) throws -> String {
        var plan = BootPlan(
            hostname: "test", services: services.sorted { $0.name < $1.name }, lateModules: [],
            health: .init(services: health, stableForMilliseconds: 50, deadlineMilliseconds: 60_000))
        plan.shutdownBudgetMilliseconds = 500
        try Data(plan.encode()).write(to: URL(fileURLWithPath: run + "/" + name))
        return run + "/" + name
    }

    /// Ends it in order, and throws the folder away.
    func end() {
        if process.isRunning {
            amosctl("poweroff")
            for _ in 0..<1_000 where process.isRunning { usleep(10_000) }
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        }
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: run)
    }

    @discardableResult
    func amosctl(_ arguments: String...) -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("amosctl"))
        process.arguments = arguments + ["--run", run]
        return Self.outcome(of: process)
    }

    static func outcome(of process: Process, input: String? = nil) -> Outcome {
        let (output, errors, source) = (Foundation.Pipe(), Foundation.Pipe(), Foundation.Pipe())
        process.standardOutput = output
        process.standardError = errors
        if input != nil { process.standardInput = source }
        guard (try? process.run()) != nil else { return Outcome(status: -1, output: "", errors: "") }
        if let input {
            try? source.fileHandleForWriting.write(contentsOf: Data(input.utf8))
            try? source.fileHandleForWriting.close()
        }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: text, errors: message)
    }

    /// By a parser that is not ours.
    func status() throws -> [String: [String: Any]] {
        let outcome = amosctl("status", "--json")
        guard outcome.status == 0 else { throw Failure(outcome: outcome) }
        let object = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
        let rows = object as? [[String: Any]] ?? []
        return Dictionary(uniqueKeysWithValues: rows.map { ($0["name"] as? String ?? "", $0) })
    }

    func state(_ name: String) throws -> String { try status()[name]?["state"] as? String ?? "none" }

    func pid(_ name: String) throws -> Int { try status()[name]?["pid"] as? Int ?? 0 }

    /// Polls; the limit only ends a test that has failed.
    func wait(until isReached: () throws -> Bool) rethrows -> Bool {
        for _ in 0..<500 {
            if try isReached() { return true }
            usleep(20_000)
        }
        return false
    }
}

extension ServiceDefinition {
    static func shell(_ name: String, _ script: String) -> ServiceDefinition {
        var service = ServiceDefinition(name: name)
        service.program = "/bin/sh"
        service.arguments = ["-c", script]
        service.stopGraceMilliseconds = 500
        return service
    }

    static func sleeper(_ name: String) -> ServiceDefinition { shell(name, "exec sleep 1000") }
}
