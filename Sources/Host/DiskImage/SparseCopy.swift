import Foundation
import HostSystem

/// Where a sparse file has data (`lseek` with SEEK_DATA and SEEK_HOLE), front to back.
struct DataExtents {
    private let descriptor: Int32
    private let path: String
    private let size: UInt64
    private var position: UInt64 = 0

    init(_ file: borrowing InputFile) {
        descriptor = file.descriptor
        path = file.path
        size = file.size
    }

    /// The next range with data; nil after the last one. A file system that knows no holes answers with
    /// everything.
    mutating func next() throws(DiskImageError) -> Range<UInt64>? {
        guard position < size else { return nil }
        // Not in Glibc's Swift overlay because they need _GNU_SOURCE; the numbers are kernel ABI.
        let seekData: Int32 = 3
        let seekHole: Int32 = 4
        let start = lseek(descriptor, off_t(position), seekData)
        if start < 0 {
            guard errno == ENXIO else { throw .system(SystemError("read", path)) }
            position = size
            return nil
        }
        let end = lseek(descriptor, start, seekHole)
        guard end > start else { throw .system(SystemError("read", path)) }
        position = UInt64(end)
        return UInt64(start)..<min(UInt64(end), size)
    }
}

/// Copies a file into an image: holes and blocks of zeros stay holes.
/// - Parameter offset: a multiple of 4 KiB in a region that was not written before.
public func copySparse(
    _ source: borrowing InputFile, to output: borrowing OutputFile, at offset: UInt64
) throws(DiskImageError) {
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
    defer { buffer.deallocate() }
    var extents = DataExtents(source)
    while let extent = try extents.next() {
        // Extents start at a block of the source's file system, which may be smaller than ours.
        var position = extent.lowerBound / 4096 * 4096
        while position < extent.upperBound {
            let wanted = Int(min(UInt64(buffer.count), extent.upperBound - position))
            let target = UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted])
            guard try readFully(source.descriptor, into: target, at: position, path: source.path) == wanted
            else { throw .contentChanged(path: source.path, expected: source.size) }
            try writeSparse(
                UnsafeRawBufferPointer(target), to: output.descriptor, at: offset + position,
                path: output.temporaryPath)
            position += UInt64(wanted)
        }
    }
    try reach(offset + source.size, output)
}

/// Makes the file at least that long; what was never written is a hole.
func reach(_ end: UInt64, _ output: borrowing OutputFile) throws(DiskImageError) {
    var status = stat()
    guard fstat(output.descriptor, &status) == 0 else {
        throw .system(SystemError("examine", output.temporaryPath))
    }
    guard UInt64(status.st_size) < end else { return }
    do { try output.truncate(to: end) } catch { throw .system(error) }
}
