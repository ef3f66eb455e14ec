/// Builds little-endian binary formats, in calls: copied into the places that write, it would be most of
/// their code.
public struct ByteWriter: Sendable {
    public private(set) var bytes: [UInt8] = []

    public init() {}

    public init(capacity: Int) { bytes.reserveCapacity(capacity) }

    @inline(never)
    public mutating func write(_ value: UInt8) { bytes.append(value) }

    @inline(never)
    public mutating func write(_ value: UInt16) {
        bytes.append(UInt8(truncatingIfNeeded: value))
        bytes.append(UInt8(truncatingIfNeeded: value >> 8))
    }

    @inline(never)
    public mutating func write(_ value: UInt32) {
        write(UInt16(truncatingIfNeeded: value))
        write(UInt16(truncatingIfNeeded: value >> 16))
    }

    @inline(never)
    public mutating func write(_ value: UInt64) {
        write(UInt32(truncatingIfNeeded: value))
        write(UInt32(truncatingIfNeeded: value >> 32))
    }

    public mutating func write(_ value: Int32) { write(UInt32(bitPattern: value)) }

    public mutating func write(_ value: Int64) { write(UInt64(bitPattern: value)) }

    /// Bytes as they are, without a length.
    public mutating func writeRaw(_ other: some Sequence<UInt8>) { bytes.append(contentsOf: other) }

    /// u16 length, then UTF-8. Longer text is cut: formats that must refuse it check before.
    @inline(never)
    public mutating func write(_ text: String) {
        let length = min(text.utf8.count, Int(UInt16.max))
        write(UInt16(length))
        let source = text.utf8.span
        for index in 0..<length { bytes.append(source[index]) }
    }

    /// Overwrites four bytes that were written before, for lengths and checksums known only at the end.
    public mutating func patch(_ value: UInt32, at offset: Int) {
        for index in 0..<4 { bytes[offset + index] = UInt8(truncatingIfNeeded: value >> (8 * index)) }
    }
}
