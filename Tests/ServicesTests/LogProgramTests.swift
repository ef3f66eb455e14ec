import Foundation
import Testing

@testable import Services

/// amos-init, amos-logd and amosctl together: what services print, and what becomes of it.
@Suite struct LogProgramTests {
    /// Nothing is lost, torn or repeated, whoever is killed at whatever moment.
    @Test func deathsLoseNoLine() throws {
        let count = 40_000
        let pause = "[ $((n % 100)) = 0 ] && sleep 0.01; "
        let line = "n=$((n+1)); echo \"line $n of $$\"; " + pause
        let steady = LogRun.sh("steady", "n=0; while [ $n -lt \(count) ]; do \(line)done; exit 0")
        var mortal = LogRun.sh("mortal", "n=0; while :; do \(line)done")
        mortal.kind = .longRunning
        mortal.restart = .always
        (mortal.restartDelayMilliseconds, mortal.restartDelayLimitMilliseconds) = (1, 1)
        let run = try LogRun([steady, mortal], logger: ["--size", "65536"])
        var deaths = 0
        while run.status("steady")?.state != "done", deaths < 1_000 {
            guard let logd = run.status("logd"), logd.state == "ready" else { continue }
            usleep(UInt32.random(in: 0...30_000))
            kill(logd.pid, SIGKILL)
            deaths += 1
            if deaths % 2 == 0, let process = run.status("mortal")?.pid, process > 0 {
                kill(process, SIGKILL)
            }
        }
        #expect(deaths > 5)
        #expect(run.amosctl(["stop", "mortal"]).status == 0)
        #expect(run.waitFor("steady", "done") && run.waitFor("mortal", "stopped"))
        let lines = run.texts("steady") { $0.last?.text?.hasPrefix("line \(count) ") ?? false }
        #expect(lines.count == count)
        let process = try #require(lines.first?.text?.split(separator: " ").last)
        for (index, line) in lines.enumerated() {
            try #require(line.text == "line \(index + 1) of \(process)")
        }
        try Self.checkRuns(run.log(["--lines", "all", "--service", "mortal"]))
        let sequences = run.log().compactMap(\.sequence)
        #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $1 == $0 + 1 })
    }

    /// Each life of the service counted from 1, and no number is missing or stands twice.
    private static func checkRuns(_ lines: [LogRun.Line]) throws {
        var next: [Substring: Int] = [:]
        for line in lines {
            let words = try #require(line.text).split(separator: " ")
            try #require(words.count == 4, "\(line)")
            try #require(Int(words[1]) == next[words[3], default: 0] + 1, "\(line)")
            next[words[3], default: 0] += 1
        }
        #expect(next.count > 2)
    }

    @Test func linesKeepTheirFacts() throws {
        // The logger must hear that the process runs: the same way as it gets the other one's line.
        let gate = NSTemporaryDirectory() + "/amos-gate-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: gate) }
        let script =
            "while ! [ -e \(gate) ]; do sleep 0.02; done; echo '<3>broken'; echo plain >&2; "
            + "printf 'a\\000b\\377c\\n'; echo \"of $$\"; "
            + "head -c 5000 /dev/zero | tr '\\0' x; echo; printf 'no end'"
        let run = try LogRun([
            LogRun.sh("talker", script, after: ["logd"]), LogRun.sh("other", "echo '<7>detail'"),
        ])
        _ = run.texts("other") { !$0.isEmpty }
        usleep(300_000)
        try Data().write(to: URL(fileURLWithPath: gate))
        let lines = run.texts("talker") { $0.last?.text == "no end" }
        let process = lines.first?.pid
        #expect(lines.map(\.level) == ["error"] + [String](repeating: "info", count: 7))
        #expect(
            lines.map { $0.text?.utf8.count } == [
                6, 5, 9, 3 + String(process ?? 0).count, 2048, 2048, 904, 6,
            ])
        #expect(lines[2].text == "a\u{2400}b\u{fffd}c" && lines[3].text == "of \(process ?? 0)")
        #expect(
            lines.map { $0.unfinished ?? false } == [false, false, false, false, true, true, false, true])
        #expect(lines.allSatisfy { $0.pid == process && $0.boot == 1 })

        #expect(run.log(["--level", "error", "--service", "talker"]).map(\.text) == ["broken"])
        #expect(run.log(["--level", "3", "--since", "1 h", "--service", "talker"]).map(\.text) == ["broken"])
        #expect(run.log(["--service", "talker", "--service", "other", "-n", "all"]).count == 9)
        #expect(
            run.log(["--service", "talker", "-n", "2"]).map(\.sequence) == lines.suffix(2).map(\.sequence))
        #expect(run.log(["--boot", "previous", "--service", "talker"]).isEmpty)
        #expect(run.log(["--boot", "current", "--service", "other"]).map(\.level) == ["debug"])
        #expect(run.log(["--since", "2100-01-01"]).isEmpty && !run.log(["--since", "boot"]).isEmpty)
        #expect(run.amosctl(["log", "--since", "yesteryear"]).status == 2)
        let text = String(decoding: run.amosctl(["log", "--service", "talker"]).output, as: UTF8.self)
        #expect(text.contains(" talker[\(process ?? 0)] error: broken\n") && text.hasSuffix("no end…\n"))
        #expect(text.wholeMatch(of: /(?s)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z talker.*/) != nil)
        Self.readByStrangers(run)
    }

    private static func readByStrangers(_ run: LogRun) {
        let json = run.amosctl(["log", "--json", "-n", "all", "--service", "talker"]).output
        let file = run.folder + "/log.json"
        try? json.write(to: URL(fileURLWithPath: file))
        let python = Process()
        python.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        python.arguments = [
            "python3", "-c",
            "import json,sys; print(sum(len(json.loads(l)['text']) for l in open(sys.argv[1])))", file,
        ]
        let output = Foundation.Pipe()
        python.standardOutput = output
        guard FileManager.default.isExecutableFile(atPath: "/usr/bin/python3"), (try? python.run()) != nil
        else {
            return print("the log's JSON is NOT read by a foreign parser: this machine has no python3")
        }
        let sum = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let lengths = LogRun.lines(json).map { $0.text!.unicodeScalars.count }
        #expect(sum == "\(lengths.reduce(0, +))\n" && lengths.count == 8)
    }

    @Test func aBabblerIsCounted() throws {
        var babbler = LogRun.sh("babbler", "seq 1 3000")
        (babbler.logLimit.linesPerSecond, babbler.logLimit.burst) = (10, 50)
        let run = try LogRun([babbler])
        func total(_ lines: [LogRun.Line]) -> Int {
            lines.reduce(0) { $0 + Int($1.dropped ?? 1) }
        }
        let lines = run.texts("babbler") { total($0) >= 3_000 }
        #expect(total(lines) == 3_000)
        let kept = lines.filter { $0.dropped == nil }
        #expect(kept.count >= 50 && kept.count < 3_000)
        #expect(kept.prefix(50).map(\.text) == (1...50).map(String.init))
        let note = lines.first { $0.dropped != nil }
        #expect(
            note?.level == "warning" && note?.text?.hasSuffix("dropped: more than 10 per second") ?? false)
    }
}
