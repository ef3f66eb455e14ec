import Foundation
import Referees
import Services
import Testing
import Wire

/// exec-self: another image of PID 1, and nobody notices.
@Suite struct HandoverTests {
    private static let server = """
        import socket, os
        s = socket.socket(fileno=3)
        while True:
            c, _ = s.accept(); c.sendall(b'pong %d' % os.getpid()); c.close()
        """

    private func services(_ run: String) -> [ServiceDefinition] {
        var logd = ServiceDefinition(name: "logd")
        logd.program = BuiltProgram.path("amos-logd")
        logd.arguments = ["--ready", "3", "--directory", run + "/log", "--run", run]
        logd.readiness = .descriptor(3)
        logd.stopsLast = true
        logd.controlRights = .log
        var counter = ServiceDefinition.shell(
            "counter", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.01; done")
        counter.logLimit.linesPerSecond = 0
        var server = ServiceDefinition(name: "server")
        server.program = "/usr/bin/env"
        server.arguments = ["python3", "-c", Self.server]
        server.sockets = [
            ListeningSocket(name: "main", kind: .stream, address: .unix(path: run + "/server.sock"))
        ]
        var starting = ServiceDefinition.shell(
            "starting", "while ! test -e \(run)/go; do sleep 0.02; done; echo >&4; exec sleep 1000")
        starting.readiness = .descriptor(4)
        var dying = ServiceDefinition.shell("dying", "sleep 0.05; exit 3")
        dying.restartDelayMilliseconds = 1
        dying.restartDelayLimitMilliseconds = 1
        return [logd, counter, server, starting, dying, .sleeper("idle")]
    }

    @Test func nothingIsLost() throws {
        let running = try RunningInit([.sleeper("idle")])
        defer { running.end() }
        let plan = try running.write(services(running.run), health: ["server"], to: "all.plan")
        #expect(running.amosctl("reload", plan).status == 0)
        let names = ["logd", "counter", "server", "idle"]
        #expect(try running.wait { try names.allSatisfy { try running.state($0) == "ready" } })
        let before = try running.status()
        let clients = Caller(running.run + "/server.sock")
        for round in 1...8 {
            let outcome = running.amosctl("exec-self")
            #expect(outcome.status == 0, "round \(round): \(outcome.errors)")
        }
        #expect(try running.state("starting") == "starting")
        try Data().write(to: URL(fileURLWithPath: running.run + "/go"))
        #expect(try running.wait { try running.state("starting") == "ready" })
        let after = try running.status()
        for name in names + ["starting"] {
            #expect(after[name]?["pid"] as? Int == before[name]?["pid"] as? Int, "\(name)")
        }
        for name in names { #expect(after[name]?["since_ms"] as? Int == before[name]?["since_ms"] as? Int) }
        let (answered, refused) = clients.end()
        #expect(answered > 10 && refused == 0, "\(answered) answered, \(refused) refused")
        // It still dies, and is still brought back.
        let deaths = after["dying"]?["restarts"] as? Int ?? 0
        #expect(try running.wait { (try running.status()["dying"]?["restarts"] as? Int ?? 0) > deaths })
        try checkLines(running)
        let events = running.amosctl("events").output
        #expect(
            events.contains("stage init-start") && events.components(separatedBy: "init-resumed").count == 9)
        #expect(running.amosctl("restart", "server").status == 0)
        // The detailed status ends with the last lines of the log.
        let last = running.amosctl("log", "counter", "-n", "1").output
        #expect(!last.isEmpty && running.amosctl("status", "counter").output.hasSuffix(last))
    }

    /// What the counter printed through eight images of PID 1: every number, once, in order.
    private func checkLines(_ running: RunningInit) throws {
        #expect(running.wait { numbers(running).count > 100 })
        #expect(running.amosctl("stop", "counter").status == 0)
        var last: [Int] = []
        // Until the logger has taken everything that was in the pipe.
        _ = running.wait {
            let before = last
            last = numbers(running)
            return before == last
        }
        let gap = zip(last, 1...).first { $0 != $1 }
        #expect(gap == nil, "\(last.count) numbers, \(String(describing: gap))")
    }

    private func numbers(_ running: RunningInit) -> [Int] {
        let log = running.amosctl("log", "--service", "counter", "--json", "--lines", "all").output
        let records = log.split(separator: "\n").compactMap { try? JSONParser.parse(Array($0.utf8)) }
        return records.compactMap { $0["text"]?.text }.compactMap { Int($0) }
    }

    @Test func whoListensGoesOnListening() throws {
        let running = try RunningInit([.sleeper("idle")])
        defer { running.end() }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("amosctl"))
        process.arguments = ["events", "-f", "--run", running.run]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        defer {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        let outcome = running.amosctl("exec-self")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(running.amosctl("restart", "idle").status == 0)
        let history = running.amosctl("events").output
        var text = ""
        while text.utf8.count < history.utf8.count {
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { break }
            text += String(decoding: more, as: UTF8.self)
        }
        #expect(text.hasPrefix(history) && history.contains("init-resumed"))
    }

    /// A program that cannot take over is never started in PID 1's place.
    @Test(arguments: ["/bin/true", "/bin/cat", "/nonexistent", "/dev/null"])
    func strangersAreRefused(path: String) throws {
        let running = try RunningInit([.sleeper("idle")])
        defer { running.end() }
        let outcome = running.amosctl("exec-self", path)
        #expect(outcome.status == 1 && !outcome.errors.isEmpty)
        #expect(running.amosctl("status").status == 0)
        #expect(running.amosctl("exec-self").status == 0)
    }
}

/// Connects again and again, and counts who was answered.
private final class Caller: @unchecked Sendable {
    private let lock = NSLock()
    private var isOver = false
    private var answered = 0
    private var refused = 0
    private let done = DispatchSemaphore(value: 0)

    init(_ path: String) {
        Thread.detachNewThread {
            while !self.lock.withLock({ self.isOver }) {
                let client = RawClient(path, stream: true)
                let answer = try? client.ask([])
                client.close()
                let isAnswered = answer?.first?.starts(with: "pong".utf8) == true
                self.lock.withLock { if isAnswered { self.answered += 1 } else { self.refused += 1 } }
            }
            self.done.signal()
        }
    }

    func end() -> (answered: Int, refused: Int) {
        lock.withLock { isOver = true }
        done.wait()
        return (answered, refused)
    }
}
