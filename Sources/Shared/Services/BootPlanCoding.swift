import Wire

/// The compiled form, written on the host and read by PID 1; little-endian.
///
///     file      "AMOSPLAN" | u32 version | u32 length of the body | u32 CRC-32 of the body | body
///     body      text hostname | u32 shutdown budget ms | u32 machine watchdog ms | u32 stable ms
///               | u32 deadline ms | texts late modules | u32 count, names | indices health
///               | services by name (ServiceCoding.swift, where text, texts and indices are drawn too)
extension BootPlan {
    public static let version: UInt32 = 2
    /// PID 1 refuses larger files before it reads them: 10,000 services with long command lines fit.
    public static let sizeLimit = 8 << 20
    /// Bounds PID 1's tables: far above what one handset runs, and every index fits the 16-bit counts.
    public static let serviceLimit = 16_384
    private static let magic: [UInt8] = Array("AMOSPLAN".utf8)
    private static let headerSize = 20

    /// Reads back what it wrote: a value that the format cannot hold, or that PID 1 would refuse, is found
    /// here and not on the handset.
    public func encode() throws(BootPlanError) -> [UInt8] {
        try checkOrder()
        var body = ByteWriter(capacity: 256 * services.count)
        body.write(hostname)
        body.write(shutdownBudgetMilliseconds)
        body.write(machineWatchdogMilliseconds)
        body.write(health.stableForMilliseconds)
        body.write(health.deadlineMilliseconds)
        body.write(texts: lateModules)
        body.write(UInt32(services.count))
        for service in services { body.write(service.name) }
        body.write(indices: try indices(of: health.services, relation: "health", in: "health"))
        for service in services { try service.encode(to: &body, in: self) }
        var file = ByteWriter(capacity: body.bytes.count + Self.headerSize)
        file.writeRaw(Self.magic)
        file.write(Self.version)
        file.write(UInt32(body.bytes.count))
        file.write(CRC32.of(body.bytes.span))
        file.writeRaw(body.bytes)
        try check(encoded: file.bytes)
        return file.bytes
    }

    private func check(encoded bytes: [UInt8]) throws(BootPlanError) {
        guard bytes.count <= Self.sizeLimit else { throw .tooLarge(limit: Self.sizeLimit) }
        let copy = try Self.decode(bytes)
        for index in services.indices where copy.services[index] != services[index] {
            throw .doesNotFit(service: services[index].name)
        }
        guard copy == self else { throw .doesNotFit(service: "") }
    }

    public static func decode(_ bytes: [UInt8]) throws(BootPlanError) -> BootPlan { try decode(bytes.span) }

    /// Checks everything that it reads: a plan that decodes can be run.
    public static func decode(_ bytes: Span<UInt8>) throws(BootPlanError) -> BootPlan {
        guard bytes.count >= headerSize else { throw .notAPlan }
        for index in magic.indices where bytes[index] != magic[index] { throw .notAPlan }
        let header = (version: word(bytes, 8), length: word(bytes, 12), sum: word(bytes, 16))
        guard header.version == version else { throw .unknownVersion(header.version) }
        let body = bytes.extracting(headerSize..<bytes.count)
        guard Int(header.length) == body.count, header.sum == CRC32.of(body) else { throw .wrongChecksum }
        let plan: BootPlan
        do throws(WireError) { plan = try decode(body: body) } catch { throw .damaged(error) }
        try plan.checkOrder()
        return plan
    }

    /// Position of the service with this name; nil if there is none.
    public func index(of name: String) -> Int? {
        var low = 0
        var high = services.count
        while low < high {
            let middle = (low + high) / 2
            if UTF8Text.equal(services[middle].name, name) { return middle }
            if services[middle].name.utf8.lexicographicallyPrecedes(name.utf8) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return nil
    }

    func checkOrder() throws(BootPlanError) {
        for position in services.indices.dropFirst() {
            let name = services[position].name
            guard services[position - 1].name.utf8.lexicographicallyPrecedes(name.utf8) else {
                throw .notSorted(service: name)
            }
        }
    }

    func indices(
        of names: [String], relation: String, in service: String
    ) throws(BootPlanError) -> [UInt32] {
        var result: [UInt32] = []
        result.reserveCapacity(names.count)
        for name in names {
            guard let position = index(of: name) else {
                throw .unknownService(name: name, relation: relation, of: service)
            }
            result.append(UInt32(position))
        }
        return result
    }

    private static func word(_ bytes: Span<UInt8>, _ offset: Int) -> UInt32 {
        var value: UInt32 = 0
        for index in 0..<4 { value |= UInt32(bytes[offset + index]) << UInt32(8 * index) }
        return value
    }

    private static func decode(body: Span<UInt8>) throws(WireError) -> BootPlan {
        var reader = ByteReader(body)
        let hostname = try reader.readText()
        let shutdownBudget = try reader.readUInt32()
        let machineWatchdog = try reader.readUInt32()
        let stable = try reader.readUInt32()
        let deadline = try reader.readUInt32()
        let lateModules = try reader.readTexts()
        let start = reader.offset
        let count = Int(try reader.readUInt32())
        guard count <= serviceLimit else { throw .tooLong(offset: start, limit: serviceLimit) }
        var services: [ServiceDefinition] = []
        services.reserveCapacity(count)
        for _ in 0..<count { services.append(ServiceDefinition(name: try reader.readText())) }
        let health = try reader.readNames(from: services)
        // Apart, because each of them looks the others' names up.
        let named = services
        for index in services.indices { try services[index].decode(from: &reader, among: named) }
        try reader.finish()
        var plan = BootPlan(
            hostname: hostname, services: services, lateModules: lateModules,
            health: Health(
                services: health, stableForMilliseconds: stable, deadlineMilliseconds: deadline))
        plan.shutdownBudgetMilliseconds = shutdownBudget
        plan.machineWatchdogMilliseconds = machineWatchdog
        return plan
    }
}
