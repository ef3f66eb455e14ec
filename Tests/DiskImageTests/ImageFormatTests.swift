import DiskImage
import Foundation
import HostSystem
import Testing

/// Images whose holes, zeros and data come in every order, turned into other formats and back by other
/// programs.
struct ImageFormatTests {
    private let folder = TemporaryFolder()

    /// Hole, data, written zeros, data, hole; and one that ends in data.
    private func makeRaw(_ name: String, size: Int, pieces: [(offset: Int, bytes: [UInt8])]) throws {
        let output = try OutputFile(replacing: folder.file(name))
        for piece in pieces { try output.write(piece.bytes, at: UInt64(piece.offset)) }
        try output.truncate(to: UInt64(size))
        try output.commit()
    }

    private func makeRaws() throws -> [String] {
        var random = SeededGenerator(seed: 9)
        let zeros = [UInt8](repeating: 0, count: 3 << 20)
        try makeRaw("holes", size: 48 << 20, pieces: [])
        try makeRaw(
            "mixed", size: 64 << 20,
            pieces: [
                (2 << 20, random.noise(100_000)), (5 << 20, zeros), ((8 << 20) + 4096, random.noise(3 << 20)),
                (20 << 20, random.noise(1)),
            ])
        try makeRaw("full", size: 1 << 20, pieces: [(0, random.noise(1 << 20))])
        // One table of qcow2 covers 512 MiB.
        try makeRaw(
            "large", size: 3 << 30, pieces: [(0, random.noise(10)), ((2 << 30) + 8192, random.noise(9000))])
        return ["holes", "mixed", "full", "large"]
    }

    @Test func qemuReadsQCOW2() throws {
        let qemu = try Tool("qemu-img", package: "qemu-utils")
        for name in try makeRaws() {
            let output = try OutputFile(replacing: folder.file("\(name).qcow2"))
            try QCOW2Writer().write(folder.file(name), to: output)
            try output.commit()
            let verdict = try qemu.check(["check", folder.file("\(name).qcow2")]).text
            #expect(verdict.contains("No errors were found"), "\(name)")
            try qemu.check(["compare", folder.file(name), folder.file("\(name).qcow2")])
        }
        #expect(folder.read("holes.qcow2").count < 1 << 20)
        #expect(folder.read("large.qcow2").count < 1 << 20)
    }

    @Test(arguments: [AndroidSparseWriter.Zeros.written, .skipped])
    func simg2imgReadsSparseImages(zeros: AndroidSparseWriter.Zeros) throws {
        let simg2img = try Tool("simg2img", package: "android-sdk-libsparse-utils")
        for name in try makeRaws() where name != "large" {
            let output = try OutputFile(replacing: folder.file("\(name).simg"))
            try AndroidSparseWriter(zeros: zeros).write(folder.file(name), to: output)
            try output.commit()
            try simg2img.check([folder.file("\(name).simg"), folder.file("\(name).raw")])
            #expect(same(folder.read("\(name).raw"), folder.read(name)), "\(name)")
        }
        #expect(folder.read("holes.simg").count < 100)
        #expect(folder.read("mixed.simg").count < 4 << 20)
    }
}

struct DataFileSystemTests {
    private let folder = TemporaryFolder()
    private let uuid = ImageUUID(seed: "data")

    @Test func e2fsckFindsAnOrderlyFileSystem() throws {
        let directories = [
            DataFileSystem.Directory(path: "amos", mode: 0o755),
            DataFileSystem.Directory(path: "amos/log", mode: 0o750, userID: 101, groupID: 102),
        ]
        let data = DataFileSystem(uuid: uuid, directories: directories)
        try data.write(to: folder.file("data.img"))
        try Tool("e2fsck", package: "e2fsprogs").check(["-fn", folder.file("data.img")])
        let debugfs = try Tool("debugfs", package: "e2fsprogs")
        let log = try debugfs.check(["-R", "stat /amos/log", folder.file("data.img")]).text
        #expect(log.contains("Type: directory    Mode:  0750"))
        #expect(log.contains("User:   101   Group:   102"))
        let header = try Tool("dumpe2fs", package: "e2fsprogs").check(["-h", folder.file("data.img")]).text
        for expected in [" verity", uuid.description, "Block size:               4096", "4096k"] {
            #expect(header.contains(expected), "\(expected)")
        }
        // What growing to 2 GiB and more needs.
        #expect(header.contains("Reserved GDT blocks:"))
    }

    @Test func everyRunGivesTheSameBytes() throws {
        let data = DataFileSystem(
            uuid: uuid, size: 32 << 20, directories: [.init(path: "amos", mode: 0o700)], time: 1_700_000_000)
        try data.write(to: folder.file("a"))
        // Times are kept in whole seconds.
        Thread.sleep(forTimeInterval: 1.1)
        try data.write(to: folder.file("b"))
        #expect(same(folder.read("a"), folder.read("b")))
        #expect(folder.read("a").count == 32 << 20)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a", "b"])
    }

    @Test func impossibleRequestsAreRefused() {
        #expect(throws: DiskImageError.self) {
            try DataFileSystem(uuid: uuid, size: 1 << 20).write(to: folder.file("a"))
        }
        #expect(throws: DiskImageError.self) {
            try DataFileSystem(uuid: uuid, directories: [.init(path: "no/parent", mode: 0o700)])
                .write(to: folder.file("a"))
        }
        #expect((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) == [])
    }
}
