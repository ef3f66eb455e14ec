import DiskImage
import Foundation
import HostSystem
import Testing

struct CPIOWriterTests {
    private let folder = TemporaryFolder()

    private func write(_ entries: [FileTree.Entry], _ name: String) throws {
        let output = try OutputFile(replacing: folder.file(name))
        try CPIOWriter().write(FileTree(entries), to: output)
        try output.commit()
    }

    @Test func cpioListsEveryEntry() throws {
        let tree = FileTree(SampleTree.fullEntries())
        try write(SampleTree.fullEntries(), "archive")
        let cpio = try Tool("cpio", package: "cpio")
        let names = try cpio.check(["-t", "--quiet", "-F", folder.file("archive")]).text
        let expected = tree.entries.map(\.path).filter { !$0.isEmpty }
        #expect(names.split(separator: "\n").map(String.init) == expected)
        let list = try cpio.check(["-tvn", "--quiet", "-F", folder.file("archive")]).text
        let console = list.split(separator: "\n").first { $0.hasSuffix("dev/console") }
        #expect(console?.hasPrefix("crw-------") == true)
        #expect(console?.contains("5,   1") == true)
    }

    @Test func cpioUnpacksTheSameContents() throws {
        try write(SampleTree.plainEntries(), "archive")
        try FileManager.default.createDirectory(
            atPath: folder.file("out"), withIntermediateDirectories: true)
        try Tool("cpio", package: "cpio")
            .check(["-id", "--quiet", "-F", folder.file("archive")], folder: folder.file("out"))
        for entry in SampleTree.plainEntries() {
            if case .file(.bytes(let bytes)) = entry.kind {
                #expect(same(folder.read("out/\(entry.path)"), bytes), "\(entry.path)")
            }
        }
        #expect(same(folder.read("out/links/hard"), folder.read("out/sizes/text-12000")))
    }

    @Test func equalTreesGiveEqualArchives() throws {
        try write(SampleTree.fullEntries(), "a")
        try write(SampleTree.fullEntries().reversed(), "b")
        #expect(same(folder.read("a"), folder.read("b")))
    }
}
