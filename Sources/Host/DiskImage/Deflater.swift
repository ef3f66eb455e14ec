import CZlib

/// Raw DEFLATE (RFC 1951) through zlib, one buffer at a time; belongs to one thread.
final class Deflater {
    /// The largest window that zlib and the kernel have: 32 KiB.
    static let windowBits: UInt8 = 15

    private var stream = z_stream()

    init(level: Int32) {
        let status = deflateInit2_(
            &stream, level, Z_DEFLATED, -Int32(Self.windowBits), 9, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib refuses level \(level), or memory is out")
    }

    deinit { deflateEnd(&stream) }

    /// Nil if the result would not be smaller, or would start with a zero byte: EROFS pads clusters with
    /// zeros at the front, so a reader could not find the start (it happens with stored blocks only).
    func compress(_ bytes: [UInt8]) -> [UInt8]? {
        deflateReset(&stream)
        let output = [UInt8](unsafeUninitializedCapacity: bytes.count) { output, count in
            bytes.withUnsafeBufferPointer { input in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                count = deflate(&stream, Z_FINISH) == Z_STREAM_END ? input.count - Int(stream.avail_out) : 0
            }
        }
        return output.first ?? 0 == 0 ? nil : output
    }
}
