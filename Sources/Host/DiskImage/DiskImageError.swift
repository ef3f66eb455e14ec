import HostSystem

/// What can go wrong while an image is written or read; every case names the file or the entry it is about.
public enum DiskImageError: Error, Equatable, CustomStringConvertible {
    case system(SystemError)
    /// A program this module runs (mke2fs) is missing or failed; the text already says which and why.
    case tool(message: String)
    /// A file of the build machine is no longer what it was when the tree was made.
    case contentChanged(path: String, expected: UInt64)
    /// An entry of the tree that no file system could hold.
    case invalidEntry(path: String, reason: String)
    /// More bytes than there is room for.
    case tooLarge(what: String, size: UInt64, limit: UInt64)
    case invalidLayout(reason: String)
    /// libarchive refused an entry.
    case archive(path: String, message: String)
    /// An image that is being read breaks the rules of its format.
    case corrupt(image: String, reason: String)

    public var description: String {
        switch self {
        case .system(let error): error.description
        case .tool(let message): message
        case .contentChanged(let path, let expected):
            "\(path) changed while it was copied into the image (\(expected) bytes expected); build again"
        case .invalidEntry(let path, let reason): "/\(path) cannot go into the image: \(reason)"
        case .tooLarge(let what, let size, let limit):
            "\(what) needs \(size) bytes, but only \(limit) are there; raise its size in the device file"
        case .invalidLayout(let reason): "the disk cannot be laid out: \(reason)"
        case .archive(let path, let message): "cannot archive /\(path): \(message)"
        case .corrupt(let image, let reason): "\(image) is damaged or not such an image: \(reason)"
        }
    }
}

/// Runs a call of `HostSystem` and turns its error into this module's.
func system<Value: ~Copyable>(
    _ call: () throws(SystemError) -> Value
) throws(DiskImageError) -> Value {
    do { return try call() } catch { throw .system(error) }
}
