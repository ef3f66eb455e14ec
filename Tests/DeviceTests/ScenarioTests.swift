import DeviceSpec
import Emulator
import Foundation
import HostSystem
import Services
import Testing
import Wire

@testable import ScenarioFormat

extension DeviceTests {
    /// A part of the scenarios, on a handset: amos-init as an ordinary service manager in a cgroup of its
    /// own, on the handset's kernel, which has every controller to give.
    @Suite struct Scenarios {
        static let names = [
            "backoff", "conflicts", "controllers", "limits", "milestones", "once", "one-shot", "orphans",
            "requires", "restart-policies", "stop-grace", "wants",
        ]
        /// Where they are in the image.
        private static let place = "/usr/share/scenarios"

        static let phone = Result {
            let source = try DeviceSource(
                "scenarios", "files:\n  copy:\n    - {from: ../scenarios, to: \(place)}\n")
            try source.write("scenarios/bin/await", GuestScript.await)
            try source.write("scenarios/bin/reached", GuestScript.reached)
            for program in ["await", "reached"] { chmod("\(source.folder)/scenarios/bin/\(program)", 0o755) }
            for name in names { try write(try Scenario(name), to: source) }
            return (source: source, image: try Workshop.build(source))
        }

        private static func write(_ scenario: Scenario, to source: DeviceSource) throws {
            let script = GuestScript(scenario, place: place)
            try source.write("scenarios/\(scenario.name)/play.sh", script.text)
            for part in scenario.parts {
                for (file, text) in try scenario.services(in: part, replacing: ["@DIR@": script.folder]) {
                    try source.write("plans/\(scenario.name)/\(part)/\(file)", text)
                }
                let plan = try ServiceFolder.plan(at: "\(source.folder)/plans/\(scenario.name)/\(part)")
                let target = "\(source.folder)/scenarios/\(scenario.name)/\(part).plan"
                try Data(plan.encode()).write(to: URL(fileURLWithPath: target))
            }
        }

        @Test func theyArePlayedOnTheHandset() throws {
            let image = try Self.phone.get().image
            let script = ConsoleScript([Self.names.map { "sh \(Self.place)/\($0)/play.sh" }])
            let record = try TestDisk(image).run {
                $0.timeoutSeconds = 900
                $0.perform(script, thenPowerOff: true)
            }
            let console = record.console.text.suffix(3000)
            #expect(record.outcome == .poweredOff, "\(console)")
            let answers = script.answers()
            try #require(answers.count == Self.names.count, "\(console)")
            for (name, answer) in zip(Self.names, answers) {
                let problems = try GuestScript.problems(of: Scenario(name), in: answer.text)
                #expect(problems.isEmpty, "\(name): \(problems.joined(separator: "\n"))\n\(answer.text)")
            }
        }
    }
}

/// A scenario as a script for the handset's shell, and what its output means.
private struct GuestScript {
    let folder: String
    private(set) var text: String

    /// `await COMMAND…`: until it succeeds.
    static let await = "#!/bin/sh\nuntil \"$@\" >/dev/null 2>&1; do sleep 0.1; done\n"

    /// `reached SERVICE STATE COUNT`: waits for a minute.
    static let reached = """
        #!/bin/sh
        pattern="\\"name\\":\\"$1\\",\\"state\\":\\"$2\\""
        # One that is about to start, for no reason worth telling, does not count.
        [ "$2" = waiting ] && pattern="$pattern.*\\"reason\\""
        tries=0
        until [ "$(amosctl events --json | grep -c "$pattern")" -ge "$3" ]; do
            tries=$((tries+1))
            [ $tries -lt 600 ] || exit 1
            sleep 0.1
        done

        """

    init(_ scenario: Scenario, place: String) {
        folder = "/run/s/\(scenario.name)"
        text = """
            mkdir -p \(folder) && cd \(folder) || exit 1
            export DIR=\(folder) AMOS_RUN=\(folder)/run PATH=\(place)/bin:$PATH
            mkdir run
            # Where nobody else is: only such a group has controllers for those below it.
            own=/sys/fs/cgroup/\(scenario.name)
            for name in memory cpu pids; do echo +$name > /sys/fs/cgroup/cgroup.subtree_control; done
            mkdir $own
            (echo 0 > $own/cgroup.procs && exec /usr/sbin/amos-init --run $DIR/run --state $DIR/state \
            --plan \(place)/\(scenario.name)/services.plan > output 2>&1) &
            await amosctl status

            """
        for (number, step) in scenario.steps.enumerated() {
            add(step, number, place: "\(place)/\(scenario.name)")
        }
        for (name, line) in scenario.expectation.lines.sorted(by: { $0.key < $1.key }) {
            for (state, count) in line.counts.sorted(by: { $0.key < $1.key }) {
                text += "reached \(name) \(state) \(count)\n"
            }
        }
        text += "echo @events; amosctl events --json; echo @end\n"
        text += "amosctl poweroff; wait; rmdir $own; cat output\n"
    }

    private mutating func add(_ step: Scenario.Step, _ number: Int, place: String) {
        if let wait = step.wait, let point = try? Expectation.Point(wait) {
            text += "reached \(point.service) \(point.state) \(point.occurrence) || echo @late \(wait)\n"
        }
        if let part = step.plan { text += "cp \(place)/\(part).plan $DIR/\n" }
        if let pause = step.pause { text += "sleep \(Double(pause) / 1000)\n" }
        guard let run = step.run else { return }
        for match in run.matches(of: /\$PID_([a-z_]+)/) {
            let service = match.1.replacing("_", with: "-")
            text += "export PID_\(match.1)=$(amosctl status \(service) --json | tr ',{' '\\n'"
            text += " | sed -n 's/^\"pid\"://p')\n"
        }
        text += "cat > step <<'AMOS_END'\n\(run)\nAMOS_END\n"
        text += "timeout 60 sh -eu step > said 2>&1; echo @step \(number) $?; cat said; echo @end\n"
    }

    /// What a scenario's own runner would complain of.
    static func problems(of scenario: Scenario, in output: String) throws -> [String] {
        let lines = output.split(separator: "\n", omittingEmptySubsequences: false)
        var problems = lines.filter { $0.hasPrefix("@late ") }.map(String.init)
        for (number, step) in scenario.steps.enumerated() where step.run != nil {
            guard let start = lines.firstIndex(where: { $0.hasPrefix("@step \(number) ") }) else {
                problems.append("step \(number) is missing")
                continue
            }
            let status = lines[start].split(separator: " ").last.flatMap { Int32($0) }
            let said = lines[(start + 1)...].prefix { $0 != "@end" }.map { $0 + "\n" }.joined()
            problems += try step.problems(status: status ?? -1, output: said).map { "step \(number): \($0)" }
        }
        let events = lines.drop { $0 != "@events" }.compactMap { line in
            (try? TimedEvent(line: Array(line.utf8))).flatMap { ScenarioEvent($0, line: String(line)) }
        }
        let shutdown = events.firstIndex { $0.state == "shutdown" } ?? events.count
        return problems + scenario.expectation.problems(Array(events[..<shutdown]))
    }
}
