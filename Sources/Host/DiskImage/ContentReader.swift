import Foundation
import HostSystem

/// A file's bytes for reading anywhere, wherever they are kept; closes its file when dropped.
struct ContentReader: ~Copyable {
    private let content: FileTree.Content
    private let descriptor: Int32

    init(_ content: FileTree.Content) throws(DiskImageError) {
        self.content = content
        switch content {
        case .bytes: descriptor = -1
        case .stored(let path, let size):
            descriptor = open(path, O_RDONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .system(SystemError("open", path)) }
            var status = stat()
            guard fstat(descriptor, &status) == 0, UInt64(status.st_size) == size else {
                close(descriptor)
                throw .contentChanged(path: path, expected: size)
            }
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// Fills `target` from `offset`; the range lies within the content's size.
    func read(into target: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(DiskImageError) {
        switch content {
        case .bytes(let bytes):
            bytes.withUnsafeBytes { raw in
                target.copyMemory(
                    from: UnsafeRawBufferPointer(rebasing: raw[Int(offset)..<Int(offset) + target.count]))
            }
        case .stored(let path, let size):
            guard try readFully(descriptor, into: target, at: offset, path: path) == target.count else {
                throw .contentChanged(path: path, expected: size)
            }
        }
    }

    func bytes(at offset: UInt64, count: Int) throws(DiskImageError) -> [UInt8] {
        var result: Result<Void, DiskImageError> = .success(())
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            result = Result { () throws(DiskImageError) in
                try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
            }
            initialized = count
        }
        try result.get()
        return bytes
    }
}

/// Reads until `target` is full or the file ends; returns how much there was (`pread`).
func readFully(
    _ descriptor: Int32, into target: UnsafeMutableRawBufferPointer, at offset: UInt64, path: String
) throws(DiskImageError) -> Int {
    var done = 0
    while done < target.count {
        let count = pread(
            descriptor, target.baseAddress! + done, target.count - done, off_t(offset) + off_t(done))
        if count < 0, errno == EINTR { continue }
        guard count >= 0 else { throw .system(SystemError("read", path)) }
        if count == 0 { break }
        done += count
    }
    return done
}
