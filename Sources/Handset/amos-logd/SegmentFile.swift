import LinuxSystem
import Wire

/// One segment on disk. Its room is reserved when it is made, and it is written over in place: a full `data`
/// takes nothing away from the log.
final class SegmentFile {
    static let start = UInt64(LogSegment.magic.count)

    let descriptor: FileDescriptor
    /// Records reach up to here, for all that is known.
    private(set) var written: UInt64
    /// Follows what is written, once the disk takes it.
    private(set) var pending: [UInt8] = []

    init(_ path: String) throws(SystemCallError) {
        descriptor = try .open(path, [.readWrite, .create, .noFollow], permissions: 0o640)
        written = try descriptor.size()
    }

    var end: UInt64 { written + UInt64(pending.count) }

    /// Empties it for a new turn; of the old one nothing is read any more.
    func begin(limit: UInt64) {
        // No room is no reason to stop: it may come back, and writing will tell.
        try? descriptor.reserve(limit)
        // It was made for a larger ring.
        if let size = try? descriptor.size(), size > limit { try? descriptor.truncate(to: limit) }
        pending = LogSegment.magic
        written = 0
    }

    /// Goes on behind the last record of an earlier run.
    func resume(at offset: UInt64) { written = offset }

    func append(_ bytes: [UInt8]) { pending.append(contentsOf: bytes) }

    /// After a failure everything stays pending, and can be read from there.
    func write() throws(SystemCallError) {
        guard !pending.isEmpty else { return }
        if try descriptor.isOnReadOnlyFileSystem() {
            throw SystemCallError("write", "the log", code: SystemCallError.readOnlyFileSystem)
        }
        try descriptor.write(pending, at: written)
        written += UInt64(pending.count)
        pending.removeAll(keepingCapacity: pending.count < LogRing.windowSize)
    }

    /// The bytes from `offset` on, at most `limit` of them; empty at the end.
    func bytes(from offset: UInt64, limit: Int) -> [UInt8] {
        if offset >= written {
            return Array(pending.dropFirst(Int(offset - written)).prefix(limit))
        }
        let count = Int(min(UInt64(limit), written - offset))
        return (try? descriptor.read(count, at: offset)) ?? []
    }

    /// Whether there is nothing but zeros, as in a segment whose turn has not come yet.
    func isUnused() -> Bool { !bytes(from: 0, limit: 512).contains { $0 != 0 } }
}
