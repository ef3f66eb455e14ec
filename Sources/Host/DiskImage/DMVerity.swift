import CCrypto
import Dispatch
import Foundation
import HostSystem

/// Writes the hash tree with which the kernel's dm-verity checks every block as it is read.
///
/// Standard layout, version 1 (cryptsetup: lib/verity): SHA-256 over salt and block, 4 KiB blocks everywhere.
///
///     data blocks │ superblock, 1 block │ top level, 1 block │ … │ hashes of the data blocks, 128 per block
///
/// The root hash is the hash of the top level's only block (of the data, if that is a single block).
public struct DMVerity: Sendable, Equatable {
    public static let blockSize = 4096
    static let digestSize = 32
    /// What one thread takes at a time.
    static let blocksPerPiece = 256

    /// What a handset must know to check the data.
    public struct Tree: Sendable, Equatable {
        public let rootHash: SHA256Digest
        public let salt: [UInt8]
        public let dataBlocks: UInt64
        /// Bytes of superblock and tree.
        public let size: UInt64
    }

    public let uuid: ImageUUID
    public let salt: [UInt8]

    /// - Parameter salt: at most 256 bytes; the same salt gives the same root hash.
    public init(uuid: ImageUUID, salt: [UInt8]) {
        precondition(salt.count <= 256, "dm-verity stores at most 256 bytes of salt")
        self.uuid = uuid
        self.salt = salt
    }

    /// What superblock and tree take for that much data.
    public static func treeSize(dataSize: UInt64) -> UInt64 {
        var blocks = dataSize.roundedUp(to: UInt64(blockSize)) / UInt64(blockSize)
        var total: UInt64 = 1
        while blocks > 1 {
            blocks = (blocks + 127) / 128
            total += blocks
        }
        return total * UInt64(blockSize)
    }

    /// Reads the data back from the output and writes superblock and tree behind it.
    /// - Parameters:
    ///   - dataOffset: where the data starts in the output.
    ///   - dataSize: a multiple of 4 KiB, at least one block.
    public func append(
        to output: borrowing OutputFile, dataOffset: UInt64, dataSize: UInt64
    ) throws(DiskImageError) -> Tree {
        guard dataSize > 0, dataSize % UInt64(Self.blockSize) == 0 else {
            throw .invalidLayout(reason: "dm-verity needs whole blocks of 4096 bytes, not \(dataSize) bytes")
        }
        let dataBlocks = Int(dataSize) / Self.blockSize
        var hashes = try hash(
            output.descriptor, at: dataOffset, blocks: dataBlocks, path: output.temporaryPath)
        var levels: [[UInt8]] = []
        while hashes.count > Self.digestSize {
            hashes.pad(to: hashes.count.roundedUp(to: Self.blockSize))
            levels.append(hashes)
            hashes = hash(hashes)
        }
        let writer = RegionWriter(output, at: dataOffset + dataSize)
        try writer.append(superblock(dataBlocks: UInt64(dataBlocks)))
        for level in levels.reversed() { try writer.append(level) }
        try writer.finish()
        return Tree(
            rootHash: SHA256Digest(bytes: hashes), salt: salt, dataBlocks: UInt64(dataBlocks),
            size: writer.offset - dataOffset - dataSize)
    }

    /// "verity", version.4, hash type.4, UUID, algorithm.32, data and hash block size.4, data blocks.8, salt
    /// size.2, 0.6, salt.256, 0.168 — and zeros up to the end of the block.
    private func superblock(dataBlocks: UInt64) -> [UInt8] {
        var bytes = Array("verity\0\0".utf8)
        bytes.append(littleEndian: UInt32(1))
        bytes.append(littleEndian: UInt32(1))
        bytes += uuid.bytes
        bytes += "sha256".utf8
        bytes.pad(to: 64)
        bytes.append(littleEndian: UInt32(Self.blockSize))
        bytes.append(littleEndian: UInt32(Self.blockSize))
        bytes.append(littleEndian: dataBlocks)
        bytes.append(littleEndian: UInt16(salt.count))
        bytes.pad(to: 88)
        bytes += salt
        bytes.pad(to: Self.blockSize)
        return bytes
    }

    /// Hashes of blocks in a file, on all processors.
    func hash(
        _ descriptor: Int32, at offset: UInt64, blocks: Int, path: String
    ) throws(DiskImageError) -> [UInt8] {
        var hashes = [UInt8](repeating: 0, count: blocks * Self.digestSize)
        let pieces = (blocks + Self.blocksPerPiece - 1) / Self.blocksPerPiece
        let workers = min(pieces, ProcessInfo.processInfo.activeProcessorCount)
        var results = Array(repeating: Result<Void, DiskImageError>.success(()), count: workers)
        hashes.withUnsafeMutableBytes { hashes in
            results.withUnsafeMutableBufferPointer { results in
                nonisolated(unsafe) let (hashes, results) = (hashes, results)
                DispatchQueue.concurrentPerform(iterations: workers) { worker in
                    results[worker] = Result { () throws(DiskImageError) in
                        for piece in stride(from: worker, to: pieces, by: workers) {
                            let first = piece * Self.blocksPerPiece
                            let count = min(Self.blocksPerPiece, blocks - first)
                            try hash(
                                descriptor, at: offset + UInt64(first * Self.blockSize), blocks: count,
                                into: hashes, first: first, path: path)
                        }
                    }
                }
            }
        }
        for result in results { try result.get() }
        return hashes
    }

    private func hash(
        _ descriptor: Int32, at offset: UInt64, blocks: Int, into hashes: UnsafeMutableRawBufferPointer,
        first: Int, path: String
    ) throws(DiskImageError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: blocks * Self.blockSize, alignment: 4096)
        defer { buffer.deallocate() }
        guard try readFully(descriptor, into: buffer, at: offset, path: path) == buffer.count else {
            throw .corrupt(image: path, reason: "it ends before its file system does")
        }
        hash(UnsafeRawBufferPointer(buffer), into: hashes, first: first)
    }

    /// Hashes of the blocks of one level of the tree.
    func hash(_ level: [UInt8]) -> [UInt8] {
        var hashes = [UInt8](repeating: 0, count: level.count / Self.blockSize * Self.digestSize)
        level.withUnsafeBytes { level in
            hashes.withUnsafeMutableBytes { hash(level, into: $0, first: 0) }
        }
        return hashes
    }

    private func hash(
        _ blocks: UnsafeRawBufferPointer, into hashes: UnsafeMutableRawBufferPointer, first: Int
    ) {
        let context = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(context) }
        EVP_DigestInit_ex(context, EVP_sha256(), nil)
        for block in 0..<blocks.count / Self.blockSize {
            // Without an algorithm: start again with the one it has, which spares looking it up.
            EVP_DigestInit_ex(context, nil, nil)
            EVP_DigestUpdate(context, salt, salt.count)
            EVP_DigestUpdate(context, blocks.baseAddress! + block * Self.blockSize, Self.blockSize)
            let target = hashes.baseAddress! + (first + block) * Self.digestSize
            EVP_DigestFinal_ex(context, target.assumingMemoryBound(to: UInt8.self), nil)
        }
    }
}
