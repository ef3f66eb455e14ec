import CLinux

/// Directories.
public enum Directory {
    /// More entries than this are not listed: no directory that the handset's own programs read is larger.
    public static let entryLimit = 4096

    /// The names in a directory, sorted by their bytes, without `.` and `..` (`readdir(3)`).
    public static func names(
        in path: String, limit: Int = Directory.entryLimit
    ) throws(SystemCallError) -> [[UInt8]] {
        guard let directory = path.withCString({ opendir($0) }) else {
            throw SystemCallError("open", path, code: amos_errno())
        }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while names.count < limit, let name = amos_next_name(directory) {
            let bytes = [UInt8](UnsafeRawBufferPointer(start: name, count: strlen(name)))
            if bytes == [UInt8(ascii: ".")] || bytes == [UInt8(ascii: "."), UInt8(ascii: ".")] { continue }
            names.append(bytes)
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        return names
    }

    /// The names in a directory; none if it cannot be read.
    public static func namesIfPresent(in path: String) -> [[UInt8]] {
        do throws(SystemCallError) {
            return try names(in: path)
        } catch {
            return []
        }
    }

    /// Whether there is nothing in it, or no such directory.
    public static func isEmpty(_ path: String) -> Bool {
        guard let directory = path.withCString({ opendir($0) }) else { return true }
        defer { closedir(directory) }
        while let name = amos_next_name(directory) {
            let isDot = name[0] == 0x2e && (name[1] == 0 || (name[1] == 0x2e && name[2] == 0))
            if !isDot { return false }
        }
        return true
    }

    /// `stat(2)`: links are followed.
    public static func isDirectory(_ path: String) -> Bool { path.withCString { amos_is_directory($0) != 0 } }

    /// `mkdir(2)`; a directory that is already there is fine.
    public static func make(_ path: String, permissions: UInt32 = 0o755) throws(SystemCallError) {
        do throws(SystemCallError) {
            try retryingOnInterrupt("mkdir", path) { path.withCString { amos_mkdir($0, permissions) } }
        } catch  where error.code == SystemCallError.exists {}
    }

    /// Whether something has this name, a dangling link included (`lstat(2)`).
    public static func exists(_ path: String) -> Bool { path.withCString { amos_exists($0) != 0 } }

    /// `unlink(2)`.
    public static func unlink(_ path: String) throws(SystemCallError) {
        try retryingOnInterrupt("unlink", path) { path.withCString { amos_unlink($0) } }
    }

    /// `rename(2)`.
    public static func rename(_ from: String, to target: String) throws(SystemCallError) {
        try retryingOnInterrupt("rename", target) {
            from.withCString { from in target.withCString { amos_rename(from, $0) } }
        }
    }

    /// A file that appears whole or not at all: written beside `path`, made durable, renamed.
    public static func replaceFile(
        _ path: String, with bytes: [UInt8], permissions: UInt32 = 0o644, durable: Bool = true
    ) throws(SystemCallError) {
        let temporary = path + ".partial"
        let file = try FileDescriptor.open(
            temporary, [.writeOnly, .create, .truncate, .noFollow], permissions: permissions)
        try file.write(bytes)
        if durable { try file.synchronize() }
        try file.close()
        try rename(temporary, to: path)
    }
}
