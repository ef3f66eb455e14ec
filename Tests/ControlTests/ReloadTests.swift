import Foundation
import Services
import Testing
import Wire

@Suite struct ReloadTests {
    private static func services() -> [ServiceDefinition] {
        var dependant = ServiceDefinition.sleeper("dependant")
        dependant.requires = ["kept"]
        return [.sleeper("kept"), .sleeper("changing"), .sleeper("leaving"), dependant]
    }

    @Test func onlyWhatChangedIsRestarted() throws {
        let running = try RunningInit(Self.services(), health: ["dependant"])
        defer { running.end() }
        #expect(try running.wait { try running.state("dependant") == "ready" })
        let before = try running.status()
        var changed = Self.services().filter { $0.name != "leaving" }
        changed[1].environment = ["NEW=1"]
        changed.append(.sleeper("added"))
        let plan = try running.write(changed, health: ["dependant"], to: "new.plan")
        let outcome = running.amosctl("reload", plan)
        #expect(outcome.status == 0)
        let report = "2 services are as before\nchanged: changing\nadded: added\nremoved: leaving\n"
        #expect(outcome.output == report)
        #expect(
            try running.wait { try running.state("added") == "ready" && running.state("changing") == "ready" }
        )
        let after = try running.status()
        for name in ["kept", "dependant"] {
            #expect(after[name]?["pid"] as? Int == before[name]?["pid"] as? Int)
        }
        #expect(after["changing"]?["pid"] as? Int != before["changing"]?["pid"] as? Int)
        #expect(after["leaving"] == nil)
        let left = try #require(before["leaving"]?["pid"] as? Int)
        #expect(kill(pid_t(left), 0) != 0 && errno == ESRCH)
        // The names that moved are still found, and still obey.
        #expect(running.amosctl("restart", "kept").status == 0)
        #expect(running.amosctl("tree", "dependant").output == "dependant ready\n╰─ kept ready\n")
    }

    @Test func badPlansAreRefusedWhole() throws {
        let running = try RunningInit(Self.services(), health: ["dependant"])
        defer { running.end() }
        #expect(try running.wait { try running.state("dependant") == "ready" })
        let before = try running.status().mapValues { $0["pid"] as? Int ?? 0 }
        var circle = Self.services()
        circle[0].requires = ["dependant"]
        var broken = try Data(contentsOf: URL(fileURLWithPath: running.run + "/plan"))
        broken[broken.count - 1] ^= 1
        try broken.write(to: URL(fileURLWithPath: running.run + "/broken"))
        for (name, reason) in [
            (try running.write(circle, to: "circle"), "wait for each other"),
            (running.run + "/broken", "checksum"),
            ("/dev/null", "not a boot plan"),
        ] {
            let outcome = running.amosctl("reload", name)
            #expect(outcome.status == 1 && outcome.errors.contains(reason), "\(outcome)")
        }
        #expect(running.amosctl("reload", "/nonexistent").status == 1)
        #expect(running.amosctl("reload").status == 2)
        // Without a descriptor there is nothing to take.
        let client = RawClient(running.run + "/control.sock")
        let reply = try client.ask(ControlRequest(.reload).encode()).map { try ControlReply(decoding: $0) }
        client.close()
        guard case .refused? = reply.first else { return #expect(Bool(false), "\(reply)") }
        #expect(try running.status().mapValues { $0["pid"] as? Int ?? 0 } == before)
    }

    /// Reloads while a service of the old plan is still starting, and one whose stop takes its time.
    @Test func whatIsOnItsWayArrives() throws {
        var starting = ServiceDefinition.shell(
            "starting", "while ! test -e $GO; do sleep 0.02; done; echo >&4; exec sleep 1000")
        starting.readiness = .descriptor(4)
        var slow = ServiceDefinition.shell(
            "aslow", "trap 'sleep 0.2; exit 0' TERM; while :; do sleep 0.02; done")
        slow.stopGraceMilliseconds = 5_000
        let running = try RunningInit([.sleeper("kept")])
        defer { running.end() }
        starting.environment = ["GO=" + running.run + "/go"]
        #expect(
            running.amosctl("reload", try running.write([.sleeper("kept"), starting, slow], to: "one")).status
                == 0)
        #expect(
            try running.wait {
                try running.state("aslow") == "ready" && running.state("starting") == "starting"
            })
        let pid = try running.pid("starting")
        #expect(
            running.amosctl("reload", try running.write([.sleeper("kept"), starting], to: "two")).status == 0)
        #expect(try running.state("starting") == "starting" && running.pid("starting") == pid)
        try Data().write(to: URL(fileURLWithPath: running.run + "/go"))
        // Its descriptor was renumbered with it.
        #expect(try running.wait { try running.state("starting") == "ready" })
        #expect(try running.pid("starting") == pid)
    }
}
