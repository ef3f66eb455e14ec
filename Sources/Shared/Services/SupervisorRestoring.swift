import Wire

// The reading side of SupervisorState.swift, where the format is drawn.
extension Supervisor {
    /// Goes on where another run of PID 1 left off.
    ///
    /// - Throws: what is wrong with the bytes; they are checked as if anybody had written them.
    public init(_ plan: BootPlan, restoring bytes: [UInt8], now time: UInt64) throws(BootPlanError) {
        try self.init(plan)
        do throws(WireError) {
            let body = try Self.body(of: bytes)
            try restore(body)
        } catch { throw .damaged(error) }
        now = max(now, time)
        for service in records.indices {
            for process in [records[service].process, records[service].probe] where process != 0 {
                guard process > 0, processes[process] == nil else { throw .foreignState }
                processes.insert(process, service)
            }
        }
        // Without counting the leaving: nothing waits for them any more.
        recount()
        leavingCount = 0
        for service in records.indices where records[service][.leaving] { comeBack(service) }
    }

    /// The reload that stopped it is forgotten.
    private mutating func comeBack(_ service: Int) {
        records[service][.leaving] = false
        if records[service].state == .stopped {
            if records[service][.wanted] { enter(.waiting, service) } else { queue(service) }
        }
    }

    private static func body(of bytes: [UInt8]) throws(WireError) -> [UInt8] {
        var reader = ByteReader(bytes.span)
        guard try reader.readBytes(stateMagic.count) == stateMagic else {
            throw .malformed(offset: 0, expected: "AMOSSTAT")
        }
        guard try reader.readUInt32() == stateVersion else {
            throw .malformed(offset: 8, expected: "the version of this program")
        }
        let length = Int(try reader.readUInt32())
        let sum = try reader.readUInt32()
        guard length == reader.remaining else { throw .truncated(offset: reader.offset) }
        let body = try reader.readBytes(length)
        guard CRC32.of(body.span) == sum else { throw .malformed(offset: 16, expected: "the checksum") }
        return body
    }

    private mutating func restore(_ bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes.span)
        guard try reader.readUInt32() == Self.fingerprint(of: plan) else {
            throw .malformed(offset: 0, expected: "the same boot plan")
        }
        now = try reader.readTime()
        random.state = try reader.readUInt64()
        try restoreFlags(&reader)
        guard Int(try reader.readUInt32()) == records.count else {
            throw .malformed(offset: reader.offset, expected: "as many services as in the plan")
        }
        for service in records.indices { try restore(service, &reader) }
        for deadline in [SystemDeadline.stable, .health, .budget] {
            try restoreDeadline(systemSlot(deadline), &reader)
        }
        try reader.finish()
    }

    private mutating func restoreFlags(_ reader: inout ByteReader) throws(WireError) {
        let flags = try reader.readUInt8()
        let kind = ShutdownKind(rawValue: try reader.readUInt8())
        guard flags < 128, let kind else {
            throw .malformed(offset: reader.offset - 2, expected: "the system's flags")
        }
        isBooted = flags & 1 != 0
        if flags & 2 != 0 { shutdown = kind }
        health.isReadyAnnounced = flags & 4 != 0
        health.isDecided = flags & 8 != 0
        health.isOverdue = flags & 16 != 0
        isShutdownFinished = flags & 32 != 0
        isBudgetSpent = flags & 64 != 0
    }

    private mutating func restore(_ service: Int, _ reader: inout ByteReader) throws(WireError) {
        let start = reader.offset
        let state = State(rawValue: try reader.readUInt8())
        let stopCause = StopCause(rawValue: try reader.readUInt8())
        let wantCause = WantCause(rawValue: try reader.readUInt8())
        let source = try reader.readInt32()
        let flags = Flags(rawValue: try reader.readUInt32())
        guard let state, let stopCause, let wantCause, flags.isSubset(of: .kept), source < records.count
        else { throw .malformed(offset: start, expected: "the state of a service") }
        records[service].state = state
        records[service].stopCause = stopCause
        records[service].wantCause = wantCause
        records[service].wantSource = max(-1, source)
        records[service].flags.formUnion(flags)
        records[service].process = try reader.readInt32()
        records[service].probe = try reader.readInt32()
        records[service].failureCount = try reader.readUInt32()
        records[service].restartCount = try reader.readUInt32()
        records[service].windowCount = try reader.readUInt32()
        records[service].windowStart = try reader.readTime()
        records[service].upTime = try reader.readUInt32()
        let watchdog = try reader.readUInt32()
        records[service].watchdogMilliseconds = watchdog == .max ? nil : watchdog
        records[service].usage = try reader.readUInt64()
        records[service].since = try reader.readTime()
        guard records[service].windowStart <= now, records[service].since <= now else {
            throw .malformed(offset: start, expected: "a time that has passed")
        }
        records[service].reason = try restoreReason(&reader)
        for slot in [Slot.state, .watch, .idle] { try restoreDeadline(self.slot(slot, service), &reader) }
    }

    private func restoreReason(_ reader: inout ByteReader) throws(WireError) -> Reason {
        let start = reader.offset
        let kind = try reader.readUInt8()
        let detail = try reader.readInt32()
        guard let reason = Reason.decode(kind, detail) else {
            throw .malformed(offset: start, expected: "a reason")
        }
        switch reason {
        case .requirement(let service), .conflict(let service):
            guard records.indices.contains(service) else {
                throw .malformed(offset: start, expected: "the index of a service")
            }
        default: break
        }
        return reason
    }

    private mutating func restoreDeadline(_ index: Int, _ reader: inout ByteReader) throws(WireError) {
        let start = reader.offset
        let time = try reader.readUInt64()
        guard time != .max else { return }
        guard time < Self.timeLimit else { throw .malformed(offset: start, expected: "a deadline") }
        deadlines.set(index, time)
    }
}

extension ByteReader {
    fileprivate mutating func readTime() throws(WireError) -> UInt64 {
        let start = offset
        let time = try readUInt64()
        guard time < Supervisor.timeLimit else { throw .malformed(offset: start, expected: "a time") }
        return time
    }
}
