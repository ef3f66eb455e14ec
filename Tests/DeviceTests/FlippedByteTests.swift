import Assembly
import DiskImage
import Emulator
import Foundation
import HostSystem
import Slots
import Testing

extension DeviceTests {
    /// One bit changed, somewhere. The random places depend on the seed alone.
    @Suite struct FlippedBytes {
        // MARK: Boot images

        /// Wherever the bit is, the boot image is refused: nothing in it is unsigned.
        @Test func aBootImageIsRefused() throws {
            let image = try Workshop.phone.get()
            let path = Workshop.unusedPath("boot.img")
            defer { unlink(path) }
            try RunDisk.copy(image.bootImage, to: path)
            let header = try VerifiedBootImage(file: path, limit: 64 << 20, trusting: image.trustedKey)
                .header
            let descriptor = open(path, O_RDWR)
            defer { close(descriptor) }
            var random = SeededGenerator(stream: 1)
            for round in 0..<DeviceTests.count(60, torture: 1000) {
                let sections: [Range<UInt64>] = [
                    0..<4096, header.commandLineOffset..<header.imageSize, 0..<header.imageSize,
                ]
                let offset = UInt64.random(in: sections[round % 3], using: &random)
                let bit = UInt8(1) << UInt8.random(in: 0..<8, using: &random)
                var byte: UInt8 = 0
                pread(descriptor, &byte, 1, off_t(offset))
                byte ^= bit
                pwrite(descriptor, &byte, 1, off_t(offset))
                #expect(throws: BootImageError.self, "seed \(SeededGenerator.seed), byte \(offset)") {
                    try VerifiedBootImage(file: path, limit: 64 << 20, trusting: image.trustedKey)
                }
                byte ^= bit
                pwrite(descriptor, &byte, 1, off_t(offset))
            }
            // It was the flips, nothing else.
            _ = try VerifiedBootImage(file: path, limit: 64 << 20, trusting: image.trustedKey)
        }

        @Test func theOtherSlotStartsInstead() throws {
            let disk = try TestDisk(try Workshop.phone.get())
            var random = SeededGenerator(stream: 2)
            let boot = try disk.partition("boot_a")
            let size = try InputFile(disk.image.bootImage).size
            try disk.flip(at: boot.offset + .random(in: 0..<size, using: &random), bit: 3)
            let record = try disk.run()
            #expect(record.boots.map(\.slot) == [.b], "seed \(SeededGenerator.seed)")
            #expect(record.boots.last?.isReady == true)
            #expect(record.notes.contains { $0.contains("slot a is refused") })
            let metadata = try disk.metadata()
            #expect(metadata.a.attemptsLeft == SlotMetadata.attemptLimit, "never started")
        }

        // MARK: System blocks that boot reads

        enum Target: String, CaseIterable, Sendable { case superblock, rootDirectory, amosInit }

        /// Three attempts, then slot b.
        @Test func aSystemThatCannotBootIsLeft() throws {
            let image = try Workshop.phone.get()
            let outcomes = try inParallel(Target.allCases.count) { index in
                let disk = try TestDisk(image)
                try Self.damage(disk, "system_a", Target.allCases[index])
                return (try disk.run(cpus: 1), try disk.metadata())
            }
            for (target, (record, metadata)) in zip(Target.allCases, outcomes) {
                let name = Comment(rawValue: target.rawValue)
                #expect(record.boots.map(\.slot) == [.a, .a, .a, .b], name)
                #expect(record.boots.last?.isReady == true, name)
                #expect(record.boots.dropLast().allSatisfy { !$0.isReady }, name)
                #expect(metadata.a.attemptsLeft == 0, name)
                let reason = metadata.a.lastFailure.reason
                #expect(reason == .resetUnreported || reason == .verityFailed, name)
            }
        }

        /// One message, not a loop.
        @Test func twoBadSystemsEndInOneMessage() throws {
            let disk = try TestDisk(try Workshop.phone.get())
            try Self.damage(disk, "system_a", .superblock)
            try Self.damage(disk, "system_b", .superblock)
            let record = try disk.run()
            #expect(record.boots.map(\.slot) == [.a, .a, .a, .b, .b, .b])
            guard case .failed(.halted(let message)) = record.outcome else {
                Issue.record("\(record.outcome)")
                return
            }
            #expect(message.contains("slot a: out of attempts") && message.contains("slot b: out of"))
        }

        private static func damage(_ disk: TestDisk, _ label: String, _ target: Target) throws {
            let system = try disk.partition(label)
            let superblock = try disk.bytes(at: system.offset + 1024, count: 128)
            func number(_ at: Int, _ width: Int) -> UInt64 {
                superblock[at..<at + width].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            switch target {
            case .superblock: try disk.flip(at: system.offset + 1024 + 70, bit: 0)
            case .rootDirectory:
                // meta_blkaddr and root_nid of struct erofs_super_block; an inode slot has 32 bytes.
                let inode = number(40, 4) * 4096 + number(14, 2) * 32
                try disk.flip(at: system.offset + inode + 4, bit: 0)
            case .amosInit:
                let content = try SystemBlocks(disk, label).firstBlock(of: "usr/sbin/amos-init")
                try disk.flip(at: content + 512, bit: 0)
            }
        }

        // MARK: Other system blocks

        /// Found when they are first read, and then they cost the slot an attempt.
        @Test func aBlockIsRefusedWhenItIsFirstRead() throws {
            let image = try Workshop.phone.get()
            let blocks = try SystemBlocks(TestDisk(image), "system_a")
            let candidates = try blocks.files().filter { !$0.hasPrefix("usr/lib/modules") }
            let failures = try inParallel(DeviceTests.count(20, torture: 1000)) { round -> String? in
                var random = SeededGenerator(stream: 100 + round)
                let disk = try TestDisk(image)
                try disk.setMetadata { $0.a.isSuccessful = true }
                let file = candidates.randomElement(using: &random)!
                let start = try blocks.firstBlock(of: file)
                let byte = UInt64.random(in: 0..<4096, using: &random)
                try disk.flip(at: start + byte, bit: .random(in: 0..<8, using: &random))
                return try Self.failureToNotice(file, disk).map {
                    "/\(file), byte \(byte): \($0)"
                }
            }
            for failure in failures {
                #expect(failure == nil, "seed \(SeededGenerator.seed)")
            }
        }

        /// Reads the file on the handset; nil if that reset it and cost the slot an attempt.
        private static func failureToNotice(_ file: String, _ disk: TestDisk) throws -> String? {
            let script = ConsoleScript("cat '/\(file)' > /dev/null")
            let record = try disk.run(cpus: 1) {
                $0.perform(script)
                $0.afterReset = .fail
            }
            guard case .failed(.reset) = record.outcome else {
                return "\(record.outcome), \(script.answers())"
            }
            let slot = try disk.settled(.reset).a
            guard slot.attemptsLeft == SlotMetadata.attemptLimit - 1,
                slot.lastFailure.reason == .resetUnreported
            else { return "\(slot)" }
            return nil
        }
    }
}

/// Where the contents of files are on a system partition, found by comparing them.
struct SystemBlocks: Sendable {
    private let path: String
    private let offset: UInt64
    /// Blocks whose content is on the partition only once; copyright files are there several times.
    private let index: [SHA256Digest: UInt64]

    init(_ disk: TestDisk, _ label: String) throws {
        // The built disk, which stays; the copy may be damaged by now.
        path = disk.image.diskImage
        let partition = try disk.partition(label)
        offset = partition.offset
        let size = try ImageManifest.load(disk.image.manifestFile).verity.dataBlocks * 4096
        let built = try InputFile(path)
        var index: [SHA256Digest: UInt64] = [:]
        var repeated: Set<SHA256Digest> = []
        for position in stride(from: offset, to: offset + size, by: 4096) {
            let digest = SHA256Digest.of(try built.bytes(at: position, count: 4096))
            if index.updateValue(position, forKey: digest) != nil { repeated.insert(digest) }
        }
        for digest in repeated { index[digest] = nil }
        self.index = index
    }

    /// Files whose first block can be found, sorted.
    func files() throws -> [String] {
        let reader = try EROFSReader(path, at: offset)
        return try reader.entries().filter {
            guard $0.kind == .file, $0.size >= 4096 else { return false }
            return index[.of(try reader.contents(of: $0).prefix(4096))] != nil
        }.map(\.path)
    }

    /// Where a file's first 4096 bytes are on the disk.
    func firstBlock(of file: String) throws -> UInt64 {
        let reader = try EROFSReader(path, at: offset)
        guard let entry = try reader.entries().first(where: { $0.path == file }),
            let position = index[.of(try reader.contents(of: entry).prefix(4096))]
        else { throw DiskImageError.corrupt(image: path, reason: "no block of it is the start of /\(file)") }
        return position
    }
}
