import Foundation
import HostSystem
import Slots

/// What goes into a boot image (its format is drawn in `BootImageHeader.swift`).
public struct BootImage: Sendable {
    public var kernel: FileTree.Content
    public var initramfs: FileTree.Content
    /// Holds `amos.root=<hash>:<data blocks>:<salt>`; see BootProtocol.md.
    public var commandLine: String
    /// dm-verity root hash of the slot's system partition, 32 bytes.
    public var rootHash: SHA256Digest
    public var rollbackIndex: UInt64
    /// A `dev` image.
    public var isDebuggable: Bool

    public init(
        kernel: FileTree.Content, initramfs: FileTree.Content, commandLine: String, rootHash: SHA256Digest,
        rollbackIndex: UInt64, isDebuggable: Bool
    ) {
        self.kernel = kernel
        self.initramfs = initramfs
        self.commandLine = commandLine
        self.rootHash = rootHash
        self.rollbackIndex = rollbackIndex
        self.isDebuggable = isDebuggable
    }

    /// Of the image, before it is written.
    public var size: UInt64 {
        let sections = [kernel.size, initramfs.size, UInt64(commandLine.utf8.count)].map {
            BootImageHeader.Section(size: $0, sha256: [])
        }
        return BootImageHeader(
            isDebuggable: isDebuggable, rollbackIndex: rollbackIndex, rootHash: [], keyFingerprint: [],
            kernel: sections[0], initramfs: sections[1], commandLine: sections[2]
        ).imageSize
    }

    /// Writes and signs it. The same contents and key give the same bytes.
    @discardableResult
    public func write(to path: String, signedWith key: SigningKey) throws(BootImageError) -> BootImageHeader {
        guard kernel.size <= BootImageHeader.kernelLimit else { throw .tooLarge("kernel", kernel.size) }
        guard initramfs.size <= BootImageHeader.initramfsLimit else {
            throw .tooLarge("initramfs", initramfs.size)
        }
        let line = Array(commandLine.utf8)
        guard line.count <= BootImageHeader.commandLineLimit else {
            throw .tooLarge("command line", UInt64(line.count))
        }
        do {
            let output = try OutputFile(replacing: path)
            let header = try writeSections(line, key, to: output)
            let signed = header.encoded()
            try output.write(signed + key.sign(signed), at: 0)
            try output.truncate(to: header.imageSize)
            try output.commit()
            return header
        } catch let error as SystemError {
            throw .system(error)
        } catch let error as SigningKeyError {
            throw .key(error)
        } catch {
            fatalError("nothing else is thrown above: \(error)")
        }
    }

    private func writeSections(
        _ line: [UInt8], _ key: SigningKey, to output: borrowing OutputFile
    ) throws(SystemError) -> BootImageHeader {
        let empty = BootImageHeader.Section(size: 0, sha256: [])
        var header = BootImageHeader(
            isDebuggable: isDebuggable, rollbackIndex: rollbackIndex, rootHash: rootHash.bytes,
            keyFingerprint: key.verifying.fingerprint.bytes, kernel: empty, initramfs: empty,
            commandLine: empty)
        header.kernel = try Self.copy(kernel, to: output, at: header.kernelOffset)
        header.initramfs = try Self.copy(initramfs, to: output, at: header.initramfsOffset)
        header.commandLine = try Self.copy(.bytes(line), to: output, at: header.commandLineOffset)
        return header
    }

    private static func copy(
        _ content: FileTree.Content, to output: borrowing OutputFile, at start: UInt64
    ) throws(SystemError) -> BootImageHeader.Section {
        var hasher = SHA256Hasher()
        switch content {
        case .bytes(let bytes):
            hasher.update(bytes)
            try output.write(bytes, at: start)
            return .init(size: UInt64(bytes.count), sha256: hasher.finish().bytes)
        case .stored(let path, let size):
            let descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw SystemError("read", path) }
            defer { close(descriptor) }
            let reader = FileRangeReader(descriptor: descriptor, path: path)
            try reader.forEachChunk(from: 0, count: size) { (chunk, offset) throws(SystemError) in
                hasher.update(chunk)
                try output.write(chunk, at: start + offset)
            }
            return .init(size: size, sha256: hasher.finish().bytes)
        }
    }
}

public enum BootImageError: Error, Equatable, CustomStringConvertible {
    case tooLarge(String, UInt64)
    case format(BootImageHeader.FormatError)
    case untrusted(signer: SHA256Digest, trusted: SHA256Digest)
    /// A section does not have the hash that the signed header gives it.
    case damaged(String)
    case key(SigningKeyError)
    case system(SystemError)

    public var description: String {
        switch self {
        case .tooLarge(let what, let size):
            "the \(what) has \(size) bytes, more than a boot image takes; leave something out of it"
        case .format(let error):
            "the boot image cannot be used: \(error.text); write it again with `amos build`"
        case .untrusted(let signer, let trusted) where signer == trusted:
            "the boot image's header was changed after it was signed with key \(signer); build it again"
        case .untrusted(let signer, let trusted):
            "the boot image is signed with key \(signer), but \(trusted) is trusted; "
                + "`amos keys list` shows which is which"
        case .damaged(let section):
            "the boot image's \(section) was changed after it was signed; build it again"
        case .key(let error): error.description
        case .system(let error): error.description
        }
    }
}
