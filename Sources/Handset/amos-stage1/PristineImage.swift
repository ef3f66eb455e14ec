import LinuxSystem
import Slots

/// Writes the pristine `data` file system of the boot image onto the partition.
enum PristineImage {
    enum Failure: Error {
        case system(SystemCallError)
        case format(SparseImage.FormatError)

        var text: String {
            switch self {
            case .system(let error): error.description
            case .format(let error): error.text
            }
        }
    }

    /// Bytes copied at a time: large enough for the disk, small enough for a handset with little memory.
    static let bufferSize: UInt64 = 1 << 20

    /// Discards everything on the partition, writes the image, and returns when the disk has it.
    static func write(_ image: borrowing FileDescriptor, to path: String) throws(Failure) {
        let device = try system { () throws(SystemCallError) in try BlockDevice(opening: path, writable: true)
        }
        let capacity = try system { () throws(SystemCallError) in try device.size() }
        let header = try read(image, SparseImage.headerBytes, at: 0)
        let length = try system { () throws(SystemCallError) in try image.size() }
        var sparse: SparseImage
        do throws(SparseImage.FormatError) {
            sparse = try SparseImage(header: header, fileBytes: length, capacity: capacity)
        } catch { throw .format(error) }
        // Only advice to the disk: one that cannot discard is written over all the same.
        try? device.discard(bytes: capacity)
        while let position = sparse.nextHeader {
            let header = try read(image, SparseImage.chunkHeaderBytes, at: position)
            let chunk: SparseImage.Chunk
            do throws(SparseImage.FormatError) {
                chunk = try sparse.next(header: header)
            } catch { throw .format(error) }
            try copy(chunk, image, device)
        }
        try system { () throws(SystemCallError) in try device.descriptor.synchronize() }
    }

    private static func copy(
        _ chunk: SparseImage.Chunk, _ image: borrowing FileDescriptor, _ device: borrowing BlockDevice
    ) throws(Failure) {
        switch chunk {
        case .hole(let target, let length):
            if length > 0 {
                try system { () throws(SystemCallError) in try device.zero(at: target, length: length) }
            }
        case .raw(let source, let target, let length):
            for done in stride(from: 0, to: length, by: Int(bufferSize)) {
                let count = min(bufferSize, length - done)
                let bytes = try read(image, Int(count), at: source + done)
                try system { () throws(SystemCallError) in
                    try device.descriptor.write(bytes, at: target + done)
                }
            }
        case .fill(let pattern, let target, let length):
            let four = try read(image, 4, at: pattern)
            let size = Int(min(bufferSize, length))
            let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
                for index in 0..<size { buffer[index] = four[index & 3] }
                count = size
            }
            for done in stride(from: 0, to: length, by: Int(bufferSize)) {
                let part = bytes.span.extracting(0..<Int(min(bufferSize, length - done)))
                try system { () throws(SystemCallError) in
                    try device.descriptor.write(part, at: target + done)
                }
            }
        }
    }

    private static func read(
        _ image: borrowing FileDescriptor, _ count: Int, at offset: UInt64
    ) throws(Failure) -> [UInt8] {
        let bytes = try system { () throws(SystemCallError) in try image.read(count, at: offset) }
        guard bytes.count == count else { throw .format(.incomplete) }
        return bytes
    }

    private static func system<Value: ~Copyable>(
        _ body: () throws(SystemCallError) -> Value
    ) throws(Failure) -> Value {
        do throws(SystemCallError) { return try body() } catch { throw .system(error) }
    }
}
