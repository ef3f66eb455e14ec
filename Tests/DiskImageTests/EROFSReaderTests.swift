import DiskImage
import Foundation
import HostSystem
import Testing

struct EROFSReaderTests {
    private let folder = TemporaryFolder()

    private func write(
        _ entries: [FileTree.Entry], _ name: String, _ compression: EROFSOptions.Compression,
        offset: UInt64 = 0
    ) throws {
        let output = try OutputFile(replacing: folder.file(name))
        let options = EROFSOptions(
            uuid: ImageUUID(seed: "r"), volumeName: "system", compression: compression)
        _ = try EROFSWriter(options).write(FileTree(entries), to: output, at: offset)
        try output.commit()
    }

    @Test(arguments: [EROFSOptions.Compression.none, .deflate(level: 6)])
    func readsEveryEntryAndContent(compression: EROFSOptions.Compression) throws {
        let tree = FileTree(SampleTree.fullEntries())
        try write(tree.entries, "image", compression, offset: 1 << 20)
        let reader = try EROFSReader(folder.file("image"), at: 1 << 20)
        #expect(reader.volume.uuid == ImageUUID(seed: "r"))
        #expect(reader.volume.name == "system")
        let entries = try reader.entries()
        #expect(entries.map(\.path) == tree.entries.map(\.path))
        for (entry, expected) in zip(entries, tree.entries) {
            if case .hardLink(let target) = expected.kind {
                let same = entries.first { $0.path == target }
                #expect(entry.inode == same?.inode && entry.links == 3)
                continue
            }
            #expect(entry.mode == expected.mode, "\(entry.path)")
            #expect(entry.userID == expected.userID && entry.groupID == expected.groupID, "\(entry.path)")
            #expect(entry.modificationTime == expected.modificationTime, "\(entry.path)")
            switch (entry.kind, expected.kind) {
            case (.file, .file(.bytes(let bytes))):
                #expect(same(try reader.contents(of: entry), bytes), "\(entry.path)")
            case (.symbolicLink(let found), .symbolicLink(let target)): #expect(found == target)
            case (.characterDevice(5, 1), .characterDevice), (.blockDevice(259, 300), .blockDevice),
                (.fifo, .fifo), (.directory, .directory):
                break
            default: Issue.record("\(entry.path) is of another kind: \(entry.kind)")
            }
        }
    }

    @Test func compressedFilesTakeLess() throws {
        try write(SampleTree.plainEntries(), "image", .deflate(level: 6))
        let entries = try EROFSReader(folder.file("image")).entries()
        let text = try #require(entries.first { $0.path == "sizes/text-1100000" })
        #expect(text.storedSize < text.size * 3 / 4)
        let noise = try #require(entries.first { $0.path == "sizes/noise-1100000" })
        #expect(noise.storedSize >= noise.size)
    }

    @Test func readsWhatMkfsWrote() throws {
        let source = folder.file("source")
        try FileManager.default.createDirectory(atPath: source + "/a/b", withIntermediateDirectories: true)
        var random = SeededGenerator(seed: 3)
        let bytes = random.noise(50_000)
        _ = folder.write(bytes, to: "source/a/b/file")
        symlink("b/file", source + "/a/link")
        try Tool("mkfs.erofs", package: "erofs-utils").check(["--quiet", folder.file("image"), source])
        let reader = try EROFSReader(folder.file("image"))
        let entries = try reader.entries()
        #expect(entries.map(\.path) == ["", "a", "a/b", "a/b/file", "a/link"])
        #expect(same(try reader.contents(of: entries[3]), bytes))
        #expect(entries[4].kind == .symbolicLink(target: "b/file"))
    }

    /// Whatever a flipped byte does, it ends in an error or in other contents, never in a trap. The
    /// superblock's checksum is switched off, or it would catch its flips before the fields are looked at.
    @Test(arguments: [EROFSOptions.Compression.none, .deflate(level: 6)])
    func flippedBytesNeverCrash(compression: EROFSOptions.Compression) throws {
        let small = SampleTree.fullEntries().filter { entry in
            if case .file(let content) = entry.kind {
                return content.size < 70_000 && !entry.path.hasPrefix("many/")
            }
            return true
        }
        try write(small, "image", compression)
        var good = folder.read("image")
        good[1024 + 8] &= ~1
        let metadata = good[1024 + 40..<1024 + 44].reversed().reduce(0) { $0 << 8 | Int($1) } * 4096
        var random = SeededGenerator(seed: 2026)
        var refused = 0
        for _ in 0..<1500 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let place =
                    Int.random(in: 0..<4, using: &random) == 0
                    ? Int.random(in: 1024..<1152, using: &random)
                    : Int.random(in: metadata..<bytes.count, using: &random)
                bytes[place] = UInt8.random(in: 0...255, using: &random)
            }
            let path = folder.write(bytes, to: "flipped")
            do throws(DiskImageError) {
                let reader = try EROFSReader(path)
                for entry in try reader.entries() where entry.kind == .file {
                    try reader.read(entry) { _ in }
                }
            } catch {
                refused += 1
            }
        }
        #expect(refused > 100)
    }
}
