import CLinux

extension FileDescriptor {
    /// `tee(2)`: copies up to `limit` bytes of this pipe into another and leaves them where they are. 0:
    /// nobody writes this pipe any more; nil: it is empty, or the other one is full.
    public borrowing func tee(
        into other: borrowing FileDescriptor, limit: Int
    ) throws(SystemCallError) -> Int? {
        let (from, to) = (rawValue, other.rawValue)
        do throws(SystemCallError) {
            return try retryingOnInterrupt("tee") { amos_tee(from, to, limit) }
        } catch  where error.code == SystemCallError.wouldBlock {
            return nil
        }
    }

    /// `splice(2)`: moves up to `count` bytes from this pipe to a file; how many were moved.
    public borrowing func move(
        _ count: Int, to file: borrowing FileDescriptor, at offset: UInt64
    ) throws(SystemCallError) -> Int {
        let (from, to) = (rawValue, file.rawValue)
        return try retryingOnInterrupt("splice") { amos_splice(from, to, offset, count) }
    }

    /// `fallocate(2)`: the file gets this size, and no full disk can take its room away.
    public borrowing func reserve(_ size: UInt64) throws(SystemCallError) {
        let fd = rawValue
        try retryingOnInterrupt("fallocate") { amos_reserve(fd, size) }
    }
}
