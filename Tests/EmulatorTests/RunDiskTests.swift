import Emulator
import Foundation
import Testing

@Suite struct RunDiskTests {
    final class Folder {
        let path = NSTemporaryDirectory() + "/amos-run-disk-\(UUID().uuidString)"
        var built: String { path + "/disk.img" }
        var state: String { path + "/run.img" }

        init() throws {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
            try build(1)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        /// As `amos build` does it: a new file, renamed over the old one.
        func build(_ byte: UInt8) throws {
            let new = built + ".new"
            var bytes = Data(count: 4 << 20)
            bytes[2 << 20] = byte
            try bytes.write(to: URL(fileURLWithPath: new))
            rename(new, built)
        }

        func byte(of file: String) throws -> UInt8 {
            try Data(contentsOf: URL(fileURLWithPath: file))[2 << 20]
        }
    }

    @Test func isKeptUntilTheBuildChanges() throws {
        let folder = try Folder()
        #expect(try RunDisk.prepare(folder.state, from: folder.built))
        let handle = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.state))
        try handle.seek(toOffset: 2 << 20)
        try handle.write(contentsOf: [9])
        try handle.close()
        #expect(try !RunDisk.prepare(folder.state, from: folder.built))
        #expect(try folder.byte(of: folder.state) == 9)
        #expect(try folder.byte(of: folder.built) == 1)
        #expect(try RunDisk.prepare(folder.state, from: folder.built, fresh: true))
        #expect(try folder.byte(of: folder.state) == 1)
        try folder.build(2)
        #expect(try RunDisk.prepare(folder.state, from: folder.built))
        #expect(try folder.byte(of: folder.state) == 2)
    }

    @Test func staysSparse() throws {
        let folder = try Folder()
        try RunDisk.prepare(folder.state, from: folder.built)
        var status = stat()
        #expect(stat(folder.state, &status) == 0)
        #expect(status.st_size == 4 << 20)
        #expect(status.st_blocks * 512 < 1 << 20)
    }

    @Test func aMissingBuildIsNamed() throws {
        let folder = try Folder()
        #expect(throws: EmulatorError.self) {
            try RunDisk.prepare(folder.state, from: folder.path + "/none.img")
        }
    }
}
