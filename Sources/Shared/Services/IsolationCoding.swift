import Wire

/// What a service is kept from, in the compiled plan: a bit says whether a part follows.
///
///     isolation   u16 parts
///      0 namespaces            u8 bits          1 no new privileges  (the bit)
///      2 bounding capabilities u64 bits         3 ambient capabilities u64 bits
///      4 private temporary files                5 private devices    6 read-only file system  (bits)
///      7 paths     u16 count, paths             8 filter  u16 instructions, 8 bytes each
///      9 landlock  u16 count, {text path, u8 1 read, 2 write, 4 execute} …
///     path        u8 0 read-only, 1 writable, 2 hidden, 3 temporary, 4 bound, 5 bound read-only;
///                 +128 optional | text path | u64 size, for 3 | text source, for 4 and 5
extension Isolation {
    private static let known: UInt16 = (1 << 10) - 1
    /// BPF_MAXINSNS (linux/bpf_common.h).
    static let filterInstructionLimit = 4_096

    func encode(to body: inout ByteWriter) {
        var parts: UInt16 = 0
        var values = ByteWriter()
        func add(_ part: UInt16, if isSet: Bool, _ write: (inout ByteWriter) -> Void) {
            guard isSet else { return }
            parts |= 1 << part
            write(&values)
        }
        add(0, if: !namespaces.isEmpty) { $0.write(namespaces.rawValue) }
        add(1, if: noNewPrivileges) { _ in }
        add(2, if: boundingCapabilities != UInt64.max) { $0.write(boundingCapabilities) }
        add(3, if: ambientCapabilities != 0) { $0.write(ambientCapabilities) }
        add(4, if: hasPrivateTemporaryFiles) { _ in }
        add(5, if: hasPrivateDevices) { _ in }
        add(6, if: isFileSystemReadOnly) { _ in }
        add(7, if: !paths.isEmpty) {
            $0.write(UInt16(truncatingIfNeeded: paths.count))
            for rule in paths { rule.encode(to: &$0) }
        }
        add(8, if: !systemCallFilter.isEmpty) {
            $0.write(UInt16(truncatingIfNeeded: systemCallFilter.count / 8))
            $0.writeRaw(systemCallFilter)
        }
        add(9, if: !landlock.isEmpty) {
            $0.write(UInt16(truncatingIfNeeded: landlock.count))
            for rule in landlock {
                $0.write(rule.path)
                $0.write(rule.access.rawValue)
            }
        }
        body.write(parts)
        body.writeRaw(values.bytes)
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let parts = try reader.readUInt16(in: 0...Self.known, "bits of a service's isolation")
        func has(_ part: UInt16) -> Bool { parts >> part & 1 == 1 }
        if has(0) { namespaces = Namespaces(rawValue: try reader.readUInt8(in: 0...63, "namespaces")) }
        noNewPrivileges = has(1)
        if has(2) { boundingCapabilities = try reader.readUInt64() }
        let start = reader.offset
        if has(3) { ambientCapabilities = try reader.readUInt64() }
        // The kernel would refuse it when the service starts.
        guard ambientCapabilities & ~boundingCapabilities == 0 else {
            throw .malformed(offset: start, expected: "ambient capabilities within the bounding set")
        }
        hasPrivateTemporaryFiles = has(4)
        hasPrivateDevices = has(5)
        isFileSystemReadOnly = has(6)
        if has(7) {
            let count = Int(try reader.readUInt16())
            for _ in 0..<count { paths.append(try PathRule(from: &reader)) }
        }
        if has(8) {
            let offset = reader.offset
            let count = Int(try reader.readUInt16())
            guard count <= Self.filterInstructionLimit else {
                throw .tooLong(offset: offset, limit: Self.filterInstructionLimit)
            }
            systemCallFilter = try reader.readBytes(8 * count)
        }
        if has(9) { landlock = try Self.readLandlock(from: &reader) }
    }

    private static func readLandlock(from reader: inout ByteReader) throws(WireError) -> [LandlockRule] {
        let count = Int(try reader.readUInt16())
        var rules: [LandlockRule] = []
        for _ in 0..<count {
            let path = try reader.readPath()
            let access = try reader.readUInt8(in: 1...7, "rights of a Landlock rule")
            rules.append(LandlockRule(path: path, access: .init(rawValue: access)))
        }
        return rules
    }
}

extension Isolation.PathRule {
    private static let optional: UInt8 = 128

    func encode(to body: inout ByteWriter) {
        let flag: UInt8 = isOptional ? Self.optional : 0
        switch kind {
        case .readOnly: body.write(flag)
        case .writable: body.write(flag | 1)
        case .hidden: body.write(flag | 2)
        case .temporary: body.write(flag | 3)
        case .bind(_, let isReadOnly): body.write(flag | (isReadOnly ? 5 : 4))
        }
        body.write(path)
        if case .temporary(let size) = kind { body.write(size) }
        if case .bind(let source, _) = kind { body.write(source) }
    }

    init(from reader: inout ByteReader) throws(WireError) {
        let start = reader.offset
        let tag = try reader.readUInt8()
        let path = try reader.readPath()
        let kind: Kind
        switch tag & ~Self.optional {
        case 0: kind = .readOnly
        case 1: kind = .writable
        case 2: kind = .hidden
        case 3: kind = .temporary(sizeBytes: try reader.readUInt64())
        case 4: kind = .bind(source: try reader.readPath(), isReadOnly: false)
        case 5: kind = .bind(source: try reader.readPath(), isReadOnly: true)
        default: throw .malformed(offset: start, expected: "a kind of path rule")
        }
        self.init(path: path, kind: kind)
        isOptional = tag & Self.optional != 0
    }
}
