import Wire

/// What starts a service, and its sockets, in the compiled plan.
///
///     activation  u8 flags: 1 not at boot, 2 on socket | u32 idle stop ms | texts devices
///                 | u16 count, path triggers | u16 count, timers
///     path        text path | u8 0 exists, 1 changed, 2 not empty
///     timer       u8 0 after boot, 1 every, 2 calendar | u64 ms, for the first two | the rule, for the third
///                 | u32 jitter ms | u8 catches up
///     rule        u64 minutes | u32 hours | u32 days of the month | u16 months | u8 weekdays, bits each
///     sockets     u16 count, sockets
///     socket      text name | u8 0 stream, 1 datagram, 2 sequential packets | u16 permissions | u32 uid
///                 | u32 gid | u16 backlog | u8 address length | 0: text path; 4 or 16: bytes, u16 port
extension Activation {
    func encode(to body: inout ByteWriter) {
        body.write((atBoot ? 0 : 1) | (onSocket ? 2 : 0) as UInt8)
        body.write(idleStopMilliseconds)
        body.write(texts: devices)
        body.write(UInt16(truncatingIfNeeded: paths.count))
        for trigger in paths {
            body.write(trigger.path)
            body.write(trigger.condition.rawValue)
        }
        body.write(UInt16(truncatingIfNeeded: timers.count))
        for timer in timers { timer.encode(to: &body) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let flags = try reader.readUInt8(in: 0...3, "flags of an activation")
        atBoot = flags & 1 == 0
        onSocket = flags & 2 != 0
        idleStopMilliseconds = try reader.readUInt32()
        devices = try reader.readTexts()
        let pathCount = Int(try reader.readUInt16())
        for _ in 0..<pathCount {
            let path = try reader.readPath()
            let start = reader.offset
            guard let condition = PathTrigger.Condition(rawValue: try reader.readUInt8()) else {
                throw .malformed(offset: start, expected: "a condition of a path")
            }
            paths.append(PathTrigger(path: path, condition: condition))
        }
        let timerCount = Int(try reader.readUInt16())
        for _ in 0..<timerCount { timers.append(try ServiceTimer(from: &reader)) }
    }
}

extension ServiceTimer.Schedule {
    func encode(to body: inout ByteWriter) {
        switch self {
        case .afterBoot(let milliseconds):
            body.write(0 as UInt8)
            body.write(milliseconds)
        case .every(let milliseconds):
            body.write(1 as UInt8)
            body.write(milliseconds)
        case .calendar(let rule):
            body.write(2 as UInt8)
            rule.encode(to: &body)
        }
    }
}

extension ServiceTimer {
    func encode(to body: inout ByteWriter) {
        schedule.encode(to: &body)
        body.write(jitterMilliseconds)
        body.write(catchesUp ? 1 : 0 as UInt8)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let start = reader.offset
        let kind = try reader.readUInt8(in: 0...2, "a kind of timer")
        switch kind {
        case 0: self.init(.afterBoot(milliseconds: try reader.readUInt64()))
        case 1:
            let milliseconds = try reader.readUInt64()
            // It would fire without end.
            guard milliseconds > 0 else { throw .malformed(offset: start, expected: "a period above 0") }
            self.init(.every(milliseconds: milliseconds))
        default: self.init(.calendar(try CalendarRule(from: &reader)))
        }
        jitterMilliseconds = try reader.readUInt32()
        catchesUp = try reader.readUInt8(in: 0...1, "a truth value") == 1
    }
}

extension CalendarRule {
    func encode(to body: inout ByteWriter) {
        body.write(minutes)
        body.write(hours)
        body.write(daysOfMonth)
        body.write(months)
        body.write(weekdays)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let start = reader.offset
        self.init(minutes: try reader.readUInt64(), hours: try reader.readUInt32())
        daysOfMonth = try reader.readUInt32()
        months = try reader.readUInt16()
        weekdays = try reader.readUInt8()
        let isSet = minutes != 0 && hours != 0 && daysOfMonth != 0 && months != 0 && weekdays != 0
        let fits =
            minutes >> 60 == 0 && hours >> 24 == 0 && daysOfMonth & ~Self.everyDayOfMonth == 0
            && months & ~Self.everyMonth == 0 && weekdays & ~Self.everyWeekday == 0
        guard isSet, fits else { throw .malformed(offset: start, expected: "a calendar rule") }
    }
}

extension ListeningSocket {
    func encode(to body: inout ByteWriter) {
        body.write(name)
        body.write(kind.rawValue)
        body.write(permissions)
        body.write(userID)
        body.write(groupID)
        body.write(backlog)
        switch address {
        case .unix(let path):
            body.write(0 as UInt8)
            body.write(path)
        case .internet(let bytes, let port):
            body.write(UInt8(truncatingIfNeeded: bytes.count))
            body.writeRaw(bytes)
            body.write(port)
        }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        name = try reader.readFileName()
        let start = reader.offset
        guard let kind = Kind(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: start, expected: "a kind of socket")
        }
        self.kind = kind
        permissions = try reader.readUInt16(in: 0...0o777, "permissions of a socket")
        userID = try reader.readUInt32()
        groupID = try reader.readUInt32()
        backlog = try reader.readUInt16(in: 1...UInt16.max, "a backlog")
        let length = reader.offset
        switch try reader.readUInt8() {
        case 0:
            let path = try reader.readPath()
            // `sun_path` with its final NUL, unix(7).
            guard path.utf8.count <= 107 else { throw .tooLong(offset: length, limit: 107) }
            address = .unix(path: path)
        case let count where (count == 4 || count == 16) && kind != .sequentialPackets:
            let bytes = try reader.readBytes(Int(count))
            address = .internet(bytes: bytes, port: try reader.readUInt16())
        default: throw .malformed(offset: length, expected: "the address of a socket")
        }
    }
}

extension ServiceDefinition {
    func encodeActivation(to body: inout ByteWriter, _ parts: inout ServiceParts) {
        var (own, initial) = (ByteWriter(), ByteWriter())
        activation.encode(to: &own)
        Activation().encode(to: &initial)
        if own.bytes != initial.bytes {
            parts.insert(.activation)
            body.writeRaw(own.bytes)
        }
        if !sockets.isEmpty {
            parts.insert(.sockets)
            body.write(UInt16(truncatingIfNeeded: sockets.count))
            for socket in sockets { socket.encode(to: &body) }
        }
    }
}

extension ByteReader {
    mutating func readSockets() throws(WireError) -> [ListeningSocket] {
        let count = Int(try readUInt16())
        var sockets: [ListeningSocket] = []
        for _ in 0..<count { sockets.append(try ListeningSocket(from: &self)) }
        return sockets
    }
}
