import Emulator
import Foundation
import HostSystem
import Testing

extension DeviceTests {
    /// Sixty seconds in which services are killed at random, one runs out of its memory, another takes all
    /// that the handset has, one fork-bombs itself and `data` is full. PID 1 stays, the console answers, and
    /// what nobody harmed was never touched.
    @Suite struct Chaos {
        static let seconds = count(60, torture: 600)
        static let workers = ["one", "two", "three", "four"]

        /// A virt-phone with workers, which anybody may kill, and two services that harm themselves.
        static let phone = Result {
            var files: [String: String] = [:]
            for name in workers + ["innocent"] {
                files["services/\(name).yaml"] = """
                    description: Sleeps
                    program: /usr/bin/busybox
                    arguments: [sleep, "1000000"]
                    restart: {policy: always, delay: 100 ms, delay-limit: 1 s}
                    """
            }
            files["services/hog.yaml"] = """
                description: Takes more memory than it may have
                program: /usr/bin/busybox
                arguments: [dd, if=/dev/zero, of=/dev/null, bs=64M, count=100]
                start: on-demand
                restart: never
                limits: {memory: 8 MiB, memory-ends-all: true}
                """
            files["services/glutton.yaml"] = """
                description: Takes all the memory that there is
                program: /usr/bin/busybox
                arguments: [tail, /dev/zero]
                start: on-demand
                restart: never
                limits: {oom-score: 1000}
                """
            files["services/bomb.yaml"] = """
                description: Starts as many processes as it may, and goes on trying
                program: /usr/bin/busybox
                arguments: [sh, -c, "bomb() { bomb | bomb & }; while true; do bomb; done 2>/dev/null"]
                start: on-demand
                restart: {policy: always, delay: 100 ms, delay-limit: 1 s}
                limits: {processes: 24, memory: 32 MiB, cpu-weight: 10}
                """
            files["services/limited.yaml"] = """
                description: Has a limit of every kind
                program: /usr/bin/busybox
                arguments: [sleep, "1000000"]
                limits:
                  memory: 24 MiB
                  memory-high: 16 MiB
                  memory-low: 4 MiB
                  memory-ends-all: true
                  cpu-weight: 250
                  cpu: 20 ms per 50 ms
                  processes: 7
                """
            let names = files.keys.map { $0.dropFirst("services/".count).dropLast(".yaml".count) }
            let list = names.sorted().joined(separator: ", ")
            let source = try DeviceSource("chaos", "services: [\(list)]\n", files: files)
            return (source: source, image: try Workshop.build(source))
        }

        /// What the kernel has is what the file says, of every controller; the chaos counts on it.
        @Test func limitsAreThoseOfTheServiceFile() throws {
            let limits = [
                "memory.max": "25165824", "memory.high": "16777216", "memory.low": "4194304",
                "memory.oom.group": "1", "cpu.weight": "250", "cpu.max": "20000 50000", "pids.max": "7",
            ]
            let files = limits.keys.sorted()
            let commands =
                ["cd /sys/fs/cgroup/amos/limited", "cat cgroup.procs; amosctl status limited --json"]
                + files.map { "cat \($0)" } + ["cat ../innocent/pids.max ../innocent/memory.max"]
            let script = ConsoleScript([commands])
            let record = try TestDisk(try Self.phone.get().image).run {
                $0.perform(script, thenPowerOff: true)
            }
            #expect(record.outcome == .poweredOff, "\(record.console.text.suffix(3000))")
            let answers = script.answers()
            try #require(answers.count == commands.count, "\(record.console.text.suffix(3000))")
            let process = answers[1].text.prefix { $0.isNumber }
            #expect(answers[1].text.contains("\"pid\":\(process),"), "\(answers[1].text)")
            #expect(answers[1].text.contains("\"held_by\":\"cgroup\""), "\(answers[1].text)")
            for (file, answer) in zip(files, answers.dropFirst(2)) {
                #expect(answer.text == limits[file], "\(file)")
            }
            // Who asks for none has none.
            #expect(answers.last?.text == "max\nmax")
        }

        /// Kills the service's main process, if it has one at the moment.
        private static func kill(_ service: String) -> String {
            let process = "amosctl status \(service) --json | tr ',{' '\\n' | sed -n 's/^\"pid\"://p'"
            return "p=$(\(process) | head -n 1); [ ${p:-0} -gt 1 ] && kill -9 $p"
        }

        /// Random harm with random pauses that sum up to the time.
        static func harm(_ random: inout SeededGenerator) -> [String] {
            var commands = [
                "amosctl start glutton",
                "dd if=/dev/zero of=/data/full bs=1M 2>/dev/null; amosctl start bomb; amosctl start hog",
            ]
            var milliseconds = 0
            while milliseconds < seconds * 1000 {
                let pause = Int.random(in: 100...2_000, using: &random)
                milliseconds += pause
                let victims = workers + ["logd", "network", "clock"]
                let victim = victims.randomElement(using: &random)!
                let harm =
                    Int.random(in: 0..<6, using: &random) == 0
                    ? "amosctl start hog" : kill(victim)
                commands.append("sleep \(pause / 1000).\(pause % 1000 / 100); \(harm)")
            }
            return commands
        }

        @Test func whatWasNotHarmedIsUntouchedAndTheRestIsBack() throws {
            var random = SeededGenerator(stream: 77)
            let before = ["amosctl status innocent --json"]
            let after = [
                "df /data | tail -n 1; cat /sys/fs/cgroup/amos/bomb/pids.events",
                "amosctl stop bomb; rm /data/full",
                // A minute is more than any policy has them wait.
                "i=0; while amosctl status | grep -E ' (waiting|starting|stopping) ' && [ $i -lt 60 ]; do"
                    + " sleep 1; i=$((i+1)); done",
                "amosctl status innocent --json",
                "amosctl status --json",
                "cat /proc/1/comm",
                "cat /sys/fs/cgroup/amos/bomb/cgroup.procs | wc -l",
            ]
            let harm = Self.harm(&random)
            let script = ConsoleScript([before + harm + after])
            let disk = try TestDisk(try Self.phone.get().image)
            let record = try disk.run {
                $0.timeoutSeconds = Double(Self.seconds) * 5 + 300
                $0.perform(script, thenPowerOff: true)
            }
            let seed = "AMOS_SEED=\(SeededGenerator.seed)"
            let console = record.console.text.suffix(3000)
            #expect(record.outcome == .poweredOff, "\(seed)\n\(console)")
            #expect(record.boots.count == 1, "\(seed)")
            let answers = script.answers()
            try #require(answers.count == before.count + harm.count + after.count, "\(seed)\n\(console)")
            try Self.check(Array(answers.suffix(after.count)), untouched: answers[0], seed)
        }

        private struct Status: Decodable {
            var name: String
            var state: String
            var pid: Int
            var restarts: Int
            var reason: String
        }

        private static func check(
            _ answers: [ConsoleScript.Answer], untouched: ConsoleScript.Answer, _ seed: String
        ) throws {
            func read(_ answer: ConsoleScript.Answer) throws -> [Status] {
                try JSONDecoder().decode([Status].self, from: Data(answer.text.utf8))
            }
            #expect(answers[0].text.contains(/(9[89]|100)% \/data/), "\(seed): \(answers[0].text)")
            #expect(answers[0].text.contains(/max [1-9]/), "\(seed): \(answers[0].text)")
            let innocent = try #require(try read(untouched).first)
            let innocentNow = try #require(try read(answers[3]).first)
            #expect(innocentNow.pid == innocent.pid && innocentNow.restarts == 0, "\(seed)")
            let all = try read(answers[4])
            for name in workers + ["logd", "network", "clock", "shell"] {
                #expect(all.first { $0.name == name }?.state == "ready", "\(seed): \(name) in \(all)")
            }
            #expect(all.contains { $0.restarts > 0 }, "\(seed): nothing was harmed")
            #expect(all.first { $0.name == "hog" }?.state == "failed", "\(seed)")
            #expect(all.first { $0.name == "bomb" }?.state == "stopped", "\(seed)")
            // Whom the kernel chose when nothing was left.
            let glutton = all.first { $0.name == "glutton" }
            #expect(glutton?.reason == "killed by signal 9", "\(seed): \(glutton as Any)")
            #expect(answers[5].text.contains("amos-init"), "\(seed)")
            #expect(answers[6].text.trimmingCharacters(in: .whitespacesAndNewlines) == "0", "\(seed)")
        }
    }
}
