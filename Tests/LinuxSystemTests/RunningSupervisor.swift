import Foundation
import Referees
import Services
import Testing

/// `amos-init` as an ordinary program, with its services; nothing of them outlives this value.
final class RunningSupervisor {
    /// Socket paths have at most 107 bytes: a short folder.
    let run = "/tmp/amos-g\(ProcessInfo.processInfo.processIdentifier)-\(Int.random(in: 0..<1_000_000))"
    private let program = Process()

    /// - Parameter hidesCgroups: it sees none (root only; what a person may use by chance is not asked).
    init(_ services: [ServiceDefinition], hidesCgroups: Bool = false) throws {
        try FileManager.default.createDirectory(atPath: run, withIntermediateDirectories: true)
        let plan = BootPlan(
            hostname: "test", services: services.sorted { $0.name < $1.name }, lateModules: [],
            health: .init(services: [], stableForMilliseconds: 0, deadlineMilliseconds: 0))
        try Data(plan.encode()).write(to: URL(fileURLWithPath: run + "/plan"))
        let hiding = """
            unshare --mount --propagation private sh -c '
                while umount -l /sys/fs/cgroup/unified || umount -l /sys/fs/cgroup; do :; done 2>/dev/null
                exec "$0" "$@"'
            """
        let start = "exec \(hidesCgroups ? hiding : "") \"$0\" --plan \(run)/plan --run \(run) 2>\(run)/said"
        program.executableURL = URL(fileURLWithPath: "/bin/sh")
        program.arguments = ["-c", start, BuiltProgram.path("amos-init")]
        try program.run()
    }

    deinit {
        if program.isRunning { end() }
        try? FileManager.default.removeItem(atPath: run)
    }

    var process: Int32 { program.processIdentifier }

    /// What it told the person who started it.
    var said: String { (try? String(contentsOfFile: run + "/said", encoding: .utf8)) ?? "" }

    func end() {
        kill(program.processIdentifier, SIGTERM)
        program.waitUntilExit()
    }

    @discardableResult
    func amosctl(_ arguments: String...) -> String {
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("amosctl"))
        process.arguments = arguments + ["--run", run]
        process.standardOutput = output
        process.standardError = output
        guard (try? process.run()) != nil else { return "" }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return text
    }

    func state(of service: String) -> String? {
        let text = amosctl("status", service, "--json")
        let rows = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]]
        return rows?.first?["state"] as? String
    }

    /// Polls; the limit only ends a test that has failed.
    func wait(until isReached: () -> Bool) -> Bool {
        for _ in 0..<1_000 {
            if isReached() { return true }
            usleep(20_000)
        }
        return false
    }

    /// Command lines of processes that hold `mark`.
    static func processes(with mark: String) -> [String] {
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return numbers.filter { Int($0) != nil }.compactMap { number in
            guard let bytes = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") else {
                return nil
            }
            let line = String(decoding: bytes.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
            return line.contains(mark) && line.hasPrefix("sleep") ? line : nil
        }
    }
}
