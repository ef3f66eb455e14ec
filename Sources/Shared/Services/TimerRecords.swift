import Wire

/// When the timers that catch up last ran, as it is kept on `data`; little-endian.
///
///     file    "AMOSTIME" | u32 version = 1 | u32 CRC-32 of the rest | u16 count | entry …
///     entry   text service | u32 CRC-32 of the schedule | i64 seconds since 1970
///
/// A timer is known by its service and its schedule, so that a system update that changes the order of a
/// service's timers, or one of them, cannot make another one miss its time.
public struct TimerRecords: Equatable, Sendable {
    /// More are not kept: far above the timers of a handset, and the file stays below `sizeLimit`.
    public static let entryLimit = 512
    public static let sizeLimit = 128 * 1024
    private static let magic: [UInt8] = Array("AMOSTIME".utf8)
    private static let version: UInt32 = 1

    public struct Entry: Equatable, Sendable {
        public var service: String
        public var schedule: UInt32
        public var lastRunSeconds: Int64

        public init(service: String, schedule: UInt32, lastRunSeconds: Int64) {
            self.service = service
            self.schedule = schedule
            self.lastRunSeconds = lastRunSeconds
        }
    }

    public private(set) var entries: [Entry] = []

    public init() {}

    public mutating func add(_ entry: Entry) {
        // Names come from the plan, whose texts are shorter than this; the bound holds for any.
        guard entries.count < Self.entryLimit, entry.service.utf8.count <= 200 else { return }
        entries.append(entry)
    }

    public func lastRun(of service: String, _ timer: ServiceTimer) -> Int64? {
        let schedule = timer.scheduleChecksum
        for entry in entries where entry.schedule == schedule && UTF8Text.equal(entry.service, service) {
            return entry.lastRunSeconds
        }
        return nil
    }

    public func encode() -> [UInt8] {
        var body = ByteWriter(capacity: 32 * entries.count)
        body.write(UInt16(entries.count))
        for entry in entries {
            body.write(entry.service)
            body.write(entry.schedule)
            body.write(entry.lastRunSeconds)
        }
        var file = ByteWriter(capacity: body.bytes.count + 16)
        file.writeRaw(Self.magic)
        file.write(Self.version)
        file.write(CRC32.of(body.bytes.span))
        file.writeRaw(body.bytes)
        return file.bytes
    }

    public init(decoding bytes: Span<UInt8>) throws(WireError) {
        guard bytes.count >= 16 else { throw .malformed(offset: 0, expected: "the times of timers") }
        for index in Self.magic.indices where bytes[index] != Self.magic[index] {
            throw .malformed(offset: index, expected: "the times of timers")
        }
        var header = ByteReader(bytes.extracting(8..<16))
        guard try header.readUInt32() == Self.version else {
            throw .malformed(offset: 8, expected: "version 1")
        }
        let body = bytes.extracting(16..<bytes.count)
        guard try header.readUInt32() == CRC32.of(body) else {
            throw .malformed(offset: 12, expected: "the checksum of what follows")
        }
        var reader = ByteReader(body)
        let count = Int(try reader.readUInt16())
        guard count <= Self.entryLimit else { throw .tooLong(offset: 0, limit: Self.entryLimit) }
        for _ in 0..<count {
            let service = try reader.readText()
            let schedule = try reader.readUInt32()
            let seconds = try reader.readInt64()
            add(Entry(service: service, schedule: schedule, lastRunSeconds: seconds))
        }
        try reader.finish()
    }
}

extension ServiceTimer {
    /// What makes a schedule the same one in the next system version.
    public var scheduleChecksum: UInt32 {
        var writer = ByteWriter(capacity: 24)
        schedule.encode(to: &writer)
        return CRC32.of(writer.bytes.span)
    }
}
