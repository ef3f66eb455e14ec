import CLinux
import Wire

/// Directories.
public enum Directory {
    /// More entries than this are not listed: no directory that the handset's own programs read is larger.
    public static let entryLimit = 4096

    /// The names in a directory, sorted by their bytes, without `.` and `..` (`readdir(3)`).
    public static func names(
        in path: String, limit: Int = Directory.entryLimit
    ) throws(SystemCallError) -> [[UInt8]] {
        guard let directory = open(path) else {
            throw SystemCallError("open", path, code: amos_errno())
        }
        defer { closedir(directory) }
        var names: [[UInt8]] = []
        while names.count < limit, let name = amos_next_name(directory) {
            if isDots(name) { continue }
            names.append([UInt8](UnsafeRawBufferPointer(start: name, count: strlen(name))))
        }
        names.shellSort { $0.lexicographicallyPrecedes($1) }
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
        guard let directory = open(path) else { return true }
        defer { closedir(directory) }
        while let name = amos_next_name(directory) {
            if !isDots(name) { return false }
        }
        return true
    }

    /// `.` or `..`
    private static func isDots(_ name: UnsafePointer<CChar>) -> Bool {
        name[0] == 0x2e && (name[1] == 0 || (name[1] == 0x2e && name[2] == 0))
    }

    private static func open(_ path: String) -> OpaquePointer? {
        path.zeroTerminated.withUnsafeBufferPointer { text in text.baseAddress.flatMap { opendir($0) } }
    }

    /// `stat(2)`: links are followed.
    public static func isDirectory(_ path: String) -> Bool {
        path.withCString { Int(amos_is_directory($0)) } != 0
    }

    /// What a path lies in; `/` where it names nothing above.
    public static func parent(of path: String) -> String {
        let bytes = Array(path.utf8)
        let slash = bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return slash == 0 ? "/" : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    /// `mkdir(2)`; a directory that is already there is fine.
    public static func make(_ path: String, permissions: UInt32 = 0o755) throws(SystemCallError) {
        do throws(SystemCallError) {
            try retryingOnInterrupt("mkdir", path) { path.withCString { amos_mkdir($0, permissions) } }
        } catch  where error.code == SystemCallError.exists {}
    }

    /// Whether something has this name, a dangling link included (`lstat(2)`).
    public static func exists(_ path: String) -> Bool { path.withCString { Int(amos_exists($0)) } != 0 }

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
