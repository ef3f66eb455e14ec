/// How far the logger had come, in a file on a tmpfs: it survives the logger's death and not the machine's,
/// just like the pipes and the kernel's log that it is about.
///
///     file     head, 128 bytes | bytes that have left the service's pipe
///     head     36 bytes boot id | u32 boot | u64 kernel message | u64 first record | u32 bytes
///              | text service, padded with zeros
///
/// Before a chunk of a pipe becomes records, the head says so; the chunk leaves the pipe into this file in
/// one system call, so the file's size tells whether it has. A logger that comes back thus knows which
/// records it had written and which bytes are still in the pipe: nothing is lost, nothing comes twice.
public struct LogProgress: Equatable, Sendable {
    public static let size = 128
    static let bootIDSize = 36

    /// /proc/sys/kernel/random/boot_id
    public var bootID: [UInt8]
    /// The boot's number in records.
    public var boot: UInt32
    /// The next message of /dev/kmsg.
    public var kernelSequence: UInt64 = 0
    /// The sequence number of the first record of what was under way.
    public var firstRecord: UInt64 = 0
    public var byteCount: UInt32 = 0
    /// Whose bytes were under way; `kernel` for messages from `kernelSequence` on; empty: nothing was.
    public var service = ""

    public init(bootID: [UInt8], boot: UInt32) {
        self.bootID = bootID
        self.boot = boot
    }

    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: Self.size)
        writer.writeRaw(bootID.prefix(Self.bootIDSize))
        writer.writeRaw([UInt8](repeating: 0, count: Self.bootIDSize - min(bootID.count, Self.bootIDSize)))
        writer.write(boot)
        writer.write(kernelSequence)
        writer.write(firstRecord)
        writer.write(byteCount)
        writer.write(service)
        writer.writeRaw([UInt8](repeating: 0, count: max(0, Self.size - writer.bytes.count)))
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) { try self.init(decoding: bytes.span) }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= Self.size else { throw .truncated(offset: bytes.count) }
        var reader = ByteReader(bytes)
        bootID = try reader.readBytes(Self.bootIDSize)
        boot = try reader.readUInt32()
        kernelSequence = try reader.readUInt64()
        firstRecord = try reader.readUInt64()
        byteCount = try reader.readUInt32()
        service = try reader.readText(limit: LogRecord.serviceLimit)
    }
}
