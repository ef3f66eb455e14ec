import Foundation
import HostSystem

/// Reads ranges of an open file in pieces of bounded size.
struct FileRangeReader {
    /// Large enough that the system calls do not count, small enough to stay in the second-level cache.
    static let chunkBytes = 256 << 10

    let descriptor: Int32
    let path: String

    /// Calls `body` with each piece and its distance from `start`; a file that ends too early is an error.
    func forEachChunk(
        from start: UInt64, count: UInt64,
        _ body: (UnsafeRawBufferPointer, UInt64) throws(SystemError) -> Void
    ) throws(SystemError) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.chunkBytes, alignment: 4096)
        defer { buffer.deallocate() }
        var done: UInt64 = 0
        while done < count {
            let wanted = Int(min(UInt64(buffer.count), count - done))
            let got = pread(descriptor, buffer.baseAddress!, wanted, off_t(start + done))
            if got < 0, errno == EINTR { continue }
            guard got > 0 else { throw SystemError("read", path, code: got == 0 ? EIO : errno) }
            try body(UnsafeRawBufferPointer(rebasing: buffer[0..<got]), done)
            done += UInt64(got)
        }
    }

    func bytes(from start: UInt64, count: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        try forEachChunk(from: start, count: UInt64(count)) { (chunk, _) throws(SystemError) in
            bytes.append(contentsOf: chunk)
        }
        return bytes
    }
}
