import DiskImage
import Foundation
import HostSystem
import Referees
import Testing

struct EROFSWriterTests {
    private let folder = TemporaryFolder()
    private let uuid = ImageUUID(seed: "test")

    private func write(
        _ entries: [FileTree.Entry], _ name: String, offset: UInt64 = 0,
        compression: EROFSOptions.Compression = .none
    ) throws -> EROFSStatistics {
        let output = try OutputFile(replacing: folder.file(name))
        let options = EROFSOptions(uuid: uuid, volumeName: "system", compression: compression)
        let statistics = try EROFSWriter(options).write(FileTree(entries), to: output, at: offset)
        try output.commit()
        return statistics
    }

    @Test func fsckAcceptsEveryKindOfEntry() throws {
        let statistics = try write(SampleTree.fullEntries(), "full.erofs")
        try Tool("fsck.erofs", package: "erofs-utils").check([folder.file("full.erofs")])
        #expect(folder.read("full.erofs").count == Int(statistics.size))
    }

    @Test func dumpShowsModeOwnerAndDevice() throws {
        _ = try write(SampleTree.fullEntries(), "full.erofs")
        let dump = try Tool("dump.erofs", package: "erofs-utils")
        let setuid = try dump.check(["--path=/bin/setuid", folder.file("full.erofs")]).text
        #expect(setuid.contains("Uid: 70000   Gid: 12  Access:"))
        #expect(setuid.contains("Links: 1"))
        let linked = try dump.check(["--path=/links/hard", folder.file("full.erofs")]).text
        #expect(linked.contains("Links: 3"))
        let image = try dump.check([folder.file("full.erofs")]).text
        #expect(image.contains(uuid.description))
    }

    @Test func unpackedTreeEqualsTheSource() throws {
        _ = try write(SampleTree.plainEntries(), "plain.erofs")
        try Tool("fsck.erofs", package: "erofs-utils")
            .check(["--extract=\(folder.file("out"))", "--no-preserve-owner", folder.file("plain.erofs")])
        try expectUnpacked(SampleTree.plainEntries(), in: "out")
        var status = stat()
        #expect(stat(folder.file("out/bin/sticky"), &status) == 0)
        #expect(status.st_mode == 0o101750)
    }

    @Test(
        .enabled(
            if: NewerFsck.command != nil, "no fsck.erofs that knows DEFLATE: neither here nor from the mirror"
        ),
        arguments: [Int32(1), 6, 9])
    func newerFsckUnpacksDeflate(level: Int32) throws {
        let fsck = try #require(NewerFsck.command)
        let statistics = try write(
            SampleTree.fullEntries(), "full.erofs", compression: .deflate(level: level))
        #expect(statistics.compressedFiles > 10)
        try fsck.check([folder.file("full.erofs")])
        _ = try write(SampleTree.plainEntries(), "plain.erofs", compression: .deflate(level: level))
        try fsck.check(["--extract=\(folder.file("out"))", "--no-preserve", folder.file("plain.erofs")])
        try expectUnpacked(SampleTree.plainEntries(), in: "out")
    }

    @Test(arguments: [EROFSOptions.Compression.none, .deflate(level: 6)])
    func equalTreesGiveEqualBytesAnywhere(compression: EROFSOptions.Compression) throws {
        let first = try write(SampleTree.fullEntries(), "a.erofs", compression: compression)
        let second = try write(
            SampleTree.fullEntries().reversed(), "b.erofs", offset: 1 << 20, compression: compression)
        #expect(first == second)
        let shifted = folder.read("b.erofs").dropFirst(1 << 20)
        #expect(same(folder.read("a.erofs"), shifted))
    }

    /// What an update has to carry: a changed file must not move the others.
    @Test func anotherTimeOrNameLeavesContentsInPlace() throws {
        var entries = SampleTree.plainEntries()
        _ = try write(entries, "a.erofs")
        entries[3].modificationTime += 12
        entries.append(SampleTree.file("new", [1, 2, 3]))
        _ = try write(entries, "b.erofs")
        let contents = 4096..<2 << 20
        #expect(same(folder.read("a.erofs")[contents], folder.read("b.erofs")[contents]))
    }

    @Test func storedFilesAreReadAndChecked() throws {
        let path = folder.write([UInt8](repeating: 7, count: 9000), to: "source")
        let good = SampleTree.entry("file", .file(.stored(path: path, size: 9000)))
        _ = try write([good], "good.erofs")
        let wrong = SampleTree.entry("file", .file(.stored(path: path, size: 9001)))
        #expect(throws: DiskImageError.contentChanged(path: path, expected: 9001)) {
            _ = try write([wrong], "wrong.erofs")
        }
        #expect(!FileManager.default.fileExists(atPath: folder.file("wrong.erofs")))
    }

    @Test(arguments: [
        [SampleTree.entry("a", .hardLink(to: "nothing"))],
        [SampleTree.entry("a", .hardLink(to: "b")), SampleTree.entry("b", .hardLink(to: "a"))],
        [SampleTree.entry("a", .fifo), SampleTree.entry("a/b", .directory)],
        [SampleTree.file(String(repeating: "n", count: 256), [])],
        [SampleTree.file("a/../b", [])],
    ])
    func impossibleTreesAreRefused(entries: [FileTree.Entry]) throws {
        let error = #expect(throws: DiskImageError.self) { _ = try write(entries, "bad.erofs") }
        guard case .invalidEntry = error else {
            Issue.record("\(String(describing: error)) is another error")
            return
        }
    }

    private func expectUnpacked(_ entries: [FileTree.Entry], in name: String) throws {
        for entry in entries {
            let path = "\(name)/\(entry.path)"
            switch entry.kind {
            case .file(.bytes(let bytes)):
                #expect(same(folder.read(path), bytes), "\(entry.path)")
            case .symbolicLink(let target):
                var found = [UInt8](repeating: 0, count: 4096)
                let count = readlink(folder.file(path), &found, found.count)
                #expect(same(found.prefix(max(count, 0)), target.utf8), "\(entry.path)")
            case .hardLink: #expect(!folder.read(path).isEmpty)
            default: #expect(FileManager.default.fileExists(atPath: folder.file(path)))
            }
        }
    }
}
