import Foundation
import Testing

@testable import Services

/// What the logger does when there is too much, too little or nothing at all to write to.
@Suite struct LogStorageTests {
    /// The ring is bounded, and neither it nor a service waits for a reader that has stopped.
    @Test func aStoppedReaderMissesWhatWasOverwritten() throws {
        let run = try LogRun(
            [LogRun.sh("first", "echo first"), LogRun.later("flood", "seq 1 60000")],
            logger: ["--size", "512"])
        #expect(run.waitFor("first", "done"))
        let reader = Process()
        reader.executableURL = URL(fileURLWithPath: ProgramTests.program("amosctl"))
        reader.arguments = ["log", "-f", "--json", "--run", run.folder, "--lines", "all"]
        let file = run.folder + "/followed"
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        reader.standardOutput = FileHandle(forWritingAtPath: file)
        try reader.run()
        defer { kill(reader.processIdentifier, SIGKILL) }
        func followed() -> [LogRun.Line] {
            LogRun.lines(FileManager.default.contents(atPath: file) ?? Data())
        }
        #expect(run.waitUntil { followed().contains { $0.text == "first" } })
        kill(reader.processIdentifier, SIGSTOP)
        run.go("flood")
        #expect(run.waitFor("flood", "done"))
        #expect(run.texts("flood") { $0.last?.text == "60000" }.count < 60_000)
        kill(reader.processIdentifier, SIGCONT)
        #expect(run.waitUntil { followed().last?.text == "60000" })
        let missing = followed().compactMap(\.missing).reduce(0, +)
        let seen = followed().compactMap(\.sequence)
        #expect(missing > 0 && UInt64(seen.count) + missing == seen.last! - seen.first! + 1)
        for index in 0..<8 {
            let size = try FileManager.default.attributesOfItem(atPath: run.folder + "/log/\(index).log")[
                .size]
            #expect(size as? Int ?? 0 <= 64 * 1024)
        }
        let sequences = run.log().compactMap(\.sequence)
        #expect(zip(sequences, sequences.dropFirst()).allSatisfy { $1 == $0 + 1 } && sequences.count > 1_000)
    }

    @Test func damageHidesNothingElse() throws {
        let run = try LogRun([LogRun.sh("counter", "seq 1 500"), LogRun.later("later", "echo after")])
        #expect(run.texts("counter") { $0.count == 500 }.count == 500)
        #expect(run.amosctl(["stop", "logd"]).status == 0 && run.waitFor("logd", "stopped"))
        let path = run.folder + "/log/0.log"
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        let content = try #require(FileManager.default.contents(atPath: path))
        let middle = try #require(content.range(of: Data("counter250".utf8)))
        try file.seek(toOffset: UInt64(middle.lowerBound))
        try file.write(contentsOf: Data(repeating: 0xff, count: 1_000))
        try file.close()
        run.go("later")
        #expect(run.amosctl(["start", "logd"]).status == 0)
        #expect(run.texts("later") { $0.last?.text == "after" }.last?.text == "after")
        let lines = run.log(["--service", "counter", "-n", "all"])
        let texts = lines.compactMap(\.text)
        let missing = lines.compactMap(\.missing).reduce(0, +)
        #expect(missing > 5 && missing < 40 && texts.count + Int(missing) == 500)
        #expect(texts.first == "1" && texts.last == "500")
    }

    /// Without a folder the log goes on in memory, and moves when there is one.
    @Test func itGoesOnWithoutDisk() throws {
        let early = LogRun.sh("early", "echo early")
        var chatter = LogRun.sh("chatter", "n=0; while :; do n=$((n+1)); echo $n; sleep 0.2; done")
        chatter.kind = .longRunning
        // A file where the folder's parent should be.
        let run = try LogRun([early, chatter], directory: "@RUN@/plan/log")
        #expect(run.texts("early") { !$0.isEmpty }.map(\.text) == ["early"])
        #expect(FileManager.default.fileExists(atPath: run.folder + "/log/0.log"))
        try FileManager.default.removeItem(atPath: run.folder + "/plan")
        #expect(run.waitUntil { FileManager.default.fileExists(atPath: run.folder + "/plan/log/0.log") })
        let before = run.log(["--service", "chatter", "-n", "1"]).last?.sequence ?? 0
        #expect(run.waitUntil { run.log(["--service", "chatter", "-n", "1"]).last?.sequence ?? 0 > before })
        #expect(run.log(["--service", "early"]).map(\.text) == ["early"])
        let numbers = run.log(["--service", "chatter", "-n", "all"]).compactMap { Int($0.text ?? "") }
        #expect(numbers == Array(1...numbers.count))
    }

    /// What a full disk does not take waits in memory; what memory does not take is counted.
    @Test func itGoesOnWithAFullDisk() throws {
        guard Self.canMount else {
            return print("the log on a full disk is NOT tested: this user may not mount anything")
        }
        // The reservation fails as well: the disk is smaller than the ring.
        let mount = "mkdir @RUN@/log && mount -t tmpfs -o size=192k none @RUN@/log && exec \"$0\" \"$@\""
        let run = try LogRun(
            [
                LogRun.sh("flood", "seq 1 20000"),
                LogRun.later("space", "mount -o remount,size=8m none @RUN@/log"),
                LogRun.later("after", "echo after"),
            ], prefix: ["/usr/bin/unshare", "-rm", "/bin/sh", "-c", mount])
        #expect(run.waitFor("flood", "done"))
        run.go("space")
        #expect(run.waitFor("space", "done"))
        let notes = run.texts("logd") { $0.contains { $0.text?.contains("takes lines again") ?? false } }
        let lost = notes.compactMap(\.dropped).reduce(0, +)
        run.go("after")
        #expect(run.texts("after") { !$0.isEmpty }.map(\.text) == ["after"])
        let kept = run.log(["--service", "flood", "-n", "all"]).compactMap { Int($0.text ?? "") }
        #expect(lost > 0 && kept.count + Int(lost) == 20_000 && zip(kept, kept.dropFirst()).allSatisfy(<))
        #expect(notes.count { $0.text?.contains("No space left") ?? false } <= 1, "said once")
    }

    private static let canMount: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = ["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
}
