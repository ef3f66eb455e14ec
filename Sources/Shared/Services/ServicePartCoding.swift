import Wire

/// The parts of a service that are its own values and name no other service; drawn in ServiceCoding.swift.
extension ServiceDefinition {
    private static let initial = ServiceDefinition(name: "")

    func encodeProcess(to body: inout ByteWriter, _ parts: inout ServiceParts) {
        if !program.isEmpty || !arguments.isEmpty {
            parts.insert(.program)
            body.write(program)
            body.write(texts: arguments)
        }
        if !environment.isEmpty {
            parts.insert(.environment)
            body.write(texts: environment)
        }
        if !environmentDirectories.isEmpty {
            parts.insert(.environmentDirectories)
            body.write(texts: environmentDirectories)
        }
        if !secrets.isEmpty {
            parts.insert(.secrets)
            body.write(UInt16(truncatingIfNeeded: secrets.count))
            for secret in secrets {
                body.write(secret.name)
                body.write(secret.path)
            }
        }
        if !workingDirectory.isEmpty {
            parts.insert(.directory)
            body.write(workingDirectory)
        }
    }

    mutating func decodeProcess(from reader: inout ByteReader, _ parts: ServiceParts) throws(WireError) {
        if parts.contains(.program) {
            program = try reader.readPath()
            arguments = try reader.readTexts()
        }
        if parts.contains(.environment) { environment = try reader.readTexts() }
        if parts.contains(.environmentDirectories) { environmentDirectories = try reader.readPaths() }
        if parts.contains(.secrets) {
            let count = Int(try reader.readUInt16())
            for _ in 0..<count {
                let name = try reader.readFileName()
                secrets.append(Secret(name: name, path: try reader.readPath()))
            }
        }
        if parts.contains(.directory) { workingDirectory = try reader.readPath() }
    }

    func encodeIdentityAndReadiness(to body: inout ByteWriter, _ parts: inout ServiceParts) {
        if userID != 0 || groupID != 0 || !supplementaryGroupIDs.isEmpty {
            parts.insert(.identity)
            body.write(userID)
            body.write(groupID)
            body.write(indices: supplementaryGroupIDs)
        }
        let first = Self.initial
        if readiness != .exec || !probe.isEmpty
            || probeIntervalMilliseconds != first.probeIntervalMilliseconds
        {
            parts.insert(.readiness)
            switch readiness {
            case .exec: body.write(readiness: 0)
            case .descriptor(let descriptor):
                body.write(readiness: 1, descriptor: UInt8(clamping: descriptor))
            case .notify: body.write(readiness: 2)
            case .probe: body.write(readiness: 3)
            }
            body.write(texts: probe)
            body.write(probeIntervalMilliseconds)
        }
        if startTimeoutMilliseconds != first.startTimeoutMilliseconds {
            parts.insert(.startTimeout)
            body.write(startTimeoutMilliseconds)
        }
    }

    mutating func decodeIdentityAndReadiness(
        from reader: inout ByteReader, _ parts: ServiceParts
    ) throws(WireError) {
        if parts.contains(.identity) {
            userID = try reader.readUInt32()
            groupID = try reader.readUInt32()
            supplementaryGroupIDs = try reader.readIndices()
        }
        if parts.contains(.readiness) {
            readiness = try reader.readReadiness()
            probe = try reader.readTexts()
            probeIntervalMilliseconds = try reader.readUInt32(in: 1...UInt32.max, "a probe interval")
        }
        if parts.contains(.startTimeout) { startTimeoutMilliseconds = try reader.readUInt32() }
    }

    func encodeRestart(to body: inout ByteWriter, _ parts: inout ServiceParts) {
        var own = ByteWriter()
        Self.writeRestart(of: self, to: &own)
        var initial = ByteWriter()
        Self.writeRestart(of: Self.initial, to: &initial)
        if own.bytes != initial.bytes {
            parts.insert(.restart)
            body.writeRaw(own.bytes)
        }
    }

    private static func writeRestart(of service: ServiceDefinition, to body: inout ByteWriter) {
        body.write(service.restart.rawValue)
        body.write(service.restartDelayMilliseconds)
        body.write(service.restartDelayLimitMilliseconds)
        body.write(service.restartResetMilliseconds)
        body.write(service.restartJitterPercent)
        body.write(service.restartLimit)
        body.write(service.restartWindowMilliseconds)
    }

    mutating func decodeRestart(from reader: inout ByteReader, _ parts: ServiceParts) throws(WireError) {
        guard parts.contains(.restart) else { return }
        let start = reader.offset
        guard let restart = Restart(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: start, expected: "a restart policy")
        }
        self.restart = restart
        restartDelayMilliseconds = try reader.readUInt32()
        restartDelayLimitMilliseconds = try reader.readUInt32()
        restartResetMilliseconds = try reader.readUInt32()
        restartJitterPercent = try reader.readUInt8(in: 0...100, "a percentage")
        restartLimit = try reader.readUInt16()
        restartWindowMilliseconds = try reader.readUInt32()
    }

    func encodeFinalAction(
        to body: inout ByteWriter, _ parts: inout ServiceParts, in plan: BootPlan
    ) throws(BootPlanError) {
        if finalAction == .none { return }
        parts.insert(.finalAction)
        switch finalAction {
        case .none: break
        case .isolate(let other):
            body.write(1 as UInt8)
            body.write(try plan.indices(of: [other], relation: "restart.then.isolate", in: name)[0])
        case .start(let other):
            body.write(2 as UInt8)
            body.write(try plan.indices(of: [other], relation: "restart.then.start", in: name)[0])
        case .reboot: body.write(3 as UInt8)
        case .fallbackSlot: body.write(4 as UInt8)
        }
    }

    func encodeRest(to body: inout ByteWriter, _ parts: inout ServiceParts) {
        let first = Self.initial
        if watchdogMilliseconds != 0 {
            parts.insert(.watchdog)
            body.write(watchdogMilliseconds)
        }
        if stopSignal != first.stopSignal || stopGraceMilliseconds != first.stopGraceMilliseconds {
            parts.insert(.stop)
            body.write(stopSignal)
            body.write(stopGraceMilliseconds)
        }
        if !terminal.isEmpty {
            parts.insert(.terminal)
            body.write(terminal)
        }
        if resources != first.resources {
            parts.insert(.resources)
            resources.encode(to: &body)
        }
        // As bytes: PID 1 encodes, too, and comparing text would bring the Unicode tables into it.
        var (own, initial) = (ByteWriter(), ByteWriter())
        isolation.encode(to: &own)
        first.isolation.encode(to: &initial)
        if own.bytes != initial.bytes {
            parts.insert(.isolation)
            body.writeRaw(own.bytes)
        }
        if logLimit != first.logLimit {
            parts.insert(.logLimit)
            body.write(logLimit.linesPerSecond)
            body.write(logLimit.burst)
        }
        if runsOncePerInstallation { parts.insert(.once) }
        if stopsLast { parts.insert(.stopsLast) }
        if controlRights.contains(.change) { parts.insert(.mayChange) }
        if controlRights.contains(.log) { parts.insert(.takesLog) }
    }

    mutating func decodeRest(from reader: inout ByteReader, _ parts: ServiceParts) throws(WireError) {
        if parts.contains(.watchdog) { watchdogMilliseconds = try reader.readUInt32() }
        if parts.contains(.stop) {
            stopSignal = try reader.readUInt8(in: 1...64, "a signal")
            stopGraceMilliseconds = try reader.readUInt32()
        }
        if parts.contains(.terminal) { terminal = try reader.readPath() }
        if parts.contains(.resources) { resources = try Resources(from: &reader) }
        if parts.contains(.isolation) { isolation = try Isolation(from: &reader) }
        if parts.contains(.logLimit) {
            logLimit.linesPerSecond = try reader.readUInt32()
            logLimit.burst = try reader.readUInt32()
        }
        runsOncePerInstallation = parts.contains(.once)
        stopsLast = parts.contains(.stopsLast)
        if parts.contains(.mayChange) { controlRights.insert(.change) }
        if parts.contains(.takesLog) { controlRights.insert(.log) }
    }
}
