import Emulator
import Foundation
import HostSystem
import Slots
import Testing

extension DeviceTests {
    /// What stage 1 does with a `data` that is not as it should be, and with one that nobody wants any more.
    @Suite struct DataPartitions {
        private static let note = "owner was here"

        /// A disk that has been used: grown, with a file of the owner's, ended in order.
        private static let used = Result {
            let disk = try TestDisk(try Workshop.phone.get())
            let script = ConsoleScript("mkdir /data/mine; echo '\(note)' > /data/mine/note")
            let record = try disk.run { $0.perform(script, thenPowerOff: true) }
            #expect(record.outcome == .poweredOff)
            #expect(record.boots.first?.hasStage("data-grown") == true)
            return disk
        }

        @Test func itGrowsOnce() throws {
            let disk = try Self.used.get().copy()
            let script = ConsoleScript("df -m /data | tail -n 1 | awk '{print $2}'", "cat /data/mine/note")
            let record = try disk.run { $0.perform(script) }
            #expect(record.boots.first?.hasStage("data-grown") == false)
            let megabytes = script.answers().first.flatMap { Int($0.text) } ?? 0
            let partition = Int(try disk.partition("data").size >> 20)
            #expect(megabytes > partition * 8 / 10 && megabytes <= partition)
            #expect(script.answers().last?.text == Self.note)
        }

        /// Errors that e2fsck mends: the owner's files are still there.
        @Test func aDamagedOneIsRepaired() throws {
            let disk = try Self.used.get().copy()
            let data = try disk.partition("data")
            // The superblock's own note that the kernel met errors (s_state at 0x3a), and a wrong count of
            // free blocks (s_free_blocks_count at 0x0c), both in the primary superblock.
            let state = try disk.bytes(at: data.offset + 1024 + 0x3a, count: 1)[0]
            try disk.write([state | 2], at: data.offset + 1024 + 0x3a)
            // The block group descriptors of the second block, beyond what a mount forgives.
            try disk.write([UInt8](repeating: 0xa5, count: 4096), at: data.offset + 4096)
            let script = ConsoleScript("cat /data/mine/note || find /data/lost+found")
            let record = try disk.run { $0.perform(script, thenPowerOff: true) }
            #expect(record.outcome == .poweredOff)
            #expect(record.boots.map { $0.hasStage("data-repaired") } == [true])
            #expect(record.boots.first?.hasStage("data-replaced") == false)
            #expect(script.answers().first?.text == Self.note)
            try Self.check(disk)
        }

        /// Nothing left to repair: the pristine file system takes its place.
        @Test func aHopelessOneIsReplaced() throws {
            let disk = try Self.used.get().copy()
            let data = try disk.partition("data")
            let noise = [UInt8](repeating: 0x5a, count: 1 << 20)
            for offset in stride(from: UInt64(0), to: data.size, by: 1 << 20) {
                try disk.write(noise, at: data.offset + offset)
            }
            let script = ConsoleScript("ls /data")
            let record = try disk.run { $0.perform(script, thenPowerOff: true) }
            #expect(record.outcome == .poweredOff)
            #expect(record.boots.map { $0.hasStage("data-replaced") } == [true])
            #expect(script.answers().first?.text.contains("mine") == false)
            #expect(try disk.metadata().command == SlotMetadata.Command.none)
            try Self.check(disk)
        }

        @Test func aFactoryResetErasesEverything() throws {
            let disk = try Self.used.get().copy()
            let script = ConsoleScript([
                ["cat /data/mine/note", "amosctl factory-reset", "amosctl factory-reset --yes; sleep 60"],
                ["ls /data"],
            ])
            let record = try disk.run { $0.perform(script, thenPowerOff: true) }
            #expect(record.outcome == .poweredOff)
            #expect(record.boots.map(\.slot) == [.a, .a])
            #expect(record.boots.map { $0.hasStage("data-replaced") } == [false, true])
            let before = script.answers(boot: 0)
            #expect(before.first?.text == Self.note)
            // Not without saying that one means it.
            #expect(before.count == 2 && before[1].status == 1 && before[1].text.contains("--yes"))
            #expect(script.answers(boot: 1).first?.text.contains("mine") == false)
            #expect(try disk.metadata().command == SlotMetadata.Command.none)
            try Self.check(disk)
        }

        private static func check(_ disk: TestDisk) throws {
            let data = try disk.extract("data")
            defer { unlink(data) }
            try Tool("e2fsck", package: "e2fsprogs").check(["-fn", data])
        }
    }
}
