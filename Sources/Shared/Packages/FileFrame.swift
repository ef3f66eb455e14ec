import Wire

/// What stands before the body of a binary file that the package service reads: what it is, and whether it is
/// whole. All numbers are little-endian.
///
///      0  8  magic
///      8  4  version
///     12  4  size of the body, which is the rest of the file
///     16  4  CRC-32 of the body
///     20     body
struct FileFrame {
    static let byteCount = 20

    let magic: [UInt8]
    let version: UInt32
    /// `a generation file`
    let what: StaticString
    /// `version 2 of the generation format`
    let format: StaticString

    func around(_ body: [UInt8]) -> [UInt8] {
        var file = ByteWriter(capacity: Self.byteCount + body.count)
        file.writeRaw(magic)
        file.write(version)
        file.write(UInt32(body.count))
        file.write(CRC32.of(body))
        file.writeRaw(body)
        return file.bytes
    }

    /// Takes the frame off the front of `bytes`, which the reader is at the start of.
    func open(_ reader: inout ByteReader, _ bytes: Span<UInt8>) throws(WireError) {
        guard try reader.readBytes(magic.count) == magic else {
            throw .malformed(offset: 0, expected: what)
        }
        guard try reader.readUInt32() == version else {
            throw .malformed(offset: 8, expected: format)
        }
        let size = Int(try reader.readUInt32())
        let checksum = try reader.readUInt32()
        guard size == reader.remaining else { throw .truncated(offset: 12) }
        guard CRC32.of(bytes.extracting(Self.byteCount..<bytes.count)) == checksum else {
            throw .malformed(offset: 16, expected: "the checksum of what follows; the file was damaged")
        }
    }
}
