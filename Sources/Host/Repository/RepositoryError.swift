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
    case notEmpty(folder: String)
    case notARepository(folder: String)
    case delegates(folder: String)
    case noKey(role: String)
    case noRole(String)
    case keysNotHere(role: String, have: Int, threshold: Int, missing: [String])
    case notThatRolesKey(String, role: String)
    case tooFewKeys(role: String, count: Int, threshold: Int)
    case badTargetPath(String)
    case cannotServe(String)
    case tooManyPackages(Int)
    case badPackage(file: String, problems: [String])

    public var description: String {
        switch self {
        case .trust(let error): error.description
        case .system(let error): error.description
        case .tool(let error): error.description
        case .key(let error): error.description
        case .noTrustedRoot(let folder):
            "\(folder) has no root.json to begin with: run `init` with one that comes from a source you trust"
        case .badAddress(let address): "\(address) is neither an http(s) nor a file address, nor a folder"
        default: publishingDescription
        }
    }

    private var publishingDescription: String {
        switch self {
        case .notEmpty(let folder): "\(folder) is not empty; name a new folder for the repository"
        case .notARepository(let folder):
            "\(folder) has no metadata/1.root.json; `amos repo init \(folder)` makes a repository"
        case .delegates(let folder):
            "\(folder) delegates to other roles, which these commands neither write nor copy; use the "
                + "tool that made it"
        case .noKey(let role): "no key for the role \(role); name one with --key"
        case .noRole(let role): "\(role) is no role: root, targets, snapshot or timestamp"
        case .keysNotHere(let role, let have, let threshold, let missing):
            "\(role) needs \(threshold) signatures and \(have) of its keys are here; missing: "
                + missing.map { String($0.prefix(16)) }.joined(separator: ", ")
                + " ($AMOS_KEYS names another folder of keys)"
        case .notThatRolesKey(let key, let role): "\(key) is not a key of the role \(role)"
        case .tooFewKeys(let role, let count, let threshold):
            "\(role) would have \(count) keys and need \(threshold) signatures; nobody could sign it"
        case .badTargetPath(let path):
            "\"\(path)\" cannot be a target's path: relative, no spaces, none of ? # % \\ \", no dotted "
                + "parts, and not \"index\""
        case .tooManyPackages(let count):
            "\(count) packages are more than a repository can list; divide them"
        case .badPackage(let file, let problems):
            "\(file): no handset would install it: " + problems.joined(separator: "; ")
        case .cannotServe(let reason): "cannot serve: \(reason)"
        default: ""
        }
    }
}
