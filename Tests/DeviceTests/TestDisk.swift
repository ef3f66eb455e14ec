import Assembly
import DiskImage
import Emulator
import Foundation
import HostSystem
import Slots

/// A private copy of a built disk, to boot and to damage.
final class TestDisk: Sendable {
    let image: ImageBuilder.Result
    let path: String
    private let layout: GPTDisk

    /// - Parameter source: a disk with the same partitions as the image's; the image's own unless given.
    init(_ image: ImageBuilder.Result, copying source: String? = nil) throws {
        self.image = image
        path = Workshop.unusedPath("img")
        layout = try GPTDisk(reading: InputFile(image.diskImage))
        try RunDisk.copy(source ?? image.diskImage, to: path)
    }

    deinit { unlink(path) }

    func copy() throws -> TestDisk { try TestDisk(image, copying: path) }

    func partition(_ label: String) throws -> GPTDisk.Partition {
        guard let partition = layout[label] else {
            throw EmulatorError.partitionMissing(label: label, disk: path)
        }
        return partition
    }

    /// Boots it. Unless the change says otherwise: until it is ready, then cut, which is the quickest.
    func run(
        cpus: Int? = nil, log: String? = nil, reachedBy client: AdbClient? = nil,
        _ change: (inout HandsetRun.Options) -> Void = { _ in }
    ) throws -> HandsetRecord {
        var machine = MachineConfiguration(image.device, disk: path)
        if let client {
            machine.forwards.append((host: client.port, guest: 5555))
            machine.lentFiles.append((name: "opt/amos/adbkey", path: client.publicKey))
        }
        machine.cpus = cpus ?? machine.cpus
        machine.writeLog = log
        var options = HandsetRun.Options()
        options.goal = .untilCut { $0.boots.last?.isReady ?? false }
        // Generous: machines of CI systems are slow and shared.
        options.timeoutSeconds = 300
        change(&options)
        return try HandsetRun(machine, trusting: image.trustedKey, options).run()
    }

    func loader() throws -> Loader {
        try Loader(disk: path, trusting: image.trustedKey, folder: Workshop.folder)
    }

    func metadata() throws -> SlotMetadata {
        var loader = try loader()
        return try loader.readMetadata()
    }

    func setMetadata(_ change: (inout SlotMetadata) -> Void) throws {
        var loader = try loader()
        var metadata = try loader.readMetadata()
        change(&metadata)
        try loader.write(&metadata)
    }

    /// What the loader would make of the way the latest run ended.
    func settled(_ cause: LoaderCause) throws -> SlotMetadata {
        var loader = try loader()
        _ = try loader.load(cause)
        return try loader.readMetadata()
    }

    func bytes(at offset: UInt64, count: Int) throws -> [UInt8] {
        try InputFile(path).bytes(at: offset, count: count)
    }

    func write(_ bytes: [UInt8], at offset: UInt64) throws {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        defer { close(descriptor) }
        guard pwrite(descriptor, bytes, bytes.count, off_t(offset)) == bytes.count else {
            throw SystemError("write", path)
        }
    }

    /// Flips one bit.
    func flip(at offset: UInt64, bit: Int) throws {
        try write([bytes(at: offset, count: 1)[0] ^ (1 << UInt8(bit))], at: offset)
    }

    /// Copies a whole partition, or the part of it that an image file fills.
    func extract(_ label: String, size: UInt64? = nil) throws -> String {
        let partition = try partition(label)
        let output = Workshop.unusedPath(label)
        try Tool("dd", package: "coreutils").check([
            "if=\(path)", "of=\(output)", "bs=1M", "conv=sparse", "status=none",
            "iflag=skip_bytes,count_bytes", "skip=\(partition.offset)", "count=\(size ?? partition.size)",
        ])
        truncate(output, off_t(size ?? partition.size))
        return output
    }

    /// Takes a partition from another disk of the same layout.
    func take(_ label: String, from other: TestDisk) throws {
        let file = try other.extract(label)
        defer { unlink(file) }
        try Tool("dd", package: "coreutils").check([
            "if=\(file)", "of=\(path)", "bs=1M", "conv=notrunc", "status=none", "oflag=seek_bytes",
            "seek=\(partition(label).offset)",
        ])
    }
}

extension BootRecord {
    func hasStage(_ name: String) -> Bool { events.contains { $0.event == .stage(name: name) } }
}
