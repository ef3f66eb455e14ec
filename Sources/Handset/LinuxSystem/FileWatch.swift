import CLinux
import Wire

/// Watches directories for what happens to their entries (`inotify(7)`).
public struct FileWatch: ~Copyable {
    public let descriptor: FileDescriptor

    public init() throws(SystemCallError) {
        let fd = try retryingOnInterrupt("inotify_init") { amos_inotify_create() }
        descriptor = FileDescriptor(owning: Int32(fd))
    }

    public struct Event {
        /// −1: events were lost.
        public let watch: Int32
        /// The watch is over: the directory has gone, or was moved away.
        public let hasEnded: Bool
        /// Of the entry; empty if it concerns the directory itself.
        public let name: [UInt8]
    }

    /// A number for this directory; the same one if it is watched already.
    public borrowing func add(directory path: String) throws(SystemCallError) -> Int32 {
        let fd = descriptor.rawValue
        let watch = try retryingOnInterrupt("watch", path) {
            path.withCString { amos_inotify_add(fd, $0, UInt32(AMOS_IN_ENTRIES)) }
        }
        return Int32(watch)
    }

    public borrowing func remove(_ watch: Int32) { _ = amos_inotify_remove(descriptor.rawValue, watch) }

    /// What has happened, as far as one read takes it; the epoll reports the rest. `struct inotify_event`:
    /// i32 watch, u32 mask, u32 cookie, u32 length of the name, which is padded with zeroes.
    public borrowing func events() -> [Event] {
        guard let bytes = try? descriptor.read(upTo: 4096) else { return [] }
        var events: [Event] = []
        var start = 0
        while start + 16 <= bytes.count {
            let length = Int(Self.word(bytes, start + 12))
            guard start + 16 + length <= bytes.count else { break }
            let mask = Self.word(bytes, start + 4)
            let name = bytes[(start + 16)..<(start + 16 + length)].prefix { $0 != 0 }
            let isOver = mask & UInt32(IN_IGNORED | IN_DELETE_SELF | IN_MOVE_SELF) != 0
            let watch = Int32(bitPattern: Self.word(bytes, start))
            events.append(Event(watch: watch, hasEnded: isOver, name: Array(name)))
            start += 16 + length
        }
        return events
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes[offset + index]) << UInt32(8 * index) }
        return value
    }
}

/// The kernel's messages about devices that come and go.
public struct DeviceEvents: ~Copyable {
    public let descriptor: FileDescriptor

    public init() throws(SystemCallError) {
        let fd = try retryingOnInterrupt("listen", "device events") { amos_uevents() }
        descriptor = FileDescriptor(owning: Int32(fd))
    }

    public enum Event {
        /// A device has come, or its driver has: its subsystem and, if it has a node, the path below /dev.
        case appeared(subsystem: [UInt8], node: [UInt8])
        case other
        /// More came than the kernel could keep: look for yourself.
        case lost
    }

    /// nil: nothing more at the moment.
    public borrowing func next() -> Event? {
        let fd = descriptor.rawValue
        // UEVENT_BUFFER_SIZE of the kernel is 2048.
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = bytes.withUnsafeMutableBytes { amos_next_uevent(fd, $0.baseAddress, $0.count) }
        if count == -Int(ENOBUFS) { return .lost }
        if count == -Int(EINTR) { return .other }
        guard count >= 0 else { return nil }
        var (subsystem, node, isNew): ([UInt8], [UInt8], Bool) = ([], [], false)
        for field in bytes[..<count].split(separator: 0) {
            if field.elementsEqual("ACTION=add".utf8) || field.elementsEqual("ACTION=bind".utf8) {
                isNew = true
            }
            if field.starts(with: "SUBSYSTEM=".utf8) { subsystem = Array(field.dropFirst(10)) }
            if field.starts(with: "DEVNAME=".utf8) { node = Array(field.dropFirst(8)) }
        }
        return isNew ? .appeared(subsystem: subsystem, node: node) : .other
    }
}
