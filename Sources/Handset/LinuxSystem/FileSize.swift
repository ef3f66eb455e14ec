import CLinux

extension FileDescriptor {
    /// `ftruncate(2)`: cuts the file, or extends it by a hole.
    public borrowing func truncate(to size: UInt64) throws(SystemCallError) {
        let fd = rawValue
        try retryingOnInterrupt("ftruncate") { amos_ftruncate(fd, size) }
    }
}

extension Directory {
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
