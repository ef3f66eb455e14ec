import Foundation

/// Holds a lock file for as long as the value lives, so that amos processes take turns. The kernel lets go of
/// it when the process ends, however it ends.
public struct FileLock: ~Copyable {
    public let descriptor: Int32

    /// Waits until it is free; `waiting` is called once if that is not at once.
    public init(_ path: String, waiting: () -> Void = {}) throws(SystemError) {
        let descriptor = try Self.open(path)
        var code = Self.take(descriptor, LOCK_EX | LOCK_NB)
        if code == EWOULDBLOCK {
            waiting()
            code = Self.take(descriptor, LOCK_EX)
        }
        guard code == 0 else {
            close(descriptor)
            throw SystemError("lock", path, code: code)
        }
        self.descriptor = descriptor
    }

    /// nil: somebody else holds it.
    public init?(ifFree path: String) throws(SystemError) {
        let descriptor = try Self.open(path)
        let code = Self.take(descriptor, LOCK_EX | LOCK_NB)
        guard code == 0 else {
            close(descriptor)
            if code == EWOULDBLOCK { return nil }
            throw SystemError("lock", path, code: code)
        }
        self.descriptor = descriptor
    }

    private static func open(_ path: String) throws(SystemError) -> Int32 {
        let descriptor = Foundation.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        return descriptor
    }

    /// `flock`'s error, 0 if there was none.
    private static func take(_ descriptor: Int32, _ operation: Int32) -> Int32 {
        while flock(descriptor, operation) != 0 {
            if errno != EINTR { return errno }
        }
        return 0
    }

    deinit { close(descriptor) }
}
