import Foundation
import HostSystem

/// A file's bytes, mapped for reading until the value is gone.
struct MappedFile: ~Copyable {
    private let bytes: UnsafeRawBufferPointer

    var count: Int { bytes.count }

    /// Lends the bytes for the call: they are unmapped with the value, whose life ends with its last use.
    func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(bytes)
    }

    var text: String { String(decoding: bytes, as: UTF8.self) }

    init(_ path: String) throws(SystemError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw SystemError("read", path) }
        // mmap refuses an empty range.
        guard status.st_size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        let address = mmap(nil, Int(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0)
        guard let address, address != MAP_FAILED else { throw SystemError("map", path) }
        bytes = UnsafeRawBufferPointer(start: address, count: Int(status.st_size))
    }

    deinit {
        if let address = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: address), bytes.count) }
    }

    func digest() -> String {
        var hasher = SHA256Hasher()
        hasher.update(bytes)
        return hasher.finish().description
    }
}

/// A text file's content; empty if it cannot be read.
func textFile(_ path: String) -> String {
    guard let file = try? MappedFile(path) else { return "" }
    return file.text
}
