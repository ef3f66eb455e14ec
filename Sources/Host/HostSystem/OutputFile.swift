import Foundation

/// A file that appears whole or not at all: written under a temporary name beside its destination, renamed by
/// `commit`, removed if it is dropped before that. What stood at the destination stays whole until the
/// rename.
public struct OutputFile: ~Copyable {
    public let destination: String
    public let temporaryPath: String
    public let descriptor: Int32
    private var isCommitted = false

    /// Leftovers of a killed run have the same name and are overwritten. Two writers of one destination take
    /// turns: each holds a lock on its temporary file until that is renamed or removed.
    public init(replacing destination: String, permissions: mode_t = 0o644) throws(SystemError) {
        self.destination = destination
        temporaryPath = destination + ".partial"
        descriptor = try Self.take(temporaryPath, permissions)
        // The caller's umask must not decide what an image's files look like.
        fchmod(descriptor, permissions)
    }

    deinit {
        // In this order: once the lock is gone, the name is somebody else's.
        if !isCommitted { unlink(temporaryPath) }
        close(descriptor)
    }

    /// An empty, locked file that is the one under this name.
    private static func take(_ path: String, _ permissions: mode_t) throws(SystemError) -> Int32 {
        while true {
            let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, permissions)
            guard descriptor >= 0 else {
                let error = SystemError("create", path)
                // Another user's leftover, or something that is no file: it can at least be removed.
                if [EACCES, ELOOP, ENXIO].contains(error.code), unlink(path) == 0 { continue }
                throw error
            }
            while flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
            var opened = stat()
            var named = stat()
            fstat(descriptor, &opened)
            let isNamed =
                lstat(path, &named) == 0 && (named.st_dev, named.st_ino) == (opened.st_dev, opened.st_ino)
            // A second link would let the bytes go to a file that somebody else chose.
            if isNamed, opened.st_mode & S_IFMT == S_IFREG, opened.st_nlink == 1,
                ftruncate(descriptor, 0) == 0
            {
                return descriptor
            }
            if isNamed, unlink(path) != 0 {
                let error = SystemError("remove", path)
                close(descriptor)
                throw error
            }
            close(descriptor)
        }
    }

    public func write(_ bytes: UnsafeRawBufferPointer, at offset: UInt64) throws(SystemError) {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress! + done, bytes.count - done, off_t(offset) + off_t(done))
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("write", temporaryPath)
            }
            done += count
        }
    }

    public func write(_ bytes: [UInt8], at offset: UInt64) throws(SystemError) {
        let result = bytes.withUnsafeBytes { buffer in
            Result { () throws(SystemError) in try write(buffer, at: offset) }
        }
        try result.get()
    }

    /// Sets the length; what was never written is a hole.
    public func truncate(to size: UInt64) throws(SystemError) {
        guard ftruncate(descriptor, off_t(size)) == 0 else { throw SystemError("resize", temporaryPath) }
    }

    /// A whole file at once.
    public static func write(
        _ bytes: [UInt8], to destination: String, permissions: mode_t = 0o644
    ) throws(SystemError) {
        let file = try OutputFile(replacing: destination, permissions: permissions)
        try file.write(bytes, at: 0)
        try file.commit()
    }

    public static func write(_ text: String, to destination: String) throws(SystemError) {
        try write(Array(text.utf8), to: destination)
    }

    /// `durable` waits for the bytes to reach the disk before the rename.
    public consuming func commit(durable: Bool = false) throws(SystemError) {
        if durable, fsync(descriptor) != 0 { throw SystemError("write", temporaryPath) }
        guard rename(temporaryPath, destination) == 0 else { throw SystemError("rename to", destination) }
        isCommitted = true
    }
}
