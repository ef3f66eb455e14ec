import Foundation
import HostSystem

/// The `amos` program itself, where the command line is the subject.
struct CommandLineProgram {
    struct Outcome: Sendable {
        let status: Int32
        /// It was ended by `status` as a signal.
        let wasKilled: Bool
        let output: String
        let errors: String
    }

    /// `AMOS_CLI`, else the release build, else the debug build.
    static let path: String = {
        if let path = ProcessInfo.processInfo.environment["AMOS_CLI"] { return path }
        let root = (try? Workshop.home.get().path) ?? "."
        let release = root + "/.build/release/amos"
        return access(release, X_OK) == 0 ? release : root + "/.build/debug/amos"
    }()

    private let process = Process()
    private let output = Workshop.unusedPath("out")
    private let errors = Workshop.unusedPath("err")

    var id: pid_t { process.processIdentifier }

    /// Starts it. Output goes to files, so that nothing waits for a reader.
    /// - Parameter place: where its output goes instead.
    init(
        _ arguments: [String], folder: String? = nil, environment changes: [String: String] = [:],
        output place: String? = nil
    ) throws {
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder ?? Workshop.folder)
        var environment = ProcessInfo.processInfo.environment
        environment["AMOS_HOME"] = try Workshop.home.get().path
        process.environment = environment.merging(changes) { $1 }
        process.standardInput = FileHandle.nullDevice
        for path in [output, errors] { try Data().write(to: URL(fileURLWithPath: path)) }
        process.standardOutput = FileHandle(forWritingAtPath: place ?? output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        // The threads that tests run on block signals, and a child would inherit that.
        var none = sigset_t()
        var before = sigset_t()
        sigemptyset(&none)
        pthread_sigmask(SIG_SETMASK, &none, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        try process.run()
    }

    static func run(_ arguments: [String], folder: String? = nil) throws -> Outcome {
        try CommandLineProgram(arguments, folder: folder).wait()
    }

    func signal(_ number: Int32) { kill(id, number) }

    var isRunning: Bool { process.isRunning }

    func wait() throws -> Outcome {
        process.waitUntilExit()
        defer { for path in [output, errors] { unlink(path) } }
        return Outcome(
            status: process.terminationStatus, wasKilled: process.terminationReason == .uncaughtSignal,
            output: try String(contentsOfFile: output, encoding: .utf8),
            errors: try String(contentsOfFile: errors, encoding: .utf8))
    }

    /// Waits for a line of its output, for as long as a slow machine may take; false: it ended before.
    func waitForOutput(_ isThere: (String) -> Bool) -> Bool {
        while isRunning {
            if isThere(outputSoFar) { return true }
            usleep(50_000)
        }
        return isThere(outputSoFar)
    }

    /// What it has printed so far.
    var outputSoFar: String { (try? String(contentsOfFile: output, encoding: .utf8)) ?? "" }
}

/// Processes as `/proc` shows them.
enum ProcessList {
    /// Children of a process, their children, and so on, with their names.
    static func descendants(of ancestor: pid_t) -> [(id: pid_t, name: String)] {
        var parents: [pid_t: (parent: pid_t, name: String)] = [:]
        for entry in (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? [] {
            guard let id = pid_t(entry),
                let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
                let open = text.firstIndex(of: "("), let close = text.lastIndex(of: ")")
            else { continue }
            let fields = text[text.index(after: close)...].split(separator: " ")
            guard fields.count > 1, fields[0] != "Z", let parent = pid_t(fields[1]) else { continue }
            parents[id] = (parent, String(text[text.index(after: open)..<close]))
        }
        func descends(_ id: pid_t) -> Bool {
            guard let parent = parents[id]?.parent else { return false }
            return parent == ancestor || descends(parent)
        }
        return parents.keys.filter(descends).map { ($0, parents[$0]!.name) }
    }

    static func isAlive(_ id: pid_t) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(id)/stat", encoding: .utf8),
            let close = text.lastIndex(of: ")")
        else { return false }
        return !text[close...].hasPrefix(") Z")
    }
}
