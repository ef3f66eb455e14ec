import DiskImage
import Foundation
import Referees
import Testing
import Trust
import Wire

@testable import Repository

/// What `amos repo` publishes is accepted by python-tuf's client.
@Suite struct PublishedRepositoryTests {
    private final class Sample {
        static let now = RepositoryClient.clock
        let path = NSTemporaryDirectory() + "/amos-repository-\(UUID().uuidString)"
        let keys: SigningKeyStore
        var repository: RepositoryFolder

        init() throws {
            keys = SigningKeyStore(folder: path + "/keys")
            for name in ["offline", "online", "next"] { _ = try keys.create(name) }
            repository = RepositoryFolder(path: path + "/repository", keys: keys, now: Self.now)
            try repository.create(keys: ["root": "offline", "snapshot": "online", "timestamp": "online"])
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func add(_ name: String, _ text: String) throws {
            try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/new"))
            try repository.add([(name, path + "/new")])
        }

        func python(_ targets: String...) throws -> JSONValue {
            let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("Python/client.py").path
            let root = "\(repository.path)/metadata/1.root.json"
            let output = try PythonTUF().run(script, [repository.path, root, path + "/python"] + targets)
            return try JSONParser.parse(output.standardOutput)
        }

        func check() throws -> RepositoryCheck.Report {
            try RepositoryCheck.run(
                metadata: try Fetcher(repository.metadata), targets: try Fetcher(repository.targets),
                root: nil, now: Self.now)
        }
    }

    @Test func publicationsAreAccepted() throws {
        let sample = try Sample()
        #expect(try sample.python()["targets"]?.integer == 1)
        try sample.add("one.amos", "first")
        try sample.add("deep/two.amos", "second")
        #expect(try sample.check().targetCount == 1)
        try sample.repository.publish()
        let seen = try sample.python("one.amos", "deep/two.amos")
        #expect(seen["one.amos"]?.text == "first")
        #expect(seen["deep/two.amos"]?.text == "second")
        try sample.add("one.amos", "changed")
        try sample.repository.remove(["deep/two.amos"])
        try sample.repository.publish()
        #expect(try sample.python("one.amos")["one.amos"]?.text == "changed")
        #expect(try sample.check().targetCount == 2)
        // Nothing new: later expiries only.
        try sample.repository.publish()
        #expect(try sample.python()["targets"]?.integer == 3)
    }

    @Test(arguments: ["root", "targets", "snapshot", "timestamp"])
    func rotationsAreAccepted(role: String) throws {
        let sample = try Sample()
        let old = role == "root" || role == "targets" ? "offline" : "online"
        try sample.repository.rotate(role, add: ["next"], remove: [], threshold: 2)
        #expect(try sample.python()["root"]?.integer == 2)
        try sample.repository.rotate(role, add: [], remove: [old], threshold: 1)
        #expect(try sample.python()["root"]?.integer == 3)
        #expect(try sample.check().rootVersion == 3)
    }

    @Test func aRoleNobodyCouldSignIsRefused() throws {
        let sample = try Sample()
        #expect(throws: RepositoryError.self) {
            try sample.repository.rotate("root", add: [], remove: [], threshold: 2)
        }
        try FileManager.default.removeItem(atPath: sample.keys.file(of: "online"))
        #expect(throws: RepositoryError.self) { try sample.repository.publish() }
        #expect(try sample.check().rootVersion == 1)
    }

    /// A root that nobody could follow up must not be seen by clients.
    @Test func aRotationWithoutTheOtherKeysChangesNothing() throws {
        let sample = try Sample()
        try FileManager.default.removeItem(atPath: sample.keys.file(of: "online"))
        #expect(throws: RepositoryError.self) {
            try sample.repository.rotate("targets", add: ["next"], remove: ["offline"], threshold: nil)
        }
        #expect(try sample.check().rootVersion == 1)
        #expect(try sample.python()["root"]?.integer == 1)
    }

    @Test func nothingIsAddedToWhatIsNoRepository() throws {
        let sample = try Sample()
        sample.repository = RepositoryFolder(path: sample.path + "/none", keys: sample.keys, now: Sample.now)
        #expect(throws: RepositoryError.self) { try sample.add("one.amos", "first") }
        #expect(!FileManager.default.fileExists(atPath: sample.path + "/none"))
    }

    @Test(arguments: ["../up", "/absolute", "a//b", "a/./b", "", "a b", "a?b", "a%2fb", "ü", "index"])
    func pathsThatLeaveTheFolderAreRefused(path: String) throws {
        let sample = try Sample()
        #expect(throws: RepositoryError.self) { try sample.add(path, "x") }
    }

    @Test func aChangedTargetIsFound() throws {
        let sample = try Sample()
        try sample.add("one.amos", "first")
        try sample.repository.publish()
        let files = try FileManager.default.contentsOfDirectory(atPath: sample.repository.targets)
        let file = try #require(files.first { $0.hasSuffix(".amos") })
        try Data("fjrst".utf8).write(to: URL(fileURLWithPath: "\(sample.repository.targets)/\(file)"))
        #expect(throws: RepositoryError.self) { try sample.check() }
    }

    @Test func aMirrorIsAsGood() throws {
        let sample = try Sample()
        try sample.add("deep/one.amos", "first")
        try sample.repository.publish()
        try sample.repository.rotate("root", add: ["next"], remove: ["offline"], threshold: nil)
        let copy = sample.path + "/copy"
        for _ in 0..<2 {
            let report = try RepositoryMirror.copy(
                from: sample.repository.path, to: copy, root: nil, now: Sample.now)
            #expect(report.targetCount == 2)
        }
        sample.repository = RepositoryFolder(path: copy, keys: sample.keys, now: Sample.now)
        #expect(try sample.python("deep/one.amos")["root"]?.integer == 2)
    }

    /// A server may tell another story to whoever asks again: what is written is what was verified.
    @Test func aMirrorKeepsTheRootThatItTrusted() throws {
        let (sample, other) = (try Sample(), try Sample())
        for one in [sample, other] {
            try one.add("one.amos", "first")
            try one.repository.publish()
        }
        let copy = sample.path + "/copy"
        let root = try [UInt8](
            Data(contentsOf: URL(fileURLWithPath: sample.repository.path + "/metadata/1.root.json")))
        for _ in 0..<2 {
            _ = try RepositoryMirror.copy(
                from: sample.repository.path, to: copy, root: root, now: Sample.now)
        }
        #expect(throws: RepositoryError.self) {
            try RepositoryMirror.copy(from: other.repository.path, to: copy, root: nil, now: Sample.now)
        }
        let kept = try [UInt8](Data(contentsOf: URL(fileURLWithPath: copy + "/metadata/1.root.json")))
        #expect(kept == root)
    }

    /// The timestamp tells when it was signed, which moves the floor of a client without a clock.
    @Test func theFloorOfTimeMoves() throws {
        let sample = try Sample()
        let store = MetadataStore(folder: sample.path)
        try store.persist(
            "root.json", try #require(MetadataStore(folder: sample.repository.metadata).load("1.root.json")))
        var client = try RepositoryClient(
            store: store, metadata: try Fetcher(sample.repository.metadata), clock: 0)
        try client.refresh()
        #expect(store.floor.seconds == Sample.now)
        // Eight days later the timestamp has expired, whatever the clock says.
        try store.persist(TimeFloor(seconds: Sample.now + 8 * 86_400))
        var later = try RepositoryClient(
            store: store, metadata: try Fetcher(sample.repository.metadata), clock: 0)
        #expect(throws: RepositoryError.self) { try later.refresh() }
    }
}
