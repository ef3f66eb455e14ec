import CZlib

/// Unpacks raw DEFLATE through zlib, one buffer at a time.
final class Inflater {
    private var stream = z_stream()

    init() {
        let status = inflateInit2_(
            &stream, -Int32(Deflater.windowBits), ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot start: memory is out")
    }

    deinit { inflateEnd(&stream) }

    /// Nil unless the input unpacks to exactly `count` bytes.
    func inflate(_ bytes: ArraySlice<UInt8>, count: Int) -> [UInt8]? {
        inflateReset(&stream)
        let output = [UInt8](unsafeUninitializedCapacity: count) { output, done in
            bytes.withUnsafeBufferPointer { input in
                stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(count)
                let isComplete = CZlib.inflate(&stream, Z_FINISH) == Z_STREAM_END
                done = isComplete ? count - Int(stream.avail_out) : 0
            }
        }
        return output.count == count ? output : nil
    }
}
