import Wire

/// One service of the compiled plan; little-endian. Nearly every service leaves nearly everything as it is,
/// so a bit says for each part whether it follows: a daemon with default settings takes its program and
/// five bytes.
///
///     service    u8 kind | u32 parts | the parts whose bits are set, lowest bit first
///      0 requires      indices                 1 milestones    indices         2 wants       indices
///      3 after         indices                 4 conflicts     indices         5 activation  (there)
///      6 sockets       (there)                 7 program       text, texts arguments
///      8 environment   texts                   9 environment directories  texts
///     10 secrets       u16 count, {text name, text path} …                    11 directory   text
///     12 identity      u32 uid, u32 gid, u16 count, u32 groups …
///     13 readiness     u8 0 exec, 1 descriptor, 2 notify, 3 probe | u8 descriptor | texts probe
///                      | u32 probe interval ms
///     14 start         u32 timeout ms
///     15 restart       u8 0 never, 1 on failure, 2 always | u32 delay | u32 delay limit | u32 reset
///                      | u8 jitter % | u16 limit | u32 window
///     16 final action  u8 0 none, 1 isolate, 2 start, 3 reboot, 4 fallback | u32 service, for 1 and 2
///     17 watchdog      u32 ms                 18 stop          u8 signal, u32 grace ms
///     19 terminal      text                   20 resources     (there)       21 isolation    (there)
///     22 log limit     u32 lines a second, u32 burst
///     23 runs once per installation  24 stops last  25 may change  26 takes the log  (the bit is the value)
///     text      u16 length, UTF-8        texts    u16 count, text …        indices   u16 count, u32 …
struct ServiceParts: OptionSet {
    let rawValue: UInt32

    static let requires = ServiceParts(rawValue: 1 << 0)
    static let milestones = ServiceParts(rawValue: 1 << 1)
    static let wants = ServiceParts(rawValue: 1 << 2)
    static let after = ServiceParts(rawValue: 1 << 3)
    static let conflicts = ServiceParts(rawValue: 1 << 4)
    static let activation = ServiceParts(rawValue: 1 << 5)
    static let sockets = ServiceParts(rawValue: 1 << 6)
    static let program = ServiceParts(rawValue: 1 << 7)
    static let environment = ServiceParts(rawValue: 1 << 8)
    static let environmentDirectories = ServiceParts(rawValue: 1 << 9)
    static let secrets = ServiceParts(rawValue: 1 << 10)
    static let directory = ServiceParts(rawValue: 1 << 11)
    static let identity = ServiceParts(rawValue: 1 << 12)
    static let readiness = ServiceParts(rawValue: 1 << 13)
    static let startTimeout = ServiceParts(rawValue: 1 << 14)
    static let restart = ServiceParts(rawValue: 1 << 15)
    static let finalAction = ServiceParts(rawValue: 1 << 16)
    static let watchdog = ServiceParts(rawValue: 1 << 17)
    static let stop = ServiceParts(rawValue: 1 << 18)
    static let terminal = ServiceParts(rawValue: 1 << 19)
    static let resources = ServiceParts(rawValue: 1 << 20)
    static let isolation = ServiceParts(rawValue: 1 << 21)
    static let logLimit = ServiceParts(rawValue: 1 << 22)
    static let once = ServiceParts(rawValue: 1 << 23)
    static let stopsLast = ServiceParts(rawValue: 1 << 24)
    static let mayChange = ServiceParts(rawValue: 1 << 25)
    static let takesLog = ServiceParts(rawValue: 1 << 26)
    static let known: UInt32 = (1 << 27) - 1
}

extension ServiceDefinition {
    func encode(to body: inout ByteWriter, in plan: BootPlan) throws(BootPlanError) {
        body.write(kind.rawValue)
        let bits = body.bytes.count
        body.write(0 as UInt32)
        var parts: ServiceParts = []
        let relations: [(ServiceParts, [String], String)] = [
            (.requires, requires, "requires"), (.milestones, milestones, "milestones"),
            (.wants, wants, "wants"), (.after, after, "after"), (.conflicts, conflicts, "conflicts"),
        ]
        for (part, names, relation) in relations where !names.isEmpty {
            parts.insert(part)
            body.write(indices: try plan.indices(of: names, relation: relation, in: name))
        }
        encodeActivation(to: &body, &parts)
        encodeProcess(to: &body, &parts)
        encodeIdentityAndReadiness(to: &body, &parts)
        encodeRestart(to: &body, &parts)
        try encodeFinalAction(to: &body, &parts, in: plan)
        encodeRest(to: &body, &parts)
        body.patch(parts.rawValue, at: bits)
    }

    /// Everything but the name, which is read before.
    mutating func decode(
        from reader: inout ByteReader, among services: [ServiceDefinition]
    ) throws(WireError) {
        let start = reader.offset
        guard let kind = Kind(rawValue: try reader.readUInt8()) else {
            throw .malformed(offset: start, expected: "a kind of service")
        }
        self.kind = kind
        let parts = ServiceParts(
            rawValue: try reader.readUInt32(in: 0...ServiceParts.known, "bits of a service's parts"))
        if parts.contains(.requires) { requires = try reader.readNames(from: services) }
        if parts.contains(.milestones) { milestones = try reader.readNames(from: services) }
        if parts.contains(.wants) { wants = try reader.readNames(from: services) }
        if parts.contains(.after) { after = try reader.readNames(from: services) }
        if parts.contains(.conflicts) { conflicts = try reader.readNames(from: services) }
        if parts.contains(.activation) { activation = try Activation(from: &reader) }
        if parts.contains(.sockets) { sockets = try reader.readSockets() }
        try decodeProcess(from: &reader, parts)
        try decodeIdentityAndReadiness(from: &reader, parts)
        try decodeRestart(from: &reader, parts)
        if parts.contains(.finalAction) { finalAction = try reader.readFinalAction(among: services) }
        try decodeRest(from: &reader, parts)
        try checkTogether(offset: start)
    }

    /// What no single value shows.
    private func checkTogether(offset: Int) throws(WireError) {
        if kind == .target ? !program.isEmpty : program.isEmpty {
            throw .malformed(offset: offset, expected: "a program, but none for a target")
        }
        if readiness == .probe ? probe.isEmpty : !probe.isEmpty {
            throw .malformed(offset: offset, expected: "a probe exactly when the service is ready by one")
        }
        if activation.onSocket, sockets.isEmpty {
            throw .malformed(offset: offset, expected: "a socket to start at")
        }
        for other in conflicts where UTF8Text.equal(other, name) {
            throw .malformed(offset: offset, expected: "a conflict with another service")
        }
    }
}

extension ByteReader {
    /// What follows when a service failed for good: its names are indices as well.
    mutating func readFinalAction(
        among services: [ServiceDefinition]
    ) throws(WireError) -> ServiceDefinition.FinalAction {
        let start = offset
        switch try readUInt8() {
        case 1: return .isolate(try readName(from: services))
        case 2: return .start(try readName(from: services))
        case 3: return .reboot
        case 4: return .fallbackSlot
        default: throw .malformed(offset: start, expected: "what follows a failure")
        }
    }

    private mutating func readName(from services: [ServiceDefinition]) throws(WireError) -> String {
        let start = offset
        let index = Int(try readUInt32())
        guard index < services.count else {
            throw .malformed(offset: start, expected: "the index of a service")
        }
        return services[index].name
    }

    mutating func readNames(from services: [ServiceDefinition]) throws(WireError) -> [String] {
        let count = Int(try readUInt16())
        var names: [String] = []
        for _ in 0..<count { names.append(try readName(from: services)) }
        return names
    }
}
