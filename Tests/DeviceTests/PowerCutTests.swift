import Emulator
import Foundation
import HostSystem
import Slots
import Testing

extension DeviceTests {
    /// The power goes at a flush, and of what was written after it some is lost, some is torn, some is there.
    @Suite struct PowerCuts {
        /// A recorded run and the disk as it was before.
        private struct Recording: Sendable {
            let base: TestDisk
            let log: WriteLog
        }

        private struct Cut: Sendable {
            let what: String
            let outcome: String
            let isReady: Bool
            let damage: String?
        }

        /// First boot (`data` grows in it) and a later one in which programs write.
        @Test func everyCutBootsAgain() throws {
            let image = try Workshop.phone.get()
            let logs = [Workshop.unusedPath("log"), Workshop.unusedPath("log")]
            defer { for log in logs { unlink(log) } }
            let disk = try TestDisk(image)
            let first = try Self.record(disk, logs[0], ConsoleScript("sync"))
            let work =
                "for i in 1 2 3 4 5; do seq 1 20000 > /data/f$i; sync; mv /data/f$i /data/g$i; done; "
                + "rm /data/g2; mkdir /data/d; sync"
            let later = try Self.record(disk, logs[1], ConsoleScript(work))
            let recordings = [(first, "first boot"), (later, "later boot")]
            let rounds = DeviceTests.count(20, torture: 1000)
            let cuts = try inParallel(rounds) { round in
                let (recording, name) = recordings[round % 2]
                let flushes = recording.log.flushes.count
                // Spread over the whole run, the first and the last flush included.
                let step = round / 2
                let steps = max(1, rounds / 2 - 1)
                let flush = rounds <= 2 * flushes ? (flushes - 1) * step / steps : step % flushes
                return try Self.cut(recording, at: flush, round, "\(name), flush \(flush) of \(flushes)")
            }
            for cut in cuts {
                let where_ = Comment(rawValue: "\(cut.what), seed \(SeededGenerator.seed)")
                #expect(cut.isReady, "\(where_): \(cut.outcome)")
                #expect(cut.damage == nil, where_)
            }
        }

        /// Runs until healthy and the script is done, then powers off.
        private static func record(
            _ disk: TestDisk, _ log: String, _ script: ConsoleScript
        ) throws -> Recording {
            let base = try disk.copy()
            let record = try disk.run(log: log) {
                $0.typing = { script.type($0) }
                $0.goal = .untilReached { script.isDone($0) && $0.boots.last?.isHealthy ?? false }
            }
            #expect(record.boots.count == 1 && record.outcome == .poweredOff)
            let recorded = try WriteLog(reading: log)
            #expect(recorded.flushes.count > 5)
            return Recording(base: base, log: recorded)
        }

        private static func cut(
            _ recording: Recording, at flush: Int, _ round: Int, _ what: String
        ) throws -> Cut {
            let path = Workshop.unusedPath("cut")
            defer { unlink(path) }
            let seed = SeededGenerator.seed &+ UInt64(round)
            try recording.log.materialise(
                onto: recording.base.path, to: path, afterFlush: flush, seed: seed)
            let disk = try TestDisk(recording.base.image, copying: path)
            let data = try disk.extract("data")
            defer { unlink(data) }
            let e2fsck = try Tool("e2fsck", package: "e2fsprogs")
            _ = try e2fsck.run(["-E", "journal_only", "-fy", data])
            let verdict = try e2fsck.run(["-fn", data])
            let record = try disk.run(cpus: 1)
            let isSound =
                record.boots.last.map { $0.isReady && !$0.hasStage("data-replaced") } ?? false
            return Cut(
                what: what, outcome: "\(record.outcome)", isReady: isSound && record.boots.count == 1,
                damage: verdict.status == 0 ? nil : verdict.text)
        }
    }
}
