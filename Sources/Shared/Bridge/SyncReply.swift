import Wire

/// The handset's half of `sync:`.
///
///     STAT | u32 mode | u32 size | u32 modified
///     STA2, LST2 | status
///     status   u32 errno | u64 device | u64 inode | u32 mode | u32 links | u32 user | u32 group | u64 size
///              | i64 read, modified, changed
///     DENT | u32 mode | u32 size | u32 modified | u32 length | name         … then DONE and 16 zeros
///     DNT2 | status | u32 length | name                                     … then DONE and 72 zeros
///     DATA | u32 length | bytes … then DONE | u32 0
///     OKAY | u32 0         FAIL | u32 length | reason
public enum SyncReply {
    /// Of one file.
    public struct Status: Equatable, Sendable {
        /// errno; the rest is 0 then.
        public var error: UInt32 = 0
        public var device: UInt64 = 0
        public var inode: UInt64 = 0
        public var mode: UInt32 = 0
        public var links: UInt32 = 0
        public var user: UInt32 = 0
        public var group: UInt32 = 0
        public var size: UInt64 = 0
        public var read: Int64 = 0
        public var modified: Int64 = 0
        public var changed: Int64 = 0

        public init() {}

        func append(to writer: inout ByteWriter) {
            writer.write(error)
            writer.write(device)
            writer.write(inode)
            for value in [mode, links, user, group] { writer.write(value) }
            writer.write(size)
            for value in [read, modified, changed] { writer.write(value) }
        }
    }

    static let reasonLimit = 1024

    /// For the old requests: a missing file is all zeros.
    public static func stat(_ status: Status) -> [UInt8] {
        var writer = head("STAT")
        appendShort(status, to: &writer)
        return writer.bytes
    }

    public static func status(_ status: Status, ofLink: Bool) -> [UInt8] {
        var writer = head(ofLink ? "LST2" : "STA2")
        status.append(to: &writer)
        return writer.bytes
    }

    public static func entry(_ status: Status, name: [UInt8], isFull: Bool) -> [UInt8] {
        var writer = head(isFull ? "DNT2" : "DENT")
        if isFull { status.append(to: &writer) } else { appendShort(status, to: &writer) }
        writer.write(UInt32(name.count))
        writer.writeRaw(name)
        return writer.bytes
    }

    public static func endOfList(isFull: Bool) -> [UInt8] {
        var writer = head("DONE")
        writer.writeRaw([UInt8](repeating: 0, count: isFull ? 72 : 16))
        return writer.bytes
    }

    /// What stands before `count` bytes of a file.
    public static func dataHead(_ count: Int) -> [UInt8] { numbered("DATA", UInt32(count)) }
    public static var done: [UInt8] { numbered("DONE", 0) }
    public static var okay: [UInt8] { numbered("OKAY", 0) }

    public static func failure(_ reason: String) -> [UInt8] {
        let text = Array(reason.utf8.prefix(reasonLimit))
        return numbered("FAIL", UInt32(text.count)) + text
    }

    private static func appendShort(_ status: Status, to writer: inout ByteWriter) {
        writer.write(status.mode)
        // The old requests know no more than 32 bits.
        writer.write(UInt32(truncatingIfNeeded: status.size))
        writer.write(UInt32(truncatingIfNeeded: status.modified))
    }

    private static func head(_ letters: StaticString) -> ByteWriter {
        var writer = ByteWriter(capacity: 80)
        writer.writeRaw(letters.description.utf8)
        return writer
    }

    private static func numbered(_ letters: StaticString, _ number: UInt32) -> [UInt8] {
        var writer = head(letters)
        writer.write(number)
        return writer.bytes
    }
}
