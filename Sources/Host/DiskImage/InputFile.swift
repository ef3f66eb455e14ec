import Foundation
import HostSystem

/// An image opened for reading: any range of it, never beyond its end.
public struct InputFile: ~Copyable {
    public let path: String
    public let size: UInt64
    let descriptor: Int32

    public init(_ path: String) throws(DiskImageError) {
        self.path = path
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(SystemError("open", path)) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = SystemError("examine", path)
            close(descriptor)
            throw .system(error)
        }
        size = UInt64(status.st_size)
    }

    deinit { close(descriptor) }

    /// The bytes at `offset`; fewer than `count` mean a damaged image.
    public func bytes(at offset: UInt64, count: Int) throws(DiskImageError) -> [UInt8] {
        guard count >= 0, UInt64(count) <= size, offset <= size - UInt64(count) else {
            throw .corrupt(image: path, reason: "it ends before byte \(offset &+ UInt64(max(count, 0)))")
        }
        var result: Result<Int, DiskImageError> = .success(0)
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            let target = UnsafeMutableRawBufferPointer(buffer)
            result = Result { () throws(DiskImageError) in
                try readFully(descriptor, into: target, at: offset, path: path)
            }
            if case .success(let done) = result { initialized = done }
        }
        guard try result.get() == count else {
            throw .corrupt(image: path, reason: "it became shorter while it was read")
        }
        return bytes
    }
}
