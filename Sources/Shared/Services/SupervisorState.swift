import Wire

/// What PID 1 hands over to itself when it executes itself anew; little-endian. Nothing that follows from
/// the plan or from the states is in it.
///
///     file      "AMOSSTAT" | u32 version | u32 length of the body | u32 CRC-32 of the body | body
///     body      u32 CRC-32 of the plan | u64 now | u64 jitter | u8 flags | u8 shutdown kind
///               | u32 count | service … | deadline stable | deadline health | deadline budget
///     flags     1 booted, 2 shutting down, 4 ready announced, 8 health decided, 16 health overdue,
///               32 shutdown finished, 64 budget spent
///     service   u8 state | u8 stop cause | u8 want cause | i32 want source | u32 flags | i32 process
///               | i32 probe | u32 failures | u32 restarts | u32 window count | u64 window start
///               | u32 up time | u32 watchdog, all ones: the plan's | u64 usage | u64 since | reason
///               | deadline state | deadline watch | deadline idle
///     reason    u8 kind | i32 detail         deadline  u64 milliseconds, all ones: not set
extension Supervisor {
    public static let stateVersion: UInt32 = 2
    static let stateMagic: [UInt8] = Array("AMOSSTAT".utf8)
    static let headerSize = 20
    /// Of `Record`, in the drawing above.
    private static let recordSize = 92
    /// Times beyond this are damage: no sum of one and any delay in a plan can overflow.
    static let timeLimit: UInt64 = 1 << 62

    /// All that `init(_:restoring:now:)` needs to go on as if nothing had happened, but for a reload under
    /// way (`isReloading`), which is forgotten: what it stopped comes back by the present plan.
    public func encodeState() -> [UInt8] {
        var body = ByteWriter(capacity: records.count * Self.recordSize + 128)
        body.write(Self.fingerprint(of: plan))
        body.write(now)
        body.write(random.state)
        body.write(encodedFlags)
        body.write((shutdown ?? .powerOff).rawValue)
        body.write(UInt32(records.count))
        for service in records.indices { encode(service, to: &body) }
        for deadline in [SystemDeadline.stable, .health, .budget] {
            body.write(deadlines.time(of: systemSlot(deadline)) ?? .max)
        }
        var file = ByteWriter(capacity: body.bytes.count + Self.headerSize)
        file.writeRaw(Self.stateMagic)
        file.write(Self.stateVersion)
        file.write(UInt32(body.bytes.count))
        file.write(CRC32.of(body.bytes.span))
        file.writeRaw(body.bytes)
        return file.bytes
    }

    static func fingerprint(of plan: BootPlan) -> UInt32 {
        var sum = CRC32()
        for index in plan.services.indices {
            for byte in plan.services[index].name.utf8 { sum.update(byte) }
            sum.update(plan.services[index].comparable.span)
        }
        return sum.value
    }

    private var encodedFlags: UInt8 {
        var flags: UInt8 = isBooted ? 1 : 0
        if shutdown != nil { flags |= 2 }
        if health.isReadyAnnounced { flags |= 4 }
        if health.isDecided { flags |= 8 }
        if health.isOverdue { flags |= 16 }
        if isShutdownFinished { flags |= 32 }
        if isBudgetSpent { flags |= 64 }
        return flags
    }

    private func encode(_ service: Int, to body: inout ByteWriter) {
        let record = records[service]
        body.write(record.state.rawValue)
        body.write(record.stopCause.rawValue)
        body.write(record.wantCause.rawValue)
        body.write(record.wantSource)
        body.write(record.flags.intersection(.kept).rawValue)
        body.write(record.process)
        body.write(record.probe)
        body.write(record.failureCount)
        body.write(record.restartCount)
        body.write(record.windowCount)
        body.write(record.windowStart)
        body.write(record.upTime)
        body.write(record.watchdogMilliseconds ?? .max)
        body.write(record.usage)
        body.write(record.since)
        record.reason.encode(to: &body)
        for slot in [Slot.state, .watch, .idle] {
            body.write(deadlines.time(of: self.slot(slot, service)) ?? .max)
        }
    }
}

extension Reason {
    fileprivate var code: (kind: UInt8, detail: Int32) {
        switch self {
        case .none, .deadline: (0, 0)
        case .ended(.exited(let code)): (1, code)
        case .ended(.killed(let signal)): (2, signal)
        case .execFailed(let number): (3, number)
        case .startTimeout: (4, 0)
        case .reloadTimeout: (5, 0)
        case .watchdog: (6, 0)
        case .broken: (7, 0)
        case .requirement(let service): (8, Int32(service))
        case .conflict(let service): (9, Int32(service))
        case .command: (10, 0)
        case .idle: (11, 0)
        case .isolation: (12, 0)
        case .planChange: (13, 0)
        case .reloading: (14, 0)
        case .ownWill: (15, 0)
        case .shutdown: (16, 0)
        case .unkillable: (17, 0)
        }
    }

    /// `deadline` stands in no record: it is the reason of a boot's failure only.
    fileprivate func encode(to body: inout ByteWriter) {
        body.write(code.kind)
        body.write(code.detail)
    }

    static func decode(_ kind: UInt8, _ detail: Int32) -> Reason? {
        switch kind {
        case 0: Reason.none
        case 1: .ended(.exited(code: detail))
        case 2: .ended(.killed(signal: detail))
        case 3: .execFailed(errorNumber: detail)
        case 4: .startTimeout
        case 5: .reloadTimeout
        case 6: .watchdog
        case 7: .broken
        case 8: .requirement(Int(detail))
        case 9: .conflict(Int(detail))
        case 10: .command
        case 11: .idle
        case 12: .isolation
        case 13: .planChange
        case 14: .reloading
        case 15: .ownWill
        case 16: .shutdown
        case 17: .unkillable
        default: nil
        }
    }
}
