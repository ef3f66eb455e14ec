import CLinux
import Wire

/// Files in memory that nobody can change (`memfd_create(2)`, sealed): a plan or a state that is handed over
/// as a descriptor.
extension FileDescriptor {
    /// Read with offsets: whoever holds this descriptor shares its position.
    public static func sealedMemory(
        named name: StaticString, _ bytes: [UInt8]
    ) throws(SystemCallError) -> FileDescriptor {
        let number = try retryingOnInterrupt("memfd_create") {
            amos_memory_file(UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self))
        }
        let file = FileDescriptor(owning: Int32(number))
        try file.write(bytes, at: 0)
        try retryingOnInterrupt("seal") { amos_seal(Int32(number)) }
        return file
    }

    /// Sealed against every change: reading it never waits, and what was checked stays so.
    public var isSealedMemory: Bool { amos_is_sealed(rawValue) == 1 }

    /// Everything in the file, whatever its position; nil if that is more than `limit`.
    public borrowing func readAll(limit: Int) throws(SystemCallError) -> [UInt8]? {
        let size = try size()
        guard size <= UInt64(limit) else { return nil }
        return try read(Int(size), at: 0)
    }

    /// Whether descriptors stay open across `execve(2)`; none does by itself.
    public static func setInherited(_ numbers: [Int32], _ inherited: Bool) {
        for number in numbers where number >= 0 { _ = amos_set_inherited(number, inherited ? 1 : 0) }
    }

    /// `poll(2)`: whether its other end has gone.
    public var hasHungUp: Bool { amos_has_hung_up(rawValue) != 0 }

    /// `poll(2)`: whether there is something to read within `milliseconds` (nil: waits for ever).
    public borrowing func waitUntilReadable(milliseconds: UInt64?) throws(SystemCallError) -> Bool {
        let fd = rawValue
        let limit = milliseconds.map { Int32(clamping: $0) } ?? -1
        return try retryingOnInterrupt("poll") { amos_wait_readable(fd, limit) } > 0
    }
}

extension LocalSocket {
    /// `shutdown(2)`: the other side still gets what was sent. What it has sent itself (packets of at most
    /// `limit` bytes) is thrown away: closed with that unread, it would get an error before the answer.
    public borrowing func shutDown(packetLimit limit: Int) {
        _ = amos_shut_down_socket(descriptor.rawValue)
        while let packet = try? receive(limit: limit), !packet.bytes.isEmpty {}
    }
}

/// A person's terminal, on one of the standard streams.
public enum Terminal {
    public static func isAt(_ stream: Int32) -> Bool { amos_is_terminal(stream) != 0 }

    /// Keys arrive one by one and unseen, Ctrl-C too; `false` puts everything back.
    public static func setKeyMode(_ on: Bool) { _ = amos_set_key_mode(0, on ? 1 : 0) }

    public static var isInKeyMode: Bool { amos_is_in_key_mode() != 0 }

    public static var rows: Int { Int(amos_terminal_rows(1)) }
}
