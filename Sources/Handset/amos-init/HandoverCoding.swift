import Services
import Wire

// The format is drawn at HandoverState.
extension HandoverState {
    func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 256 + 128 * services.count + supervisor.count)
        writer.writeRaw(Self.magic)
        writer.write(Self.version)
        for number in [plan, control, notify, port, watchdog, modules] { writer.write(number) }
        writer.write(watchdogIntervalMilliseconds)
        writer.write(startMilliseconds)
        writer.write(handovers)
        for bytes in [supervisor, backlog, history.boot, history.recent] { writer.write(blob: bytes) }
        writer.write(UInt64(history.recentBase))
        writer.write((history.isBootOver ? 1 : 0) as UInt8)
        writer.write(blob: partialModuleLine)
        writer.write(indices: pipeOrder)
        writer.write(UInt32(services.count))
        for service in services { service.encode(to: &writer) }
        writer.write(UInt32(timers.count))
        for timer in timers {
            writer.write(UInt32(timer.service))
            writer.write(UInt16(truncatingIfNeeded: timer.index))
            timer.schedule.encode(to: &writer)
        }
        writer.write(UInt32(callers.count))
        for caller in callers { caller.encode(to: &writer) }
        return writer.bytes
    }

    init(decoding bytes: [UInt8], for plan: BootPlan) throws(WireError) {
        var reader = ByteReader(bytes.span)
        guard try reader.readBytes(Self.magic.count) == Self.magic else {
            throw .malformed(offset: 0, expected: "AMOSHAND")
        }
        guard try reader.readUInt32() == Self.version else {
            throw .malformed(offset: 8, expected: "the version of this program")
        }
        try readNumbers(&reader)
        supervisor = try reader.readBlob()
        backlog = try reader.readBlob()
        let (boot, recent) = (try reader.readBlob(), try reader.readBlob())
        let base = Int(clamping: try reader.readUInt64())
        history.restore(boot: boot, recent: recent, recentBase: base, isBootOver: try reader.readUInt8() != 0)
        partialModuleLine = try reader.readBlob()
        let count = plan.services.count
        for _ in 0..<(try reader.readCount()) { pipeOrder.append(try reader.readIndex(below: count)) }
        guard try reader.readCount() == count else {
            throw .malformed(offset: reader.offset, expected: "as many services as in the plan")
        }
        for index in 0..<count { services.append(try Service(&reader, plan.services[index])) }
        for _ in 0..<(try reader.readCount()) { timers.append(try Timer(&reader, plan)) }
        for _ in 0..<(try reader.readCount()) { callers.append(try Caller(&reader, count)) }
        try reader.finish()
    }

    private mutating func readNumbers(_ reader: inout ByteReader) throws(WireError) {
        plan = try reader.readInt32()
        control = try reader.readInt32()
        notify = try reader.readInt32()
        port = try reader.readInt32()
        watchdog = try reader.readInt32()
        modules = try reader.readInt32()
        guard plan > 2, control > 2, notify > 2 else {
            throw .malformed(offset: 12, expected: "its descriptors")
        }
        watchdogIntervalMilliseconds = try reader.readUInt64()
        startMilliseconds = try reader.readUInt64()
        handovers = try reader.readUInt32()
    }
}

extension HandoverState.Service {
    fileprivate func encode(to writer: inout ByteWriter) {
        for number in [reading, writing, readiness, self.writer, leader, emptying] { writer.write(number) }
        writer.write((isReloading ? 1 : 0) | (isArmed ? 2 : 0) | (hasSecrets ? 4 : 0) as UInt8)
        switch lastEnd {
        case .never: writer.write(end: 0, 0)
        case .exited(let code): writer.write(end: 1, code)
        case .killed(let signal): writer.write(end: 2, signal)
        }
        writer.write(lastEndMilliseconds)
        writer.write(statusText)
        writer.write(UInt16(truncatingIfNeeded: sockets.count))
        for socket in sockets {
            writer.write(UInt16(truncatingIfNeeded: socket.index))
            writer.write(socket.number)
        }
        writer.write(UInt16(truncatingIfNeeded: stored.count))
        for stored in stored {
            writer.write(stored.name)
            writer.write(stored.number)
        }
    }

    fileprivate init(_ reader: inout ByteReader, _ definition: ServiceDefinition) throws(WireError) {
        reading = try reader.readInt32()
        writing = try reader.readInt32()
        readiness = try reader.readInt32()
        writer = try reader.readInt32()
        leader = try reader.readInt32()
        emptying = try reader.readInt32()
        let flags = try reader.readUInt8()
        (isReloading, isArmed, hasSecrets) = (flags & 1 != 0, flags & 2 != 0, flags & 4 != 0)
        let (kind, value) = (try reader.readUInt8(), try reader.readInt32())
        lastEnd = kind == 0 ? .never : kind == 1 ? .exited(code: value) : .killed(signal: value)
        lastEndMilliseconds = try reader.readUInt64()
        statusText = try reader.readText()
        for _ in 0..<(try reader.readUInt16()) {
            let start = reader.offset
            let index = Int(try reader.readUInt16())
            guard index < definition.sockets.count else {
                throw .malformed(offset: start, expected: "a socket of the plan")
            }
            sockets.append((index, try reader.readInt32()))
        }
        for _ in 0..<(try reader.readUInt16()) {
            stored.append((try reader.readText(), try reader.readInt32()))
        }
    }
}

extension HandoverState.Timer {
    fileprivate init(_ reader: inout ByteReader, _ plan: BootPlan) throws(WireError) {
        service = try reader.readIndex(below: plan.services.count)
        let start = reader.offset
        index = Int(try reader.readUInt16())
        let timers = plan.services[service].activation.timers
        guard index < timers.count else { throw .malformed(offset: start, expected: "a timer of the plan") }
        schedule = TimerSchedule(timers[index], bootMilliseconds: 0, lastRunSeconds: nil, random: 0)
        try schedule.restore(from: &reader)
    }
}

extension HandoverState.Caller {
    fileprivate func encode(to writer: inout ByteWriter) {
        writer.write(socket)
        writer.write((isRoot ? 1 : 0) | (isFollowing ? 2 : 0) | rights.rawValue << 2 as UInt8)
        writer.write(awaits.rawValue)
        for number in [row, pipe, event, watched] {
            writer.write(number.map { UInt32(truncatingIfNeeded: $0) } ?? .max)
        }
        writer.write(indices: changedSources)
    }

    fileprivate init(_ reader: inout ByteReader, _ serviceCount: Int) throws(WireError) {
        socket = try reader.readInt32()
        let flags = try reader.readUInt8()
        (isRoot, isFollowing, rights) = (flags & 1 != 0, flags & 2 != 0, ControlRights(rawValue: flags >> 2))
        awaits = Connection.Awaited(rawValue: try reader.readUInt8()) ?? .nothing
        row = try reader.readOptional()
        pipe = try reader.readOptional()
        event = try reader.readOptional()
        watched = try reader.readOptional()
        if let service = watched, service >= serviceCount { watched = nil }
        for _ in 0..<(try reader.readCount()) {
            changedSources.append(try reader.readIndex(below: serviceCount))
        }
    }
}

extension ByteWriter {
    fileprivate mutating func write(blob bytes: [UInt8]) {
        write(UInt32(truncatingIfNeeded: bytes.count))
        writeRaw(bytes)
    }

    fileprivate mutating func write(indices: [Int]) {
        write(UInt32(truncatingIfNeeded: indices.count))
        for index in indices { write(UInt32(truncatingIfNeeded: index)) }
    }

    fileprivate mutating func write(end kind: UInt8, _ value: Int32) {
        write(kind)
        write(value)
    }
}

extension ByteReader {
    fileprivate mutating func readBlob() throws(WireError) -> [UInt8] {
        try readBytes(Int(try readUInt32()))
    }

    fileprivate mutating func readCount() throws(WireError) -> Int {
        let start = offset
        let count = Int(try readUInt32())
        guard count <= HandoverState.countLimit else {
            throw .tooLong(offset: start, limit: HandoverState.countLimit)
        }
        return count
    }

    fileprivate mutating func readIndex(below count: Int) throws(WireError) -> Int {
        let start = offset
        let index = Int(try readUInt32())
        guard index < count else { throw .malformed(offset: start, expected: "a service of the plan") }
        return index
    }

    fileprivate mutating func readOptional() throws(WireError) -> Int? {
        let value = try readUInt32()
        return value == .max ? nil : Int(value)
    }
}
