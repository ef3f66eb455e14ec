import DeviceSpec
import Foundation
import Services
import Testing

@Suite struct ServiceFolderTests {
    private static let sleeper = "program: /bin/sleep\narguments: [inf]\n"

    private func plan(_ files: [String: String]) throws -> BootPlan {
        try Fixture.with(files) { try ServiceFolder.plan(at: $0) }
    }

    private func messages(_ files: [String: String]) throws -> String {
        try Fixture.with(files) { folder in
            do throws(DiagnosticList) {
                _ = try ServiceFolder.plan(at: folder)
                return "nothing"
            } catch { return error.text(relativeTo: folder) }
        }
    }

    @Test func everyFileIsAService() throws {
        let plan = try plan([
            "b.yaml": Self.sleeper + "requires: [a]\nuser: nobody\n", "a.yaml": Self.sleeper,
            "notes.txt": "none", ".hidden.yaml": "none",
        ])
        #expect(plan.services.map(\.name) == ["a", "b"])
        #expect(plan.services[1].requires == ["a"])
        #expect(plan.services[1].userID == 65_534)
        #expect(plan.health.services == [])
        #expect(plan.shutdownBudgetMilliseconds == 8_000)
        #expect(try BootPlan.decode(plan.encode()) == plan)
    }

    @Test func settingsStandInAFileOfTheirOwn() throws {
        let settings = """
            hostname: box
            health: {services: [a], stable-for: 1 s, deadline: 2 min}
            shutdown-budget: 3 s
            watchdog: 1 min
            """
        let plan = try plan(["a.yaml": Self.sleeper, "_plan.yaml": settings])
        #expect(plan.hostname == "box")
        #expect(
            plan.health
                == .init(services: ["a"], stableForMilliseconds: 1_000, deadlineMilliseconds: 120_000))
        #expect(plan.shutdownBudgetMilliseconds == 3_000)
        #expect(plan.machineWatchdogMilliseconds == 60_000)
    }

    @Test func mistakesAreFoundAtOnceAndPlaced() throws {
        let text = try messages([
            "a.yaml": "program: /bin/slep\nuser: nobdy\nrequires: [c]\n",
            "b.yaml": Self.sleeper + "afer: [a]\n",
            "_plan.yaml": "health: {services: [d]}\n", "Bad.yaml": Self.sleeper,
        ])
        for expected in [
            "a.yaml:1:10: error: there is no program '/bin/slep'",
            "a.yaml:2:7: error: unknown user 'nobdy'",
            "a.yaml:3:12: error: unknown service 'c' in requires",
            "b.yaml:3:1: error: unknown key 'afer'",
            "_plan.yaml:1:21: error: unknown service 'd' in health", "did you mean 'after'?",
            "Bad.yaml:1:1: error: 'Bad' cannot be the name of a service",
        ] { #expect(text.contains(expected), "\(text)") }
    }

    /// The machine is at hand: what it lacks need not wait for the first start to be found.
    @Test(arguments: [
        ("ready:\n  probe: [/bin/no-such-probe]\n", "a.yaml:4:11: error: there is no program"),
        ("working-directory: /usr/no-such-folder\n", "a.yaml:3:20: error: there is no folder"),
        ("working-directory: /bin/sleep\n", "a.yaml:3:20: error: '/bin/sleep' is not a folder"),
        ("terminal: /dev/no-such-terminal\n", "a.yaml:3:11: error: there is no terminal"),
    ])
    func whatTheMachineLacksIsFound(_ text: String, _ message: String) throws {
        #expect(try messages(["a.yaml": Self.sleeper + text]).hasPrefix(message))
    }

    @Test(arguments: [
        "working-directory: /usr/bin\n", "working-directory: /run/made-by-another\n",
        "terminal: /dev/null\n",
        "terminal: /dev/ttyUSB99\nstart-on: {devices: [/dev/ttyUSB99]}\n",
        "ready: {probe: [/bin/true]}\n",
    ])
    func whatIsThereOrMayComeIsNot(_ text: String) throws {
        #expect(try messages(["a.yaml": Self.sleeper + text]) == "nothing")
    }

    @Test func anEmptyFolderIsAMistake() throws {
        #expect(try messages(["x/y": ""]).contains("there are no services here"))
    }
}
