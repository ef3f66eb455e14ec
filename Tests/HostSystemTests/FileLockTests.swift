import Foundation
import HostSystem
import Testing

@Suite struct FileLockTests {
    @Test func oneAtATime() throws {
        let path = try TestFolder()
        let file = path.file("lock")
        let first = try FileLock(file)
        #expect(try FileLock(ifFree: file) == nil)
        _ = consume first
        #expect(try FileLock(ifFree: file) != nil)
    }

    @Test func waitingIsToldOnlyWhenItHappens() throws {
        let folder = try TestFolder()
        let file = folder.file("lock")
        var told = 0
        do {
            let lock = try FileLock(file) { told += 1 }
            #expect(lock.descriptor >= 0)
        }
        #expect(told == 0)
        // Another process holds it until its input ends, which the callback brings about.
        let holder = Process()
        let input = Pipe()
        let output = Pipe()
        holder.executableURL = URL(fileURLWithPath: "/usr/bin/flock")
        holder.arguments = [file, "sh", "-c", "echo held; read line"]
        holder.standardInput = input
        holder.standardOutput = output
        try holder.run()
        #expect(output.fileHandleForReading.availableData == Data("held\n".utf8))
        let lock = try FileLock(file) {
            told += 1
            try? input.fileHandleForWriting.close()
        }
        #expect(lock.descriptor >= 0)
        #expect(told == 1)
        holder.waitUntilExit()
    }

    @Test func aMissingFolderIsNamed() throws {
        let folder = try TestFolder()
        #expect(throws: SystemError("open", folder.file("none/lock"), code: ENOENT)) {
            _ = try FileLock(folder.file("none/lock")).descriptor
        }
    }
}
