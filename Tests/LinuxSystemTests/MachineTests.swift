import Foundation
import Testing

@testable import LinuxSystem

struct ForkTests {
    /// A child that kept a copy of a pipe's end would keep the pipe from ending.
    @Test func aChildKeepsOnlyWhatItIsGiven() throws {
        let kept = try LinuxSystem.Pipe()
        let other = try LinuxSystem.Pipe()
        let (number, otherNumber) = (kept.writing.rawValue, other.writing.rawValue)
        let process = try ChildProcess.fork(keeping: number) {
            let writer = FileDescriptor(owning: number)
            let isOpen = fcntl(otherNumber, F_GETFD) >= 0
            try? writer.write([isOpen ? 1 : 2])
        }
        var status: Int32 = 0
        #expect(waitpid(process, &status, 0) == process)
        #expect(try kept.reading.read(upTo: 8) == [2])
    }
}

struct DeviceMapperTests {
    /// Offsets from `linux/dm-ioctl.h`, as pahole prints them.
    @Test func headerHasTheKernelsLayout() {
        let header = DeviceMapper.encodeHeader(name: "system", payload: 88)
        #expect(header.count == 312)
        #expect(Array(header[0..<12]) == [4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
        #expect(Array(header[12..<20]) == [0x90, 1, 0, 0, 0x38, 1, 0, 0])
        #expect(header[20] == 1 && header[28] == 1)
        #expect(Array(header[48..<55]) == Array("system\0".utf8))
    }

    @Test func targetsAreAlignedAndEndInZero() {
        for length in 0..<32 {
            let parameters = String(repeating: "x", count: length)
            let target = DeviceMapper.encodeTarget("verity", parameters: parameters, sectors: 0x1234)
            #expect(target.count % 8 == 0 && target.last == 0 && target.count > 40 + length)
            #expect(Int(target[20]) | Int(target[21]) << 8 == target.count)
            #expect(Array(target[8..<10]) == [0x34, 0x12])
            #expect(Array(target[24..<31]) == Array("verity\0".utf8))
        }
    }

    @Test(arguments: [(0xfe00, 0), (0xfe07, 7), (0x1_000f_e05, 0x10005)])
    func minorNumbersAreDecoded(device: UInt64, minor: UInt64) {
        var answer = [UInt8](repeating: 0, count: 312)
        for index in 0..<8 { answer[40 + index] = UInt8(truncatingIfNeeded: device >> UInt64(8 * index)) }
        #expect(DeviceMapper.minor(in: answer) == minor)
    }
}

struct PartitionTableTests {
    @Test func onlyTheWholeLabelCounts() {
        let uevent = Array("MAJOR=254\nDEVNAME=vda7\nPARTN=7\nPARTNAME=data\n".utf8)
        #expect(PartitionTable.hasLine(uevent, "PARTNAME=", "data"))
        #expect(!PartitionTable.hasLine(uevent, "PARTNAME=", "dat"))
        #expect(!PartitionTable.hasLine(uevent, "PARTNAME=", "data2"))
        #expect(!PartitionTable.hasLine(uevent, "NAME=", "data"))
    }
}

struct DirectoryTests {
    @Test func namesAreSortedAndFilesAppearWhole() throws {
        let folder = NSTemporaryDirectory() + "amos-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Directory.make(folder)
        try Directory.make(folder)
        try Directory.replaceFile(folder + "/b", with: [1])
        try Directory.replaceFile(folder + "/b", with: [2, 3])
        try Directory.replaceFile(folder + "/a10", with: [])
        try Directory.replaceFile(folder + "/a", with: [])
        #expect(
            try Directory.names(in: folder).map { String(decoding: $0, as: UTF8.self) } == ["a", "a10", "b"])
        #expect(contents(of: folder + "/b", limit: 10) == [2, 3])
        try Directory.unlink(folder + "/b")
        #expect(contents(of: folder + "/b", limit: 10) == nil)
        #expect(Directory.namesIfPresent(in: folder + "/none").isEmpty)
    }
}

struct ProgramTests {
    @Test func outcomesAreTold() throws {
        #expect(try Program.run("/bin/sh", ["-c", "exit 3"], limitSeconds: 60) == .exited(3))
        #expect(try Program.run("/bin/sh", ["-c", "kill -TERM $$"], limitSeconds: 60) == .killed(signal: 15))
        #expect(try Program.run("/nowhere", [], limitSeconds: 60) == .exited(127))
    }

    @Test func aProgramThatNeverEndsIsKilled() throws {
        #expect(try Program.run("/bin/sleep", ["600"], limitSeconds: 1) == .killed(signal: SIGALRM))
    }
}
