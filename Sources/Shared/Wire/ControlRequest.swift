/// What goes over PID 1's control socket, `/run/amos/control.sock` (SOCK_SEQPACKET: one packet is one
/// message, so neither side ever waits for the rest of one). PID 1 asks the kernel who is calling
/// (SO_PEERCRED): everybody may read, root alone may change anything.
///
///     request   u8 version = 2 | u8 command | u16 length, text (UTF-8)
///     reply     u8 version = 2 | u8 kind | fields of that kind
///
/// Which replies follow each request stands with its case; every request may be answered with `refused`.
/// `reload` carries a descriptor (SCM_RIGHTS), and so do the replies `source` and `plan`.
public struct ControlRequest: Equatable, Sendable {
    public enum Command: UInt8, Sendable, CaseIterable {
        /// One `row` per service, or that of the service which the text names; then `end`.
        case status = 1
        /// `end` when accepted; then a `row` now and at every change of state, until the caller goes away.
        case start = 2
        case stop = 3
        case restart = 4
        case powerOff = 5
        case reboot = 6
        case factoryReset = 7
        /// The events of this boot, then `end`.
        case history = 8
        /// Passes an event line on to the host and to all who listen; the text is the line.
        case announce = 9
        /// Root only: one `source` per service, now and later, and a further one, without descriptor,
        /// whenever what it says has changed.
        case attachLog = 10
        /// The events of this boot, and those to come, until the caller goes away.
        case follow = 11
        /// `plan`.
        case plan = 12
        /// Why the named service is in its state: `explanation`.
        case explain = 13
        /// Who answers: `about`.
        case about = 14
        /// A new plan, in a sealed memory file; `end` when it is in force.
        case reload = 15
        /// PID 1 becomes the program at the path in the text (empty: its own); `end` comes from the new one.
        case execSelf = 16
    }

    /// No packet is longer: PID 1 receives into one buffer of this size.
    public static let limit = BootEvent.lineLimit + 8
    static let version: UInt8 = 2

    public var command: Command
    public var text: String

    public init(_ command: Command, text: String = "") {
        self.command = command
        self.text = text
    }

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 4 + text.utf8.count)
        writer.write(Self.version)
        writer.write(command.rawValue)
        writer.write(text)
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span) }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        var reader = ByteReader(bytes)
        guard try reader.readUInt8() == Self.version else {
            throw .malformed(offset: 0, expected: "a request of version 2")
        }
        guard let command = Command(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: 1, expected: "a known command")
        }
        self.command = command
        text = try reader.readText(limit: BootEvent.lineLimit)
        try reader.finish()
    }
}
