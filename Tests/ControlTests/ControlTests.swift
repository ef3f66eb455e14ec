import Foundation
import Referees
import Services
import Testing
import Wire

@Suite struct ControlTests {
    private static func services() -> [ServiceDefinition] {
        var slow = ServiceDefinition.shell("slow", "sleep 0.1; echo >&5; exec sleep 1000")
        slow.readiness = .descriptor(5)
        slow.requires = ["base"]
        slow.activation.atBoot = true
        var broken = ServiceDefinition.shell("broken", "exit 7")
        broken.kind = .oneShot
        broken.restart = .never
        var needy = ServiceDefinition.sleeper("needy")
        needy.requires = ["broken"]
        var stubborn = ServiceDefinition.shell("stubborn", "trap '' TERM; exec sleep 1000")
        stubborn.stopGraceMilliseconds = 60_000
        return [.sleeper("base"), slow, broken, needy, stubborn]
    }

    private func withInit(_ body: (RunningInit) throws -> Void) throws {
        let running = try RunningInit(Self.services(), health: ["slow"])
        defer { running.end() }
        #expect(try running.wait { try running.state("slow") == "ready" })
        try body(running)
    }

    @Test func operationsWaitForTheirEnd() throws {
        try withInit { running in
            #expect(running.amosctl("stop", "slow").status == 0)
            #expect(try running.state("slow") == "stopped")
            let start = running.amosctl("start", "slow")
            #expect(start.status == 0 && start.output.hasPrefix("slow: ready, process "))
            // A second start has nothing to do, and does not wait for anything.
            #expect(running.amosctl("start", "slow").output == start.output)
            #expect(try running.state("slow") == "ready")
            let before = try running.pid("slow")
            let restart = running.amosctl("restart", "slow")
            let after = try running.pid("slow")
            #expect(restart.status == 0 && before != after && after != 0)
            #expect(restart.output == "slow: ready, process \(after)\n")
        }
    }

    @Test func failuresSayWhy() throws {
        try withInit { running in
            let broken = running.amosctl("start", "broken")
            #expect(broken.status == 1 && broken.errors.contains("exited with status 7"))
            let needy = running.amosctl("start", "needy")
            #expect(needy.status == 1 && needy.errors.contains("broken"))
            let late = running.amosctl("stop", "stubborn", "--timeout", "1")
            #expect(late.status == 3 && late.errors.contains("it is stopping"))
            let nobody = running.amosctl("stop", "nobody")
            #expect(nobody.status == 1 && nobody.errors.contains("there is no service 'nobody'"))
            #expect(running.amosctl("stop", "stubborn", "--no-wait").output == "stubborn: asked for\n")
            let why = running.amosctl("why", "needy")
            #expect(why.status == 0 && why.output.hasPrefix("needy is waiting, for "))
            #expect(why.output.contains("broken"))
            kill(pid_t(try running.pid("stubborn")), SIGKILL)
        }
    }

    @Test(arguments: [
        ["stop"], ["status", "--yes"], ["nonsense"], [], ["events", "slow"], ["start", "a", "b"],
        ["start", "a", "--timeout", "soon"], ["--json", "status"],
    ])
    func wrongUsageIsRefused(words: [String]) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("amosctl"))
        process.arguments = words
        let outcome = RunningInit.outcome(of: process)
        #expect(outcome.status == 2 && outcome.errors.contains("--help"), "\(words)")
    }

    @Test func statusTellsEverything() throws {
        try withInit { running in
            let rows = try running.status()
            #expect(Set(rows.keys) == ["base", "slow", "broken", "needy", "stubborn"])
            #expect(rows["broken"]?["last_exit_status"] as? Int == 7)
            let memory = rows["base"]?["memory_bytes"] as? Int ?? 0
            #expect(memory > 10_000 && memory < 100_000_000)
            let detail = running.amosctl("status", "slow").output
            for part in ["slow is ready, for ", "requires    base", "runs        /bin/sh -c sleep"] {
                #expect(detail.contains(part), "\(detail)")
            }
            let table = running.amosctl("status").output.split(separator: "\n")
            // Where there are no cgroups, two more lines say so.
            #expect((6...8).contains(table.count) && table[0].hasPrefix("SERVICE"))
            // Text and JSON agree on who runs.
            let pid = try #require(rows["base"]?["pid"] as? Int)
            #expect(table[1].split(separator: " ").prefix(3) == ["base", "ready", "\(pid)"])
        }
    }

    @Test func treesAreDrawn() throws {
        try withInit { running in
            let down = running.amosctl("tree", "slow").output
            #expect(down == "slow ready\n╰─ base ready\n")
            let up = running.amosctl("tree", "base", "--reverse").output
            #expect(up == "base ready\n╰─ slow ready\n")
            let all = running.amosctl("tree").output
            #expect(all.contains("\n╰─ broken failed: exited with status 7\n"))
            #expect(all.split(separator: "\n").count == 5)
        }
    }

    @Test func eventsAreKeptAndFollowed() throws {
        try withInit { running in
            let process = Process()
            process.executableURL = URL(fileURLWithPath: BuiltProgram.path("amosctl"))
            process.arguments = ["events", "-f", "--json", "--run", running.run]
            let output = Pipe()
            process.standardOutput = output
            try process.run()
            running.amosctl("restart", "slow")
            let history = running.amosctl("events", "--json").output.split(separator: "\n")
            var followed: [Substring] = []
            var text = ""
            while followed.count < history.count {
                let more = output.fileHandleForReading.availableData
                guard !more.isEmpty else { break }
                text += String(decoding: more, as: UTF8.self)
                followed = text.split(separator: "\n")
            }
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            #expect(followed.prefix(history.count) == history[...])
            let events = try history.map { try TimedEvent(line: Array($0.utf8)) }
            #expect(events.first?.event == .stage(name: "init-start"))
            let ready = events.filter {
                if case .service("slow", .ready, _, _) = $0.event { true } else { false }
            }
            #expect(ready.count == 2)
            #expect(running.amosctl("events").output.contains("  service slow stopping, process "))
        }
    }

    /// Callers beyond the limit get an answer, and those that are there are served on.
    @Test func tooManyCallersAreTurnedAway() throws {
        try withInit { running in
            let callers = (0..<40).map { _ in RawClient(running.run + "/control.sock") }
            let crowd = running.amosctl("status")
            #expect(crowd.status == 1 && crowd.errors.contains("too many callers"))
            let served = try callers[0].ask(ControlRequest(.about).encode())
            #expect(served.count == 1)
            callers.forEach { $0.close() }
            #expect(running.wait { running.amosctl("status").status == 0 })
        }
    }

    /// Whatever arrives, the next caller is served.
    @Test func malformedRequestsAreRefused() throws {
        try withInit { running in
            let good = ControlRequest(.start, text: "base").encode()
            var packets: [[UInt8]] = [
                [0], [2], [1, 1, 0, 0], [2, 99, 0, 0], good + [0], Array(good.dropLast()),
            ]
            packets.append([2, 2, 0xff, 0xff, 0x41])
            packets.append([2, 2, 2, 0, 0xc3, 0x28])
            for packet in packets {
                let client = RawClient(running.run + "/control.sock")
                let replies = try client.ask(packet).map { try ControlReply(decoding: $0) }
                guard case .refused? = replies.first else {
                    Issue.record("\(packet) was answered with \(replies)")
                    continue
                }
                client.close()
            }
            // Longer than any request: the connection ends.
            let client = RawClient(running.run + "/control.sock")
            #expect(try client.ask([UInt8](repeating: 2, count: 60_000)).isEmpty)
            client.close()
            #expect(running.amosctl("status").status == 0)
        }
    }
}
