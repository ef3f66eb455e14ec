import DiskImage
import HostSystem
import Packages

/// Why a package could not be made or read.
public enum PackagingError: Error, CustomStringConvertible {
    case package(file: String, PackageError)
    case image(DiskImageError)
    case key(SigningKeyError)
    case system(SystemError)
    /// A file of the payload's folder that a package does not take.
    case badFile(path: String, reason: String)
    case noFiles(folder: String)

    public var description: String {
        switch self {
        case .package(let file, let error): "\(file): \(error)"
        case .image(let error): error.description
        case .key(let error): error.description
        case .system(let error): error.description
        case .badFile(let path, let reason): "\(path) cannot go into a package: \(reason)"
        case .noFiles(let folder):
            "there is no folder \(folder); it holds what goes into the payload (`files:` names another)"
        }
    }
}

/// Runs a call of another module and turns its error into this module's.
func system<Value: ~Copyable>(
    _ call: () throws(SystemError) -> Value
) throws(PackagingError) -> Value {
    do { return try call() } catch { throw .system(error) }
}

func image<Value: ~Copyable>(
    _ call: () throws(DiskImageError) -> Value
) throws(PackagingError) -> Value {
    do { return try call() } catch { throw .image(error) }
}
