import CLinux
import Wire

/// fs-verity: the kernel checks every read of a sealed file against one digest.
public enum Verity {
    /// Seals a file for ever (`FS_IOC_ENABLE_VERITY`, SHA-256, blocks of 4 KiB, no salt). Nobody may have it
    /// open for writing.
    public static func seal(_ path: String) throws(SystemCallError) {
        let file = try FileDescriptor.open(path, [.readOnly, .noFollow])
        let number = file.rawValue
        try retryingOnInterrupt("seal", path) { amos_enable_verity(number) }
        try file.close()
    }

    /// 32 bytes (`FS_IOC_MEASURE_VERITY`); an error if the file is not sealed.
    public static func measure(_ path: String) throws(SystemCallError) -> [UInt8] {
        try measure(try FileDescriptor.open(path, [.readOnly, .noFollow]))
    }

    /// What is read and mounted through this descriptor is what was measured.
    public static func measure(_ file: borrowing FileDescriptor) throws(SystemCallError) -> [UInt8] {
        let number = file.rawValue
        var digest = [UInt8](repeating: 0, count: 32)
        try retryingOnInterrupt("measure") {
            digest.withUnsafeMutableBufferPointer { amos_measure_verity(number, $0.baseAddress) }
        }
        return digest
    }
}

extension SystemCallError {
    /// The file system below knows nothing of what was asked for.
    public var isUnsupported: Bool { code == EOPNOTSUPP || code == ENOTTY }
    /// The disk is full, or what this user may have of it.
    public var isOutOfSpace: Bool { code == ENOSPC || code == EDQUOT }
}
