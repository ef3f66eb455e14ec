/// Takes little-endian values off the front of borrowed bytes; every step is bounds-checked.
public struct ByteReader: ~Escapable {
    private let bytes: Span<UInt8>
    public private(set) var offset = 0

    @_lifetime(copy bytes)
    public init(_ bytes: Span<UInt8>) { self.bytes = bytes }

    public var remaining: Int { bytes.count - offset }

    public mutating func readUInt8() throws(WireError) -> UInt8 {
        try need(1)
        defer { offset += 1 }
        return bytes[offset]
    }

    public mutating func readUInt16() throws(WireError) -> UInt16 { UInt16(try readLittleEndian(2)) }

    public mutating func readUInt32() throws(WireError) -> UInt32 { UInt32(try readLittleEndian(4)) }

    public mutating func readUInt64() throws(WireError) -> UInt64 { try readLittleEndian(8) }

    public mutating func readInt32() throws(WireError) -> Int32 { Int32(bitPattern: try readUInt32()) }

    public mutating func readInt64() throws(WireError) -> Int64 { Int64(bitPattern: try readUInt64()) }

    public mutating func skip(_ count: Int) throws(WireError) {
        try need(count)
        offset += count
    }

    public mutating func readBytes(_ count: Int) throws(WireError) -> [UInt8] {
        try need(count)
        var result: [UInt8] = []
        result.reserveCapacity(count)
        for index in offset..<offset + count { result.append(bytes[index]) }
        offset += count
        return result
    }

    /// A u16 length and that much UTF-8.
    public mutating func readText(limit: Int = Int(UInt16.max)) throws(WireError) -> String {
        let start = offset
        let length = Int(try readUInt16())
        guard length <= limit else { throw .tooLong(offset: start, limit: limit) }
        try need(length)
        guard let text = UTF8Text.make(bytes.extracting(offset..<offset + length)) else {
            throw .notText(offset: start)
        }
        offset += length
        return text
    }

    /// A format that is over must really be over: trailing bytes mean that writer and reader disagree.
    public func finish() throws(WireError) {
        guard remaining == 0 else { throw .malformed(offset: offset, expected: "the end") }
    }

    private mutating func readLittleEndian(_ count: Int) throws(WireError) -> UInt64 {
        try need(count)
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
        offset += count
        return value
    }

    private func need(_ count: Int) throws(WireError) {
        guard count >= 0, count <= remaining else { throw .truncated(offset: offset) }
    }
}

/// Text from bytes that may be anything.
public enum UTF8Text {
    /// nil unless every byte belongs to valid UTF-8.
    public static func make(_ bytes: Span<UInt8>) -> String? {
        guard let text = try? UTF8Span(validating: bytes) else { return nil }
        return String(copying: text)
    }

    /// At most `limit` bytes of a text, in whole scalars: a cut in the middle of one would not be UTF-8.
    public static func cut(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var kept: [UInt8] = []
        kept.reserveCapacity(limit)
        for byte in text.utf8.prefix(limit) { kept.append(byte) }
        // The scalar that the cut may have torn goes as a whole.
        while let last = kept.last, last & 0xc0 == 0x80 { kept.removeLast() }
        if let last = kept.last, last & 0x80 != 0 { kept.removeLast() }
        return make(kept.span) ?? ""
    }

    /// Names are compared as bytes: canonical equivalence would bring the Unicode tables into PID 1.
    public static func equal(_ left: String, _ right: String) -> Bool {
        left.utf8.elementsEqual(right.utf8)
    }

    /// The order of the bytes, which is that of the code points.
    public static func precedes(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
