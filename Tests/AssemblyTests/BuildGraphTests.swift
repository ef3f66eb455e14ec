import Foundation
import HostSystem
import Testing

@testable import Assembly

@Suite struct BuildGraphTests {
    private let folder = TemporaryFolder()

    /// Runs one step in a build of its own; returns why it ran.
    @discardableResult
    private func build(_ inputs: [(String, String)], write text: String = "x") throws -> [String] {
        let graph = BuildGraph(stateFolder: folder.path)
        var all = BuildGraph.Inputs()
        for (name, value) in inputs { all.add(name, value) }
        try graph.step("link", inputs: all, outputs: [folder.file("output")]) {
            try OutputFile.write(text, to: folder.file("output"))
        }
        try graph.finish()
        return graph.outcomes[0].reasons
    }

    @Test func runsOnceForTheSameInputs() throws {
        #expect(try build([("a", "1"), ("b", "2")]) == ["first build"])
        #expect(try build([("a", "1"), ("b", "2")]) == [])
    }

    @Test func everyReasonIsNamed() throws {
        try build([("a", "1"), ("b", "2"), ("c", "3")])
        #expect(try build([("a", "1"), ("b", "9"), ("d", "4")]) == ["b changed", "d is new", "c is gone"])
        #expect(try build([("a", "1"), ("b", "9"), ("d", "4")]) == [])
    }

    /// Files of two folders may have one name, and the change of either counts.
    @Test func inputsOfOneNameAreToldApart() throws {
        try build([("radio.yaml", "1"), ("radio.yaml", "2")])
        #expect(try build([("radio.yaml", "1"), ("radio.yaml", "2")]) == [])
        #expect(try build([("radio.yaml", "1"), ("radio.yaml", "1")]) == ["radio.yaml changed"])
        #expect(try build([("radio.yaml", "1")]) == ["radio.yaml changed"])
    }

    @Test func outputsAreLookedAfter() throws {
        try build([("a", "1")])
        unlink(folder.file("output"))
        #expect(try build([("a", "1")]) == ["output is missing"])
        try Data("longer".utf8).write(to: URL(fileURLWithPath: folder.file("output")))
        #expect(try build([("a", "1")]) == ["output was changed by someone else"])
        #expect(try build([("a", "1")]) == [])
    }

    @Test func valuesMayHoldWhatSeparatesTheRecord() throws {
        let inputs = [
            ("tab\tin\nname", "a\tb\nc"), ("empty", ""), ("long", String(repeating: "é", count: 99)),
        ]
        try build(inputs)
        #expect(try build(inputs) == [])
        #expect(try build([inputs[0], ("empty", " "), inputs[2]]) == ["empty changed"])
    }

    @Test func aFailedStepRunsAgainAndTheOthersDoNot() throws {
        struct Interruption: Error {}
        func run(failing: Bool) throws -> [BuildGraph.Outcome] {
            let graph = BuildGraph(stateFolder: folder.path)
            try graph.step("one", inputs: .init(), outputs: []) {}
            // Thrown instead of `finish`: what Ctrl-C leaves.
            try graph.step("two", inputs: .init(), outputs: []) { if failing { throw Interruption() } }
            return graph.outcomes
        }
        #expect(throws: Interruption.self) { _ = try run(failing: true) }
        #expect(try run(failing: false).map(\.ran) == [false, true])
    }

    @Test(arguments: ["", "garbage", "amos build record 1\nin\tx\ny\nstep\n\nout\t1\n"])
    func anUnreadableRecordOnlyCostsTime(record: String) throws {
        try build([("a", "1")])
        try Data(record.utf8).write(to: URL(fileURLWithPath: folder.file("record")))
        #expect(try build([("a", "1")]) == ["first build"])
    }
}

@Suite struct FingerprintTableTests {
    private let folder = TemporaryFolder()
    private var table: String { folder.file("fingerprints") }

    private func write(_ text: String, to name: String) throws -> String {
        let path = folder.file(name)
        try FileManager.default.createDirectory(
            at: URL(fileURLWithPath: path).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        return path
    }

    @Test func knowsEveryWayToChangeAFile() throws {
        let file = try write("one", to: "a file")
        let fingerprints = FingerprintTable(savedAt: table)
        #expect(try fingerprints.digest(of: file) == .of("one".utf8))
        // Same size, and the time put back, as `cp -p` and `rsync` do.
        var before = stat()
        stat(file, &before)
        usleep(30_000)
        try Data("two".utf8).write(to: URL(fileURLWithPath: file))
        var times = [before.st_atim, before.st_mtim]
        utimensat(AT_FDCWD, file, &times, 0)
        #expect(try fingerprints.digest(of: file) == .of("two".utf8))
    }

    /// The table is believed, which is what makes a build without changes fast.
    @Test func whatIsKnownIsNotReadAgain() throws {
        let file = try write("one", to: "file")
        usleep(30_000)
        let fingerprints = FingerprintTable(savedAt: table)
        _ = try fingerprints.digest(of: file)
        try fingerprints.save()
        let text = try String(contentsOfFile: table, encoding: .utf8)
        let other = SHA256Digest.of("other".utf8)
        try Data(text.replacing("\(SHA256Digest.of("one".utf8))", with: "\(other)").utf8)
            .write(to: URL(fileURLWithPath: table))
        #expect(try FingerprintTable(savedAt: table).digest(of: file) == other)
    }

    @Test func aTreeIsItsNamesAndContents() throws {
        func digest() throws -> SHA256Digest {
            try FingerprintTable(savedAt: table).digest(
                ofTree: [folder.file("tree")], relativeTo: folder.path)
        }
        _ = try write("1", to: "tree/a")
        let deep = try write("2", to: "tree/sub/b")
        let first = try digest()
        #expect(try digest() == first)
        rename(deep, folder.file("tree/sub/c"))
        let renamed = try digest()
        #expect(renamed != first)
        _ = try write("", to: "tree/sub/new")
        #expect(try digest() != renamed)
    }

    @Test func aMissingFileIsNamed() {
        let path = folder.file("none")
        #expect(throws: SystemError("read", path, code: ENOENT)) {
            _ = try FingerprintTable(savedAt: table).digest(of: path)
        }
    }
}
