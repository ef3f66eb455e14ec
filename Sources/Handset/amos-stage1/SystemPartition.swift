import LinuxSystem
import Slots

/// The slot's system partition: verified block by block, mounted read-only.
enum SystemPartition {
    static let mountPoint = "/sysroot"

    /// Puts dm-verity over the partition and returns the verified device.
    ///
    /// The first table answers a bad block with an error, so that a wrong root hash can be named before the
    /// reset; the second, which stays, resets the machine at once, whoever meets the block.
    static func verify(_ path: String, _ root: VerityRoot) throws(BootFailure) -> String {
        let capacity = try required(.verityFailed) { () throws(SystemCallError) in
            try BlockDevice(opening: path).size()
        }
        guard root.dataBytes < capacity else {
            throw BootFailure(
                .verityFailed, "verify " + path, "amos.root says it is larger than the partition")
        }
        return try required(.verityFailed) { () throws(SystemCallError) in
            let mapper = try DeviceMapper(creating: "system")
            let sectors = root.dataBytes / 512
            let device = try mapper.run(
                target: "verity", parameters: root.table(device: path, restartsOnCorruption: false),
                sectors: sectors)
            try readFirstBlock(device, of: path)
            return try mapper.run(
                target: "verity", parameters: root.table(device: path, restartsOnCorruption: true),
                sectors: sectors)
        }
    }

    /// One block checks the whole way up to the root hash.
    private static func readFirstBlock(_ device: String, of path: String) throws(SystemCallError) {
        do throws(SystemCallError) {
            _ = try FileDescriptor.open(device).read(Int(VerityRoot.blockSize), at: 0)
        } catch {
            throw SystemCallError("verify against amos.root", path, code: error.code)
        }
    }

    static func mount(_ device: String) throws(BootFailure) {
        try required(.rootMountFailed) { () throws(SystemCallError) in
            try Mount.attach(device, at: mountPoint, type: "erofs", .readOnly)
        }
    }
}
