import CLinux
import Wire

extension FileDescriptor {
    /// `ftruncate(2)`: cuts the file, or extends it by a hole.
    public borrowing func truncate(to size: UInt64) throws(SystemCallError) {
        let fd = rawValue
        try retryingOnInterrupt("ftruncate") { amos_ftruncate(fd, size) }
    }
}

extension FileDescriptor {
    /// `syncfs(2)`: returns when everything on this file's file system is on the disk.
    public borrowing func synchronizeFileSystem() throws(SystemCallError) {
        let fd = rawValue
        try retryingOnInterrupt("syncfs") { amos_sync_file_system(fd) }
    }
}

extension Directory {
    /// `renameat(2)`: for a name that may be no text.
    public static func rename(
        _ name: [UInt8], in folder: borrowing FileDescriptor, to target: String
    ) throws(SystemCallError) {
        let fd = folder.rawValue
        let text = name.map { CChar(bitPattern: $0) } + [0]
        try retryingOnInterrupt("rename", target) {
            text.withUnsafeBufferPointer { text in
                target.withCString { amos_rename_in(fd, text.baseAddress, $0) }
            }
        }
    }

    /// What a symbolic link says (`readlink(2)`); nil: it is none, or says something that is no text.
    public static func target(ofLink path: String) -> String? {
        var target = [CChar](repeating: 0, count: 4096)
        let count = target.withUnsafeMutableBufferPointer { buffer in
            path.withCString { amos_read_link($0, buffer.baseAddress, buffer.count) }
        }
        guard count > 0, count < target.count else { return nil }
        let bytes = target.prefix(count).map { UInt8(bitPattern: $0) }
        let text = String(decoding: bytes, as: UTF8.self)
        return Array(text.utf8) == bytes ? text : nil
    }

    /// A directory with all its missing parents.
    public static func makeAll(_ path: String) throws(SystemCallError) {
        var parent: [UInt8] = []
        for byte in Array(path.utf8) {
            if byte == UInt8(ascii: "/"), !parent.isEmpty {
                try make(String(decoding: parent, as: UTF8.self))
            }
            parent.append(byte)
        }
        try make(path)
    }
}
