import Foundation
import HostSystem
import Testing

@testable import Emulator

/// QEMU's own writer of the log is the referee: `qemu-io` writes through the same `blklogwrites` driver.
@Suite struct WriteLogTests {
    /// A recorded disk: pattern 1 flushed, pattern 2 flushed, pattern 3 never.
    final class Recording {
        let folder: String
        var base: String { folder + "/base" }
        var disk: String { folder + "/disk" }
        var log: String { folder + "/log" }

        init() throws {
            folder = NSTemporaryDirectory() + "/amos-write-log-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            for file in [base, disk] {
                try Data(count: 1 << 20).write(to: URL(fileURLWithPath: file))
            }
            try Data().write(to: URL(fileURLWithPath: log))
            let options =
                "driver=blklogwrites,log-sector-size=512,file.driver=raw,file.file.driver=file,"
                + "file.file.filename=\(disk),log.driver=file,log.filename=\(log)"
            try Tool("qemu-io", package: "qemu-utils").check([
                "--image-opts", options, "-c", "write -P 1 0 8k", "-c", "flush", "-c", "write -P 2 4k 4k",
                "-c", "flush", "-c", "write -P 3 0 64k", "-c", "write -P 3 64k 64k",
            ])
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        func materialised(_ log: WriteLog, afterFlush index: Int, seed: UInt64) throws -> [UInt8] {
            let output = folder + "/cut"
            try log.materialise(onto: base, to: output, afterFlush: index, seed: seed)
            return [UInt8](FileManager.default.contents(atPath: output) ?? Data())
        }
    }

    @Test func readsWhatQEMURecords() throws {
        let recording = try Recording()
        let log = try WriteLog(reading: recording.log)
        // The super block counts up to the latest flush; closing the disk flushes once more.
        #expect(log.flushes.count >= 2)
        #expect(log.entries[0].offset == 0 && log.entries[0].count == 8192 && !log.entries[0].isFlush)
        #expect(log.entries[1].isFlush)
        #expect(log.entries[2].offset == 4096 && log.entries[2].count == 4096)
    }

    /// Flushed data is there whatever the seed; data after the flush is old or new, sector by sector.
    @Test(arguments: UInt64(0)..<20) func whatWasFlushedIsThere(seed: UInt64) throws {
        let recording = try Recording()
        let log = try WriteLog(reading: recording.log)
        let first = try recording.materialised(log, afterFlush: 0, seed: seed)
        #expect(first.count == 1 << 20)
        #expect(first[0..<4096].allSatisfy { $0 == 1 })
        for sector in stride(from: 4096, to: 8192, by: 512) {
            let bytes = Set(first[sector..<sector + 512])
            #expect(bytes == [1] || bytes == [2])
        }
        #expect(first[8192...].allSatisfy { $0 == 0 })
        let second = try recording.materialised(log, afterFlush: 1, seed: seed)
        let expected: Set<UInt8> = [1, 2, 3]
        for sector in stride(from: 0, to: 8192, by: 512) {
            let bytes = Set(second[sector..<sector + 512])
            #expect(bytes.count == 1 && bytes.isSubset(of: expected))
        }
        #expect(try recording.materialised(log, afterFlush: 1, seed: seed) == second)
    }

    @Test func seedsLoseDifferentWrites() throws {
        let recording = try Recording()
        let log = try WriteLog(reading: recording.log)
        var seen: Set<[UInt8]> = []
        for seed in UInt64(0)..<30 { seen.insert(try recording.materialised(log, afterFlush: 1, seed: seed)) }
        #expect(seen.count > 3)
    }

    /// After the last flush of a closed disk nothing can be lost: it equals what QEMU left.
    @Test func theEndEqualsTheRealDisk() throws {
        let recording = try Recording()
        let log = try WriteLog(reading: recording.log)
        let end = try recording.materialised(log, afterFlush: log.flushes.count - 1, seed: 1)
        #expect(log.flushes.last == log.entries.count - 1)
        #expect(end == [UInt8](FileManager.default.contents(atPath: recording.disk) ?? Data()))
    }

    @Test func otherFilesAndOtherFlushesAreRefused() throws {
        let recording = try Recording()
        #expect(throws: EmulatorError.self) { try WriteLog(reading: recording.disk) }
        let log = try WriteLog(reading: recording.log)
        #expect(throws: EmulatorError.self) {
            try log.materialise(onto: recording.base, to: recording.folder + "/x", afterFlush: 99, seed: 0)
        }
    }
}
