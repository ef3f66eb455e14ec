import Foundation
import HostSystem
import Testing

@Suite struct OutputFileTests {
    @Test func whatStoodThereStaysWholeUntilTheRename() throws {
        let folder = try TestFolder()
        let path = folder.file("image")
        try OutputFile.write("old", to: path)
        do {
            let file = try OutputFile(replacing: path)
            try file.write(Array("new".utf8), at: 0)
            #expect(try folder.text("image") == "old")
            try file.commit()
        }
        #expect(try folder.text("image") == "new")
        #expect(try folder.names() == ["image"])
    }

    @Test func aDroppedFileLeavesNothing() throws {
        let folder = try TestFolder()
        do {
            let file = try OutputFile(replacing: folder.file("image"))
            try file.write([1, 2, 3], at: 0)
        }
        #expect(try folder.names() == [])
    }

    @Test(arguments: [0o666, 0o600, 0o777] as [mode_t])
    func permissionsAreThoseAskedForWhateverTheUmask(permissions: mode_t) throws {
        let folder = try TestFolder()
        // Every usual umask (022, 077) would take bits from the first and the last.
        let path = folder.file("image")
        try OutputFile.write([1], to: path, permissions: permissions)
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o7777 == permissions)
    }

    /// A killed run leaves a longer file under the temporary name.
    @Test func leftoversAreOverwritten() throws {
        let folder = try TestFolder()
        let leftover = try OutputFile(replacing: folder.file("other"))
        let temporary = folder.file("image" + leftover.temporaryPath.dropFirst(leftover.destination.count))
        _ = consume leftover
        try Data(count: 9000).write(to: URL(fileURLWithPath: temporary))
        chmod(temporary, 0o400)
        try OutputFile.write("short", to: folder.file("image"))
        #expect(try folder.text("image") == "short")
        #expect(try folder.names() == ["image"])
    }

    /// In a folder that others may write to, a planted link must not send the bytes elsewhere.
    @Test(arguments: ["symbolic", "hard"])
    func aPlantedLinkIsNotFollowed(kind: String) throws {
        let folder = try TestFolder()
        try OutputFile.write("precious", to: folder.file("victim"))
        let temporary = folder.file("image.partial")
        if kind == "hard" {
            #expect(link(folder.file("victim"), temporary) == 0)
        } else {
            #expect(symlink(folder.file("victim"), temporary) == 0)
        }
        try OutputFile.write("bytes", to: folder.file("image"))
        #expect(try folder.text("victim") == "precious")
        #expect(try folder.text("image") == "bytes")
    }

    /// Two builds may compile the same program at the same time: each result must be one of them, whole.
    @Test func twoWritersTakeTurns() throws {
        let folder = try TestFolder()
        let path = folder.file("program")
        let failures = Failures()
        DispatchQueue.concurrentPerform(iterations: 8) { number in
            for _ in 0..<20 {
                do {
                    let file = try OutputFile(replacing: path)
                    for piece in 0..<16 {
                        try file.write(
                            [UInt8](repeating: UInt8(number), count: 4096), at: UInt64(piece) * 4096)
                    }
                    try file.commit()
                    let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
                    if bytes.count != 16 * 4096 || Set(bytes).count != 1 { failures.add("torn") }
                } catch {
                    failures.add("\(error)")
                }
            }
        }
        #expect(failures.all == [])
        #expect(try folder.names() == ["program"])
    }

    @Test func aMissingFolderIsNamed() throws {
        let folder = try TestFolder()
        let path = folder.file("none/image")
        #expect {
            try OutputFile.write("x", to: path)
        } throws: { "\($0)".contains(path) && "\($0)".contains("No such file") }
    }

    @Test func aFullDiskSaysWhatToDo() throws {
        // The kernel's own full disk.
        let full = try #require(fopen("/dev/full", "w"))
        fputs("x", full)
        let isWritten = fflush(full) == 0
        let error = SystemError("write", "/dev/full")
        fclose(full)
        #expect(!isWritten)
        #expect(error.description.contains("amos cache gc"))
    }

    @Test func whatWasNotWrittenIsAHole() throws {
        let folder = try TestFolder()
        let file = try OutputFile(replacing: folder.file("image"))
        try file.write([7], at: 1 << 20)
        try file.truncate(to: 64 << 20)
        try file.commit()
        var status = stat()
        #expect(stat(folder.file("image"), &status) == 0)
        #expect(status.st_size == 64 << 20)
        #expect(status.st_blocks * 512 < 1 << 20)
    }

    private final class Failures: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var all: [String] = []

        func add(_ text: String) { lock.withLock { all.append(text) } }
    }
}
