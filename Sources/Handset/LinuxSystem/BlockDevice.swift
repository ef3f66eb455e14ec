import CLinux
import Wire

/// An open disk or partition.
public struct BlockDevice: ~Copyable {
    public let descriptor: FileDescriptor
    public let path: String

    public init(opening path: String, writable: Bool = false) throws(SystemCallError) {
        self.path = path
        descriptor = try .open(path, writable ? .readWrite : .readOnly)
    }

    /// Length in bytes (`BLKGETSIZE64`).
    public borrowing func size() throws(SystemCallError) -> UInt64 {
        var size: UInt64 = 0
        let fd = descriptor.rawValue
        try retryingOnInterrupt("measure", path) { amos_ioctl(fd, AMOS_BLKGETSIZE64, &size) }
        return size
    }

    /// Tells the disk that nothing on this device is wanted any more (`BLKDISCARD`).
    public borrowing func discard(bytes: UInt64) throws(SystemCallError) {
        var range: (UInt64, UInt64) = (0, bytes)
        let fd = descriptor.rawValue
        try retryingOnInterrupt("discard", path) { amos_ioctl(fd, AMOS_BLKDISCARD, &range) }
    }

    /// Makes a range read as zero (`BLKZEROOUT`), without writing where the disk can do that by itself.
    public borrowing func zero(at offset: UInt64, length: UInt64) throws(SystemCallError) {
        var range: (UInt64, UInt64) = (offset, length)
        let fd = descriptor.rawValue
        try retryingOnInterrupt("zero", path) { amos_ioctl(fd, AMOS_BLKZEROOUT, &range) }
    }
}

/// The disk's partitions as the kernel names them in sysfs.
public enum PartitionTable {
    /// The device (`/dev/vda6`) whose GPT label is `label`; nil while there is none.
    ///
    /// `/sys/class/block/vda6/uevent` contains the lines `DEVNAME=vda6` and `PARTNAME=data`.
    public static func device(labelled label: StaticString) -> String? {
        for name in Directory.namesIfPresent(in: "/sys/class/block") {
            let node = String(decoding: name, as: UTF8.self)
            guard let bytes = contents(of: "/sys/class/block/" + node + "/uevent", limit: 4096) else {
                continue
            }
            if hasLine(bytes, "PARTNAME=", label) { return "/dev/" + node }
        }
        return nil
    }

    /// Whether a line of `text` is `key` followed by `value`.
    static func hasLine(_ text: [UInt8], _ key: StaticString, _ value: StaticString) -> Bool {
        let wanted = key.description + value.description
        return text.split(separator: UInt8(ascii: "\n")).contains { $0.elementsEqual(wanted.utf8) }
    }
}

/// The whole of a small file, or nil if it cannot be read; never more than `limit` bytes.
public func contents(of path: String, limit: Int) -> [UInt8]? {
    do throws(SystemCallError) {
        return try FileDescriptor.open(path).readToEnd(limit: limit)
    } catch {
        return nil
    }
}
