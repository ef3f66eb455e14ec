import Foundation
import Slots
import Testing

/// What e2fsck does with the options that stage 1 gives it.
struct DataRepairTests {
    private func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/sbin/" + program)
        process.arguments = arguments
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// The superblock says "clean", and no kernel can mount it: the owner's files are still there.
    @Test func damageBehindACleanSuperblockIsRepaired() throws {
        let image = NSTemporaryDirectory() + "amos-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: image) }
        #expect(FileManager.default.createFile(atPath: image, contents: nil))
        #expect(try run("mke2fs", ["-q", "-t", "ext4", image, "16m"]) == 0)
        #expect(try run("debugfs", ["-w", "-R", "clri <2>", image]) == 0)
        #expect(try run("e2fsck", ["-fn", image]) > 2)
        #expect(try run("e2fsck", DataRecovery.Repair.preen.options + [image]) > 2)
        #expect(try run("e2fsck", DataRecovery.Repair.everything.options + [image]) == 1)
        #expect(try run("e2fsck", ["-fn", image]) == 0)
    }
}
