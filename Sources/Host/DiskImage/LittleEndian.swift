/// Little-endian fields, as every format of this module stores them.
extension Array where Element == UInt8 {
    mutating func append(littleEndian value: some FixedWidthInteger) {
        var rest = value.littleEndian
        Swift.withUnsafeBytes(of: &rest) { append(contentsOf: $0) }
    }

    /// Appends zeros until the length is `count`.
    mutating func pad(to count: Int) {
        if self.count < count { append(contentsOf: repeatElement(0, count: count - self.count)) }
    }

    mutating func store(littleEndian value: some FixedWidthInteger, at offset: Int) {
        var rest = value.littleEndian
        Swift.withUnsafeBytes(of: &rest) { replaceSubrange(offset..<offset + $0.count, with: $0) }
    }

    /// The field at `offset`; nil where the array ends before it does, so that a reader of foreign bytes
    /// cannot forget the check.
    func field<Value: FixedWidthInteger>(_ type: Value.Type, at offset: Int) -> Value? {
        let size = MemoryLayout<Value>.size
        guard offset >= 0, offset <= count - size else { return nil }
        return withUnsafeBytes {
            Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self))
        }
    }
}

extension FixedWidthInteger {
    /// The smallest multiple of `alignment` that is not below.
    func roundedUp(to alignment: Self) -> Self { (self + alignment - 1) / alignment * alignment }
}
