import DiskImage
import Foundation
import HostSystem
import Slots

/// The handset's loader, in QEMU's case outside of the machine (see BootProtocol.md): reads `misc`,
/// verifies both boot images, settles the previous boot, picks a slot, notes the start in `misc` and
/// unpacks what is started. It never runs while QEMU has the disk open.
public struct Loader: Sendable {
    public enum Load: Sendable {
        case start(Slot, LoadedKernel, rollbackIndex: UInt64)
        /// The one message that ends it.
        case halt(String)
    }

    /// The arm64 kernel's COMMAND_LINE_SIZE, without the final NUL.
    private static let commandLineLimit = 2047

    public let disk: String
    public let trustedKey: VerifyingKey
    /// Where kernel and initramfs are unpacked: private to this run, one file per content.
    public let folder: String
    /// For `dev` images only; a `user` image starts with nothing but what was signed, and its slot.
    public var debuggingWords: [String] = []
    /// What a person should know about the latest load: a refused slot and why, metadata that started over.
    public private(set) var notes: [String] = []

    private let misc: GPTDisk.Partition
    private let boot: [GPTDisk.Partition]

    public init(disk: String, trusting key: VerifyingKey, folder: String) throws(EmulatorError) {
        self.disk = disk
        trustedKey = key
        self.folder = folder
        let table: GPTDisk
        do throws(DiskImageError) { table = try GPTDisk(reading: try InputFile(disk)) } catch {
            throw .disk(error)
        }
        func partition(_ label: String) throws(EmulatorError) -> GPTDisk.Partition {
            guard let found = table.partitions.first(where: { $0.label == label }) else {
                throw .partitionMissing(label: label, disk: disk)
            }
            return found
        }
        misc = try partition("misc")
        boot = [try partition("boot_a"), try partition("boot_b")]
    }

    public mutating func load(_ cause: LoaderCause) throws(EmulatorError) -> Load {
        notes = []
        var metadata = try readMetadata()
        let before = metadata
        let images = [verify(.a), verify(.b)]
        let decision = metadata.decide(
            cause, imageA: Self.verdict(images[0]), imageB: Self.verdict(images[1]))
        guard case .start(let slot) = decision else {
            if metadata != before { try write(&metadata) }
            return .halt(decision.text)
        }
        guard case .success(let image) = images[Int(slot.rawValue)] else {
            fatalError("the decision starts a slot whose image was refused")
        }
        let kernel = try unpack(image, slot)
        // Spent before the start: what happens after this line cannot undo it.
        try write(&metadata)
        return .start(slot, kernel, rollbackIndex: image.header.rollbackIndex)
    }

    /// The slot metadata as it is now.
    public mutating func readMetadata() throws(EmulatorError) -> SlotMetadata {
        let descriptor = open(disk, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(SystemError("read", disk)) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: SlotMetadata.miscBytes)
        guard pread(descriptor, &bytes, bytes.count, off_t(misc.offset)) == bytes.count else {
            throw .system(SystemError("read misc on", disk))
        }
        let loaded = SlotMetadata.load(misc: bytes.span)
        if case .fresh(let first, let second) = loaded.source {
            let why = "\(first.text), \(second.text)"
            notes.append("misc has no valid slot metadata (\(why)); it starts over")
        }
        return loaded.metadata
    }

    /// Writes the metadata to `misc` and waits until it is on the disk.
    public func write(_ metadata: inout SlotMetadata) throws(EmulatorError) {
        let write = metadata.nextWrite()
        let descriptor = open(disk, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(SystemError("write", disk)) }
        defer { close(descriptor) }
        let offset = off_t(misc.offset) + off_t(write.offset)
        guard pwrite(descriptor, write.bytes, write.bytes.count, offset) == write.bytes.count,
            fdatasync(descriptor) == 0
        else { throw .system(SystemError("write misc on", disk)) }
    }

    private mutating func verify(_ slot: Slot) -> Result<VerifiedBootImage, BootImageError> {
        let partition = boot[Int(slot.rawValue)]
        do throws(BootImageError) {
            return .success(
                try VerifiedBootImage(
                    file: disk, at: partition.offset, limit: partition.size, trusting: trustedKey))
        } catch {
            notes.append("slot \(slot.name) is refused: \(error)")
            return .failure(error)
        }
    }

    private static func verdict(_ image: Result<VerifiedBootImage, BootImageError>) -> ImageVerdict {
        switch image {
        case .success(let image): .valid(rollbackIndex: image.header.rollbackIndex)
        case .failure(let error): .refused(error.refusal)
        }
    }

    private mutating func unpack(
        _ image: VerifiedBootImage, _ slot: Slot
    ) throws(EmulatorError) -> LoadedKernel {
        var words = [image.commandLine, "amos.slot=\(slot.name)"]
        if image.header.isDebuggable {
            words += debuggingWords
        } else if !debuggingWords.isEmpty {
            notes.append("this is a user image: \(debuggingWords.joined(separator: " ")) is not passed on")
        }
        let line = words.joined(separator: " ")
        guard line.utf8.count <= Self.commandLineLimit else {
            throw .control("the kernel command line has \(line.utf8.count) bytes; the kernel takes 2047")
        }
        let kernel = "\(folder)/kernel.\(SHA256Digest(bytes: image.header.kernel.sha256))"
        let initramfs = "\(folder)/initramfs.\(SHA256Digest(bytes: image.header.initramfs.sha256))"
        if access(kernel, R_OK) != 0 || access(initramfs, R_OK) != 0 {
            do throws(BootImageError) {
                try image.unpack(kernelTo: kernel, initramfsTo: initramfs)
            } catch {
                throw .image(error)
            }
        }
        return LoadedKernel(kernel: kernel, initramfs: initramfs, commandLine: line)
    }
}
