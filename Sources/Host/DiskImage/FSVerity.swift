import HostSystem

/// What the kernel's FS_IOC_MEASURE_VERITY says of a file (kernel: filesystems/fsverity.rst): SHA-256, 4 KiB
/// blocks, no salt.
///
/// The tree is dm-verity's without salt: every block is hashed, the hashes fill blocks, up to a single hash.
/// The digest is the SHA-256 of a descriptor:
///
///      0   1  version, 1                     8   8  size of the file, little-endian
///      1   1  hash algorithm, 1 = SHA-256   16  64  root hash, zeros behind it
///      2   1  log2 of the block size, 12    80  32  salt, zeros
///      3   1  size of the salt, 0          112 144  zeros
///      4   4  zeros
public enum FSVerity {
    /// - Parameters:
    ///   - offset: where the file's bytes start in the output.
    ///   - size: a multiple of 4 KiB, at least one block, as every file system image has.
    public static func digest(
        of output: borrowing OutputFile, at offset: UInt64, size: UInt64
    ) throws(DiskImageError) -> SHA256Digest {
        try digest(descriptor: output.descriptor, at: offset, size: size, path: output.temporaryPath)
    }

    public static func digest(
        of input: borrowing InputFile, at offset: UInt64, size: UInt64
    ) throws(DiskImageError) -> SHA256Digest {
        try digest(descriptor: input.descriptor, at: offset, size: size, path: input.path)
    }

    private static func digest(
        descriptor: Int32, at offset: UInt64, size: UInt64, path: String
    ) throws(DiskImageError) -> SHA256Digest {
        guard size > 0, size % UInt64(DMVerity.blockSize) == 0 else {
            throw .invalidLayout(reason: "fs-verity of a payload needs whole blocks, not \(size) bytes")
        }
        let tree = DMVerity(uuid: ImageUUID(bytes: Array(repeating: 0, count: 16)), salt: [])
        var hashes = try tree.hash(
            descriptor, at: offset, blocks: Int(size) / DMVerity.blockSize, path: path)
        while hashes.count > DMVerity.digestSize {
            hashes.pad(to: hashes.count.roundedUp(to: DMVerity.blockSize))
            hashes = tree.hash(hashes)
        }
        var bytes: [UInt8] = [1, 1, 12, 0, 0, 0, 0, 0]
        bytes.append(littleEndian: size)
        bytes += hashes
        bytes.pad(to: 256)
        return SHA256Digest.of(bytes)
    }
}
