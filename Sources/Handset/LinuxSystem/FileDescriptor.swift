import CLinux
import Wire

/// An open file that is closed exactly once: by `close()`, which reports failure, or when it is dropped.
public struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number; −1 once it has been closed or given away.
    public private(set) var rawValue: Int32

    /// Takes over a descriptor that nobody else will close.
    public init(owning rawValue: Int32) { self.rawValue = rawValue }

    deinit {
        if rawValue >= 0 { _ = amos_close(rawValue) }
    }

    /// `close(2)`. The descriptor is gone even if this throws: Linux frees it before it reports.
    public consuming func close() throws(SystemCallError) {
        let closing = rawValue
        rawValue = -1
        let result = amos_close(closing)
        if result < 0, result != -Int(EINTR) { throw SystemCallError("close", code: Int32(-result)) }
    }

    /// Gives the number away; the caller closes it, or hands it to a program that inherits it.
    public consuming func release() -> Int32 {
        let released = rawValue
        rawValue = -1
        return released
    }

    /// How a file is opened: `open(2)` flags. Descriptors are always close-on-exec.
    public struct Options: OptionSet, Sendable {
        public let rawValue: Int32
        public init(rawValue: Int32) { self.rawValue = rawValue }

        public static let readOnly = Options([])
        public static let writeOnly = Options(rawValue: Int32(AMOS_O_WRONLY))
        public static let readWrite = Options(rawValue: Int32(AMOS_O_RDWR))
        public static let create = Options(rawValue: Int32(AMOS_O_CREAT))
        public static let exclusive = Options(rawValue: Int32(AMOS_O_EXCL))
        public static let truncate = Options(rawValue: Int32(AMOS_O_TRUNC))
        public static let append = Options(rawValue: Int32(AMOS_O_APPEND))
        public static let nonBlocking = Options(rawValue: Int32(AMOS_O_NONBLOCK))
        public static let directory = Options(rawValue: Int32(AMOS_O_DIRECTORY))
        public static let noFollow = Options(rawValue: Int32(AMOS_O_NOFOLLOW))
    }

    /// `open(2)`. `permissions` count only when the file is created.
    public static func open(
        _ path: String, _ options: Options = .readOnly, permissions: UInt32 = 0o644
    ) throws(SystemCallError) -> FileDescriptor {
        let number = try retryingOnInterrupt("open", path) {
            path.withCString { amos_open($0, options.rawValue, permissions) }
        }
        return FileDescriptor(owning: Int32(number))
    }
}

// Reading and writing. Each takes spans, so callers need no pointers.
extension FileDescriptor {
    /// `read(2)`: how many bytes arrived; 0 at the end.
    public borrowing func read(into bytes: inout MutableSpan<UInt8>) throws(SystemCallError) -> Int {
        let fd = rawValue
        return try bytes.withUnsafeMutableBytes { buffer throws(SystemCallError) in
            try retryingOnInterrupt("read") { amos_read(fd, buffer.baseAddress, buffer.count) }
        }
    }

    /// Up to `limit` bytes; empty at the end.
    public borrowing func read(upTo limit: Int) throws(SystemCallError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        var span = bytes.mutableSpan
        let count = try read(into: &span)
        bytes.removeLast(limit - count)
        return bytes
    }

    /// `pread(2)`: how many bytes arrived; 0 at the end.
    public borrowing func read(
        into bytes: inout MutableSpan<UInt8>, at offset: UInt64
    ) throws(SystemCallError) -> Int {
        let fd = rawValue
        return try bytes.withUnsafeMutableBytes { buffer throws(SystemCallError) in
            try retryingOnInterrupt("pread") { amos_pread(fd, buffer.baseAddress, buffer.count, offset) }
        }
    }

    /// Exactly `count` bytes from `offset`, or fewer where the file ends.
    public borrowing func read(_ count: Int, at offset: UInt64) throws(SystemCallError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let done = try fill(&bytes, at: offset)
        bytes.removeLast(count - done)
        return bytes
    }

    /// Reads until `bytes` is full or the file ends; how many bytes arrived.
    public borrowing func fill(
        _ bytes: inout [UInt8], at offset: UInt64
    ) throws(SystemCallError) -> Int {
        let fd = rawValue
        var span = bytes.mutableSpan
        return try span.withUnsafeMutableBytes { buffer throws(SystemCallError) in
            var done = 0
            while done < buffer.count {
                let rest = UnsafeMutableRawBufferPointer(rebasing: buffer[done...])
                let arrived = try retryingOnInterrupt("pread") {
                    amos_pread(fd, rest.baseAddress, rest.count, offset + UInt64(done))
                }
                if arrived == 0 { break }
                done += arrived
            }
            return done
        }
    }

    /// The rest of the file, but never more than `limit` bytes: what lies beyond is left unread.
    public borrowing func readToEnd(limit: Int) throws(SystemCallError) -> [UInt8] {
        var all: [UInt8] = []
        while all.count < limit {
            let more = try read(upTo: min(4096, limit - all.count))
            if more.isEmpty { break }
            all.append(contentsOf: more)
        }
        return all
    }

    /// `write(2)`, once: how many bytes were taken.
    public borrowing func writeOnce(_ bytes: Span<UInt8>) throws(SystemCallError) -> Int {
        let fd = rawValue
        return try bytes.withUnsafeBytes { buffer throws(SystemCallError) in
            try retryingOnInterrupt("write") { amos_write(fd, buffer.baseAddress, buffer.count) }
        }
    }

    /// `write(2)` until every byte is out.
    public borrowing func write(_ bytes: Span<UInt8>) throws(SystemCallError) {
        var done = 0
        while done < bytes.count { done += try writeOnce(bytes.extracting(done..<bytes.count)) }
    }

    public borrowing func write(_ bytes: [UInt8]) throws(SystemCallError) { try write(bytes.span) }

    /// `pwrite(2)` until every byte is out.
    public borrowing func write(_ bytes: Span<UInt8>, at offset: UInt64) throws(SystemCallError) {
        let fd = rawValue
        var done = 0
        while done < bytes.count {
            let rest = bytes.extracting(done..<bytes.count)
            let position = offset + UInt64(done)
            done += try rest.withUnsafeBytes { buffer throws(SystemCallError) in
                try retryingOnInterrupt("pwrite") {
                    amos_pwrite(fd, buffer.baseAddress, buffer.count, position)
                }
            }
        }
    }

    public borrowing func write(_ bytes: [UInt8], at offset: UInt64) throws(SystemCallError) {
        try write(bytes.span, at: offset)
    }

    /// `fsync(2)`: returns when the bytes are on the disk.
    public borrowing func synchronize() throws(SystemCallError) {
        let fd = rawValue
        try retryingOnInterrupt("fsync") { amos_fsync(fd) }
    }

    /// Whether its file system has become read-only (`fstatfs(2)`). Writing to room that a file has already
    /// and fsync(2) report success there, and nothing reaches the disk.
    public borrowing func isOnReadOnlyFileSystem() throws(SystemCallError) -> Bool {
        let fd = rawValue
        return try retryingOnInterrupt("fstatfs") { amos_is_read_only(fd) } != 0
    }

    /// The file's length in bytes (0 for most things that are not regular files).
    public borrowing func size() throws(SystemCallError) -> UInt64 {
        let fd = rawValue
        return UInt64(try retryingOnInterrupt("fstat") { amos_file_size(fd) })
    }
}
