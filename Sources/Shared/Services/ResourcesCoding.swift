import Wire

/// What a service may use, in the compiled plan: as with a whole service, a bit says whether a part follows.
///
///     resources   u16 parts
///      0 memory max   u64 bytes       1 memory high  u64 bytes       2 memory low   u64 bytes
///      3 ends as one  (the bit)       4 cpu weight   u16             5 cpu quota    u32 µs, u32 period µs
///      6 processes    u32             7 io weight    u16             8 limits       u16 count, limits
///      9 out-of-memory score i16     10 nice i8                     11 scheduling   u8 policy, u8 priority
///     limit       u8 RLIMIT_… | u64 soft | u64 hard
extension Resources {
    private static let known: UInt16 = (1 << 12) - 1
    /// RLIMIT_RTTIME is the kernel's last.
    private static let lastLimit: UInt8 = 15

    func encode(to body: inout ByteWriter) {
        let initial = Resources()
        var parts: UInt16 = 0
        var values = ByteWriter()
        func add(_ part: UInt16, if isSet: Bool, _ write: (inout ByteWriter) -> Void) {
            guard isSet else { return }
            parts |= 1 << part
            write(&values)
        }
        add(0, if: memoryMaxBytes != 0) { $0.write(memoryMaxBytes) }
        add(1, if: memoryHighBytes != 0) { $0.write(memoryHighBytes) }
        add(2, if: memoryLowBytes != 0) { $0.write(memoryLowBytes) }
        add(3, if: endsAsOneWhenOutOfMemory) { _ in }
        add(4, if: processorWeight != 0) { $0.write(processorWeight) }
        let isPeriodSet = processorPeriodMicroseconds != initial.processorPeriodMicroseconds
        add(5, if: processorQuotaMicroseconds != 0 || isPeriodSet) {
            $0.write(processorQuotaMicroseconds)
            $0.write(processorPeriodMicroseconds)
        }
        add(6, if: processLimit != 0) { $0.write(processLimit) }
        add(7, if: ioWeight != 0) { $0.write(ioWeight) }
        add(8, if: !limits.isEmpty) { writeLimits(to: &$0) }
        add(9, if: outOfMemoryScore != 0) { $0.write(UInt16(bitPattern: outOfMemoryScore)) }
        add(10, if: nice != 0) { $0.write(UInt8(bitPattern: nice)) }
        add(11, if: scheduling != initial.scheduling || schedulingPriority != 0) {
            $0.write(scheduling.rawValue)
            $0.write(schedulingPriority)
        }
        body.write(parts)
        body.writeRaw(values.bytes)
    }

    private func writeLimits(to body: inout ByteWriter) {
        body.write(UInt16(truncatingIfNeeded: limits.count))
        for limit in limits {
            body.write(limit.resource)
            body.write(limit.soft)
            body.write(limit.hard)
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let parts = try reader.readUInt16(in: 0...Self.known, "bits of a service's resources")
        func has(_ part: UInt16) -> Bool { parts >> part & 1 == 1 }
        if has(0) { memoryMaxBytes = try reader.readUInt64() }
        if has(1) { memoryHighBytes = try reader.readUInt64() }
        if has(2) { memoryLowBytes = try reader.readUInt64() }
        endsAsOneWhenOutOfMemory = has(3)
        if has(4) { processorWeight = try reader.readUInt16(in: 1...10_000, "a weight") }
        if has(5) {
            processorQuotaMicroseconds = try reader.readUInt32()
            // What the kernel takes for a period (cgroup v2, cpu.max).
            processorPeriodMicroseconds = try reader.readUInt32(in: 1_000...1_000_000, "a period")
        }
        if has(6) { processLimit = try reader.readUInt32() }
        if has(7) { ioWeight = try reader.readUInt16(in: 1...10_000, "a weight") }
        if has(8) { limits = try Self.readLimits(from: &reader) }
        let start = reader.offset
        if has(9) { outOfMemoryScore = Int16(bitPattern: try reader.readUInt16()) }
        if has(10) { nice = Int8(bitPattern: try reader.readUInt8()) }
        guard (-1_000...1_000).contains(outOfMemoryScore), (-20...19).contains(nice) else {
            throw .malformed(offset: start, expected: "an out-of-memory score and a nice value")
        }
        if has(11) { try readScheduling(from: &reader) }
    }

    private mutating func readScheduling(from reader: inout ByteReader) throws(WireError) {
        let start = reader.offset
        guard let policy = Scheduling(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: start, expected: "a scheduling policy")
        }
        scheduling = policy
        let isRealTime = policy == .fifo || policy == .roundRobin
        schedulingPriority = try reader.readUInt8(in: isRealTime ? 1...99 : 0...0, "a scheduling priority")
    }

    private static func readLimits(from reader: inout ByteReader) throws(WireError) -> [ProcessLimit] {
        let count = Int(try reader.readUInt16())
        var limits: [ProcessLimit] = []
        for _ in 0..<count {
            let start = reader.offset
            let limit = ProcessLimit(
                resource: try reader.readUInt8(), soft: try reader.readUInt64(),
                hard: try reader.readUInt64())
            guard limit.resource <= lastLimit, limit.soft <= limit.hard else {
                throw .malformed(offset: start, expected: "a process limit")
            }
            limits.append(limit)
        }
        return limits
    }
}
