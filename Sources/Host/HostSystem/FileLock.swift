import Foundation

/// Holds a lock file for as long as the value lives, so that amos processes take turns. The kernel lets go of
/// it when the process ends, however it ends.
public struct FileLock: ~Copyable {
    public let descriptor: Int32

    /// Waits until it is free.
    public init(_ path: String) throws(SystemError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        while flock(descriptor, LOCK_EX) != 0 {
            if errno != EINTR {
                let code = errno
                close(descriptor)
                throw SystemError("lock", path, code: code)
            }
        }
    }

    deinit { close(descriptor) }
}
