import Wire

/// The values that the parts of a plan are made of; drawn in ServiceCoding.swift. Called, not copied, as
/// those of ByteWriter.
extension ByteWriter {
    /// Longer lists lose their end; `encode` reads back what it wrote and so finds out.
    @inline(never)
    mutating func write(texts: [String]) {
        write(UInt16(truncatingIfNeeded: texts.count))
        for text in texts { write(text) }
    }

    @inline(never)
    mutating func write(indices: [UInt32]) {
        write(UInt16(truncatingIfNeeded: indices.count))
        for index in indices { write(index) }
    }

    mutating func write(readiness: UInt8, descriptor: UInt8 = 0) {
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

    mutating func readUInt8(in range: ClosedRange<UInt8>, _ what: StaticString) throws(WireError) -> UInt8 {
        let start = offset
        let value = try readUInt8()
        guard range.contains(value) else { throw .malformed(offset: start, expected: what) }
        return value
    }

    mutating func readUInt16(in range: ClosedRange<UInt16>, _ what: StaticString) throws(WireError) -> UInt16
    {
        let start = offset
        let value = try readUInt16()
        guard range.contains(value) else { throw .malformed(offset: start, expected: what) }
        return value
    }

    mutating func readUInt32(in range: ClosedRange<UInt32>, _ what: StaticString) throws(WireError) -> UInt32
    {
        let start = offset
        let value = try readUInt32()
        guard range.contains(value) else { throw .malformed(offset: start, expected: what) }
        return value
    }

    /// Absolute, and free of the byte that would end it early in the kernel.
    mutating func readPath() throws(WireError) -> String {
        let start = offset
        let path = try readText()
        let bytes = Array(path.utf8)
        guard bytes.first == UInt8(ascii: "/"), !bytes.contains(0) else {
            throw .malformed(offset: start, expected: "an absolute path")
        }
        return path
    }

    mutating func readPaths() throws(WireError) -> [String] {
        let count = Int(try readUInt16())
        var paths: [String] = []
        for _ in 0..<count { paths.append(try readPath()) }
        return paths
    }

    /// One step of a path that leads to no other folder, and a word of a list that colons separate.
    mutating func readFileName() throws(WireError) -> String {
        let start = offset
        let name = try readText()
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty, bytes.first != UInt8(ascii: "."), !bytes.contains(UInt8(ascii: "/")),
            !bytes.contains(UInt8(ascii: ":")), !bytes.contains(0)
        else { throw .malformed(offset: start, expected: "a name without '/' and ':'") }
        return name
    }

    mutating func readReadiness() throws(WireError) -> ServiceDefinition.Readiness {
        let start = offset
        let kind = try readUInt8()
        let descriptor = try readUInt8()
        switch (kind, descriptor) {
        case (0, 0): return .exec
        // 0 to 2 are its input and output.
        case (1, 3...127): return .descriptor(Int32(descriptor))
        case (2, 0): return .notify
        case (3, 0): return .probe
        default: throw .malformed(offset: start, expected: "a kind of readiness")
        }
    }
}
