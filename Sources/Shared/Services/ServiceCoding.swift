import Wire

/// The part of a service that names no other service; drawn in BootPlanCoding.swift.
extension ServiceDefinition {
    func encodeDetails(to body: inout ByteWriter) {
        body.write(program)
        body.write(texts: arguments)
        body.write(texts: environment)
        body.write(userID)
        body.write(groupID)
        body.write(indices: supplementaryGroupIDs)
        switch readiness {
        case .exec: body.write(readiness: 0, descriptor: -1)
        case .descriptor(let descriptor): body.write(readiness: 1, descriptor: descriptor)
        case .notify: body.write(readiness: 2, descriptor: -1)
        case .probe: body.write(readiness: 3, descriptor: -1)
        }
        body.write(startTimeoutMilliseconds)
        body.write(restart.rawValue)
        body.write(restartDelayMilliseconds)
        body.write(restartDelayLimitMilliseconds)
        body.write(restartResetMilliseconds)
        body.write(stopSignal)
        body.write(stopGraceMilliseconds)
        body.write(terminal)
        body.write(resources.memoryMaxBytes)
        body.write(resources.processLimit)
        body.write(stopsLast ? 1 : 0 as UInt8)
    }

    mutating func decodeDetails(from reader: inout ByteReader) throws(WireError) {
        program = try reader.readText()
        arguments = try reader.readTexts()
        environment = try reader.readTexts()
        userID = try reader.readUInt32()
        groupID = try reader.readUInt32()
        supplementaryGroupIDs = try reader.readIndices()
        readiness = try reader.readReadiness()
        startTimeoutMilliseconds = try reader.readUInt32()
        let start = reader.offset
        guard let restart = Restart(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: start, expected: "a restart policy")
        }
        self.restart = restart
        restartDelayMilliseconds = try reader.readUInt32()
        restartDelayLimitMilliseconds = try reader.readUInt32()
        restartResetMilliseconds = try reader.readUInt32()
        stopSignal = try reader.readUInt8()
        stopGraceMilliseconds = try reader.readUInt32()
        terminal = try reader.readText()
        resources.memoryMaxBytes = try reader.readUInt64()
        resources.processLimit = try reader.readUInt32()
        stopsLast = try reader.readUInt8() != 0
    }
}

extension ByteWriter {
    mutating func write(texts: [String]) {
        write(UInt16(texts.count))
        for text in texts { write(text) }
    }

    mutating func write(indices: [UInt32]) {
        write(UInt16(indices.count))
        for index in indices { write(index) }
    }

    mutating func write(readiness: UInt8, descriptor: Int32) {
        write(readiness)
        write(descriptor)
    }
}

extension ByteReader {
    mutating func readTexts() throws(WireError) -> [String] {
        let count = Int(try readUInt16())
        var texts: [String] = []
        for _ in 0..<count { texts.append(try readText()) }
        return texts
    }

    mutating func readIndices() throws(WireError) -> [UInt32] {
        let count = Int(try readUInt16())
        var indices: [UInt32] = []
        for _ in 0..<count { indices.append(try readUInt32()) }
        return indices
    }

    mutating func readNames(from services: [ServiceDefinition]) throws(WireError) -> [String] {
        let start = offset
        var names: [String] = []
        for index in try readIndices() {
            guard Int(index) < services.count else {
                throw .malformed(offset: start, expected: "the index of a service")
            }
            names.append(services[Int(index)].name)
        }
        return names
    }

    mutating func readReadiness() throws(WireError) -> ServiceDefinition.Readiness {
        let start = offset
        let kind = try readUInt8()
        let descriptor = try readInt32()
        switch kind {
        case 0: return .exec
        case 1: return .descriptor(descriptor)
        case 2: return .notify
        case 3: return .probe
        default: throw .malformed(offset: start, expected: "a kind of readiness")
        }
    }
}
