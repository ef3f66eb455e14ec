import Foundation
import Testing

@testable import DeviceSpec

/// Warnings do not keep a plan from being made; errors are `WrongFileTests`'s.
@Suite struct LintTests {
    private func lint(_ files: [String: String]) throws -> [String] {
        try Fixture.with(files) { folder in
            let report = ServiceFolder.lint(at: folder)
            #expect(report.diagnostics.errorCount == 0, "\(report.diagnostics)")
            return report.diagnostics.diagnostics.map { $0.text(relativeTo: folder) }
        }
    }

    @Test(arguments: [
        ("start: on-demand\n", "a.yaml:2:8: warning: nothing starts a: only a command can"),
        ("watchdog: 5 s\n", "a.yaml:2:11: warning: watched from its first moment"),
        ("stop: {grace: 9 s}\n", "a.yaml:2:15: warning: its grace is longer than the whole shutdown"),
        ("stop-when-idle: 5 s\n", "a.yaml:2:17: warning: once idle, it stops"),
        ("restart: {then: reboot}\n", "a.yaml:2:17: warning: 'then' never happens"),
        ("restart: {policy: never, limit: 3 per 1 min}\n", "a.yaml:2:33: warning: 'limit' says nothing"),
        ("restart: {delay: 10 s, limit: 7 per 1 min}\n", "a.yaml:2:31: warning: 'limit' is never reached"),
        ("isolation: {ambient-capabilities: [kill]}\n", "a.yaml:2:35: warning: root has its capabilities"),
        ("limits: {scheduling: fifo}\n", "a.yaml:2:22: warning: a real-time service without a bound"),
        (
            "start-on: {timers: [{every: 5 s, jitter: 5 s}]}\n",
            "a.yaml:2:42: warning: the jitter is as long as the timer's period"
        ),
    ])
    func warns(_ text: String, _ message: String) throws {
        let warnings = try lint(["a.yaml": "program: /bin/sleep\n" + text])
        #expect(warnings.count == 1, "\(warnings)")
        #expect(warnings.first?.hasPrefix(message) == true, "\(warnings)")
    }

    @Test(arguments: [
        "watchdog: 5 s\nready: notify\n", "stop-when-idle: 5 s\nstart-on: {devices: [/dev/x]}\n",
        "restart: {limit: 3 per 1 min, then: reboot}\n", "restart: {policy: never, then: reboot}\n",
    ])
    func isQuietAboutWhatIsRight(_ text: String) throws {
        #expect(try lint(["a.yaml": "program: /bin/sleep\n" + text]) == [])
    }

    @Test func aServiceThatAnotherNeedsIsReachable() throws {
        let sleeper = "program: /bin/sleep\nstart: on-demand\n"
        #expect(try lint(["a.yaml": sleeper, "b.yaml": "kind: target\nwants: [a]\n"]) == [])
        let last = "program: /bin/sleep\nrestart: {limit: 3 per 1 min, then: {isolate: a}}\n"
        #expect(try lint(["a.yaml": sleeper, "b.yaml": last]) == [])
    }

    /// Who needs whom on demand, and whom nothing starts.
    @Test(arguments: [
        (["a": "wants: [b]", "b": "wants: [a]"], ["a", "b"]),
        (["a": "requires: [b]", "b": "", "c": "wants: [a]"], ["c"]),
        (["a": "wants: [b]", "b": "wants: [a]", "c": "wants: [a]\nstart-on: {devices: [/dev/x]}"], []),
        (["a": "wants: [a]"], ["a"]), (["a": "wants: [b]", "b": "milestones: [c]", "c": ""], ["a"]),
        (["a": "wants: [b]", "b": "wants: [c]", "c": "wants: [b]", "d": "wants: [d]"], ["a", "d"]),
    ])
    func whatNothingStarts(_ lines: [String: String], _ unreachable: [String]) throws {
        var files: [String: String] = [:]
        for (name, line) in lines {
            files["\(name).yaml"] = "program: /bin/sleep\nstart: on-demand\n\(line)\n"
        }
        let warnings = try lint(files)
        #expect(warnings.count == unreachable.count, "\(warnings)")
        for (warning, name) in zip(warnings, unreachable) {
            #expect(warning.hasPrefix("\(name).yaml:2:8: warning: nothing starts \(name): "))
        }
    }

    @Test func moreProcessorsThanThereAreIsAWarning() throws {
        let device = try Fixture.pocket(
            "services: [a]\nmachine: {cpus: 1}\n",
            services: ["a": "program: /bin/a\nlimits: {cpu: 150 %}\n"])
        #expect(device.warnings.map(\.message) == ["cpu is more than the machine has: it never takes effect"])
    }

    // MARK: Exposure

    private func exposure(_ text: String) throws -> ServiceExposure {
        try Fixture.with(["a.yaml": "program: /bin/sleep\n" + text]) { folder in
            let report = ServiceFolder.lint(at: folder)
            return try #require(report.exposures.first, "\(report.diagnostics)")
        }
    }

    private static let steps = [
        "user: nobody\n", "isolation:\n  no-new-privileges: true\n", "  capabilities: none\n",
        "  system-calls: [\"@basic-io\", \"@file-system\"]\n", "  read-only-root: true\n",
        "  private-tmp: true\n",
        "  private-dev: true\n", "  namespaces: [pid, ipc]\n",
    ]

    @Test func everyStepIsWorthSomething() throws {
        let open = try exposure("")
        #expect(open.points == 100)
        #expect(open.word == "everything")
        #expect(open.advice.count == open.aspects.count)
        var last = 100
        for count in 1...Self.steps.count where count != 3 {
            let points = try exposure(Self.steps.prefix(count).joined()).points
            #expect(points < last, "\(Self.steps[count - 1])")
            last = points
        }
        let closed = try exposure(Self.steps.joined())
        #expect(closed.points == 0)
        #expect(closed.advice == [])
        #expect(closed.word == "low")
    }

    @Test func rootIsWorthItsCapabilities() throws {
        let clock = try exposure("isolation: {capabilities: [sys-time]}\n")
        let mighty = try exposure("isolation: {capabilities: [sys-admin]}\n")
        #expect(clock.points < mighty.points)
        #expect(mighty.advice.contains { $0.contains("sys-admin") })
        let harmful = try exposure("isolation: {system-calls: [\"@service\", \"@module\"]}\n")
        #expect(harmful.advice.contains { $0.contains("@module") })
    }
}
