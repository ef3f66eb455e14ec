import Foundation

/// A file that appears whole or not at all: written under a temporary name beside its destination, renamed by
/// `commit`, removed if it is dropped before that. What stood at the destination stays whole until the
/// rename.
public struct OutputFile: ~Copyable {
    public let destination: String
    public let temporaryPath: String
    public let descriptor: Int32
    private var isCommitted = false

    /// Leftovers of a killed run have the same name and are overwritten.
    public init(replacing destination: String, permissions: mode_t = 0o644) throws(SystemError) {
        self.destination = destination
        temporaryPath = destination + ".partial"
        unlink(temporaryPath)
        descriptor = open(temporaryPath, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, permissions)
        guard descriptor >= 0 else { throw SystemError("create", temporaryPath) }
        // The caller's umask must not decide what an image's files look like.
        fchmod(descriptor, permissions)
    }

    deinit {
        close(descriptor)
        if !isCommitted { unlink(temporaryPath) }
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
