import DiskImage
import HostSystem
import Trust

/// What can go wrong between a repository, its keys and its clients.
public enum RepositoryError: Error, CustomStringConvertible {
    case trust(TrustError)
    case system(SystemError)
    case tool(Tool.Failure)
    case key(SigningKeyError)
    case noTrustedRoot(folder: String)
    case badAddress(String)

    public var description: String {
        switch self {
        case .trust(let error): error.description
        case .system(let error): error.description
        case .tool(let error): error.description
        case .key(let error): error.description
        case .noTrustedRoot(let folder):
            "\(folder) has no root.json to begin with: run `init` with one that comes from a source you trust"
        case .badAddress(let address): "\(address) is neither an http(s) nor a file address, nor a folder"
        }
    }
}
