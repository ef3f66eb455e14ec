import HostSystem

extension DMVerity {
    /// Reads the superblock that stands behind the data, hashes every block of the data and compares the
    /// result with the hash tree.
    /// - Parameters:
    ///   - dataOffset: where the data starts in the image.
    ///   - dataSize: what is protected; a multiple of 4 KiB.
    /// - Returns: the tree, if every hash in it is right.
    public static func check(
        _ image: borrowing InputFile, dataOffset: UInt64, dataSize: UInt64
    ) throws(DiskImageError) -> Tree {
        let (verity, dataBlocks) = try superblock(image, at: dataOffset + dataSize)
        guard dataBlocks > 0, dataBlocks == dataSize / UInt64(blockSize) else {
            throw .corrupt(
                image: image.path,
                reason: "its verity superblock covers \(dataBlocks) blocks, not \(dataSize / 4096)")
        }
        var hashes = try verity.hashes(image, at: dataOffset, blocks: dataBlocks)
        var levels: [[UInt8]] = []
        while hashes.count > digestSize {
            hashes.pad(to: hashes.count.roundedUp(to: blockSize))
            levels.append(hashes)
            hashes = verity.hash(hashes)
        }
        let size = treeSize(dataSize: dataSize)
        // The top level comes first; the lowest is compared first, because it tells which block is wrong.
        var end = dataOffset + dataSize + size
        for (height, level) in levels.enumerated() {
            end -= UInt64(level.count)
            let stored = try image.bytes(at: end, count: level.count)
            if stored != level { throw damaged(image, stored, level, height: height) }
        }
        return Tree(
            rootHash: SHA256Digest(bytes: hashes), salt: verity.salt, dataBlocks: dataBlocks, size: size)
    }

    private static func superblock(
        _ image: borrowing InputFile, at offset: UInt64
    ) throws(DiskImageError) -> (DMVerity, dataBlocks: UInt64) {
        let bytes = try image.bytes(at: offset, count: 512)
        guard bytes.starts(with: "verity\0\0".utf8) else {
            throw .corrupt(image: image.path, reason: "no verity superblock follows its file system")
        }
        let algorithm = bytes[32..<64].prefix { $0 != 0 }
        guard bytes.field(UInt32.self, at: 8) == 1, bytes.field(UInt32.self, at: 12) == 1,
            Array(algorithm) == Array("sha256".utf8), bytes.field(UInt32.self, at: 64) == UInt32(blockSize),
            bytes.field(UInt32.self, at: 68) == UInt32(blockSize),
            let dataBlocks = bytes.field(UInt64.self, at: 72),
            let saltSize = bytes.field(UInt16.self, at: 80),
            saltSize <= 256
        else {
            throw .corrupt(image: image.path, reason: "its verity superblock is of another kind")
        }
        let salt = Array(bytes[88..<88 + Int(saltSize)])
        return (DMVerity(uuid: ImageUUID(bytes: Array(bytes[16..<32])), salt: salt), dataBlocks)
    }

    /// The hashes of the data blocks, read a piece at a time.
    private func hashes(
        _ image: borrowing InputFile, at offset: UInt64, blocks: UInt64
    ) throws(DiskImageError) -> [UInt8] {
        var hashes: [UInt8] = []
        for first in stride(from: 0, to: blocks, by: Self.blocksPerPiece) {
            let count = min(Self.blocksPerPiece, Int(blocks - first))
            let position = offset + first * UInt64(Self.blockSize)
            hashes += hash(try image.bytes(at: position, count: count * Self.blockSize))
        }
        return hashes
    }

    private static func damaged(
        _ image: borrowing InputFile, _ stored: [UInt8], _ level: [UInt8], height: Int
    ) -> DiskImageError {
        let place = zip(stored, level).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
        let reason =
            height == 0
            ? "block \(place / digestSize) of the system partition does not have its hash"
            : "the verity tree of the system partition is damaged"
        return .corrupt(image: image.path, reason: reason)
    }
}
