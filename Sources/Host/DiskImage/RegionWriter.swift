import Foundation
import HostSystem

/// Bytes on their way into one region of an image, front to back.
///
/// They are collected in one buffer and written in large pieces. 4 KiB blocks of zeros are skipped, so the
/// image stays sparse: the region must not have been written before. Valid only while the `OutputFile` it was
/// made from is.
final class RegionWriter {
    /// Large enough that the calls do not matter, small enough not to show in the peak memory.
    private static let bufferSize = 1 << 20
    static let blockSize = 4096

    private let descriptor: Int32
    private let path: String
    private let buffer: UnsafeMutableRawBufferPointer
    private var used = 0
    /// Where the first byte of the buffer goes.
    private var bufferOffset: UInt64

    /// - Parameter offset: a multiple of 4 KiB.
    init(_ output: borrowing OutputFile, at offset: UInt64) {
        precondition(offset % UInt64(Self.blockSize) == 0, "image regions start at a 4 KiB boundary")
        descriptor = output.descriptor
        path = output.temporaryPath
        bufferOffset = offset
        buffer = .allocate(byteCount: Self.bufferSize, alignment: Self.blockSize)
    }

    deinit { buffer.deallocate() }

    /// Where the next byte goes.
    var offset: UInt64 { bufferOffset + UInt64(used) }

    func append(_ bytes: UnsafeRawBufferPointer) throws(DiskImageError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = min(rest.count, Self.bufferSize - used)
            UnsafeMutableRawBufferPointer(rebasing: buffer[used...]).copyMemory(
                from: UnsafeRawBufferPointer(rebasing: rest.prefix(count)))
            try didAppend(count)
            rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
        }
    }

    func append(_ bytes: [UInt8]) throws(DiskImageError) {
        let result = bytes.withUnsafeBytes { raw in
            Result { () throws(DiskImageError) in try append(raw) }
        }
        try result.get()
    }

    /// Appends `count` bytes of a file's content, read straight into the buffer.
    func append(
        _ source: borrowing ContentReader, from start: UInt64, count: UInt64
    ) throws(DiskImageError) {
        var done: UInt64 = 0
        while done < count {
            let piece = Int(min(count - done, UInt64(Self.bufferSize - used)))
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[used..<used + piece])
            try source.read(into: target, at: start + done)
            try didAppend(piece)
            done += UInt64(piece)
        }
    }

    /// Appends zeros up to the next multiple of `alignment`, which divides the buffer's size.
    func pad(to alignment: Int) throws(DiskImageError) {
        let missing = (alignment - used % alignment) % alignment
        guard missing > 0 else { return }
        memset(buffer.baseAddress! + used, 0, missing)
        try didAppend(missing)
    }

    /// Writes what is left, and makes the file reach to the end of the region even if that is a hole.
    func finish() throws(DiskImageError) {
        try flush()
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(SystemError("examine", path)) }
        if UInt64(status.st_size) < offset, ftruncate(descriptor, off_t(offset)) != 0 {
            throw .system(SystemError("resize", path))
        }
    }

    private func didAppend(_ count: Int) throws(DiskImageError) {
        used += count
        if used == Self.bufferSize { try flush() }
    }

    private func flush() throws(DiskImageError) {
        let pending = UnsafeRawBufferPointer(rebasing: buffer[..<used])
        try writeSparse(pending, to: descriptor, at: bufferOffset, path: path)
        bufferOffset += UInt64(used)
        used = 0
    }
}

/// Writes the blocks that hold anything but zeros. `offset` is a multiple of the block size.
func writeSparse(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, at offset: UInt64, path: String
) throws(DiskImageError) {
    let blockSize = RegionWriter.blockSize
    var start = 0
    while start < bytes.count {
        var end = start
        while end < bytes.count, !isZero(bytes[end..<min(end + blockSize, bytes.count)]) { end += blockSize }
        end = min(end, bytes.count)
        while start < end {
            let done = pwrite(
                descriptor, bytes.baseAddress! + start, end - start, off_t(offset) + off_t(start))
            if done < 0, errno == EINTR { continue }
            guard done > 0 else { throw .system(SystemError("write", path)) }
            start += done
        }
        start += blockSize
    }
}

/// Whether a block is all zeros: it is, if its first byte is and every byte equals the one before it.
func isZero(_ block: Slice<UnsafeRawBufferPointer>) -> Bool {
    guard let first = block.first else { return true }
    let base = block.base.baseAddress! + block.startIndex
    return first == 0 && memcmp(base, base + 1, block.count - 1) == 0
}
