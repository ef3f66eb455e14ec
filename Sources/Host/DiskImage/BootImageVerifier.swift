import Foundation
import HostSystem
import Slots

/// A boot image whose signature, hashes and padding have all been checked: every bit of it is what was
/// signed.
public struct VerifiedBootImage: Sendable {
    public let header: BootImageHeader
    public let commandLine: String
    private let path: String
    private let start: UInt64

    /// Checks the image that starts at `start` of a file (a boot partition in a disk image, or 0 in
    /// `boot.img`) and has at most `limit` bytes.
    public init(
        file path: String, at start: UInt64 = 0, limit: UInt64, trusting key: VerifyingKey
    ) throws(BootImageError) {
        guard limit >= UInt64(BootImageHeader.byteCount) else { throw .format(.tooShort) }
        let source = try BootImageSource(path: path, start: start)
        let bytes = try source.bytes(at: 0, count: BootImageHeader.byteCount)
        do throws(BootImageHeader.FormatError) {
            header = try BootImageHeader(decoding: bytes.span, limit: limit)
        } catch {
            throw .format(error)
        }
        let signed = Array(bytes[0..<BootImageHeader.signedByteCount])
        guard key.accepts(Array(bytes[signed.count...]), for: signed) else {
            throw .untrusted(signer: SHA256Digest(bytes: header.keyFingerprint), trusted: key.fingerprint)
        }
        self.path = path
        self.start = start
        try source.check(header.kernel, at: header.kernelOffset, "kernel")
        try source.check(header.initramfs, at: header.initramfsOffset, "initramfs")
        try source.check(header.commandLine, at: header.commandLineOffset, "command line")
        let line = try source.bytes(at: header.commandLineOffset, count: Int(header.commandLine.size))
        commandLine = String(decoding: line, as: UTF8.self)
    }

    /// Writes kernel and initramfs to files of their own. They are hashed again on the way: what is used is
    /// what was signed, even if somebody changed the disk after it was checked.
    public func unpack(kernelTo kernel: String, initramfsTo initramfs: String) throws(BootImageError) {
        let source = try BootImageSource(path: path, start: start)
        try source.copy(header.kernel, at: header.kernelOffset, "kernel", to: kernel)
        try source.copy(header.initramfs, at: header.initramfsOffset, "initramfs", to: initramfs)
    }
}

extension BootImageError {
    /// What the loader's decision is told.
    public var refusal: FailureReason {
        if case .untrusted = self { return .imageUntrusted }
        return .imageDamaged
    }
}

/// The open file that holds a boot image.
private struct BootImageSource: ~Copyable {
    let reader: FileRangeReader
    let start: UInt64

    init(path: String, start: UInt64) throws(BootImageError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(SystemError("read", path)) }
        reader = FileRangeReader(descriptor: descriptor, path: path)
        self.start = start
    }

    deinit { close(reader.descriptor) }

    func bytes(at offset: UInt64, count: Int) throws(BootImageError) -> [UInt8] {
        do throws(SystemError) {
            return try reader.bytes(from: start + offset, count: count)
        } catch {
            throw .system(error)
        }
    }

    /// The section has its hash, and nothing but zeros follow it up to the next one.
    func check(_ section: BootImageHeader.Section, at offset: UInt64, _ name: String) throws(BootImageError) {
        try hash(section, at: offset, name) { (_, _) throws(SystemError) in }
        let end = offset + section.size
        let padding = try bytes(at: end, count: Int(BootImageHeader.align(end) - end))
        guard padding.allSatisfy({ $0 == 0 }) else { throw .format(.badPadding) }
    }

    func copy(
        _ section: BootImageHeader.Section, at offset: UInt64, _ name: String, to path: String
    ) throws(BootImageError) {
        do {
            let output = try OutputFile(replacing: path, permissions: 0o600)
            try hash(section, at: offset, name) { (chunk, offset) throws(SystemError) in
                try output.write(chunk, at: offset)
            }
            try output.commit()
        } catch let error as BootImageError {
            throw error
        } catch let error as SystemError {
            throw .system(error)
        } catch {
            fatalError("nothing else is thrown above: \(error)")
        }
    }

    private func hash(
        _ section: BootImageHeader.Section, at offset: UInt64, _ name: String,
        _ body: (UnsafeRawBufferPointer, UInt64) throws(SystemError) -> Void
    ) throws(BootImageError) {
        var hasher = SHA256Hasher()
        do throws(SystemError) {
            try reader.forEachChunk(from: start + offset, count: section.size) {
                (chunk, offset) throws(SystemError) in
                hasher.update(chunk)
                try body(chunk, offset)
            }
        } catch {
            throw .system(error)
        }
        guard hasher.finish().bytes == section.sha256 else { throw .damaged(name) }
    }
}
