import LinuxSystem
import Packages
import Trust
import Wire

/// Why repositories could not give what was wanted.
enum RepositoryProblem: Error {
    case noRepositories(folder: String)
    case noNetwork(String)
    case system(SystemCallError)
    case trust(repository: String, TrustError)
    case badIndex(repository: String, WireError)
    case package(PackageError)
    case notOffered(String)
    case notRefreshed(repository: String)
    /// What the package service said of a package.
    case refused(PackageID, String)
    case fetch(file: String, String)
    /// A step of the plan takes out what nobody said may go.
    case removes([PackageID])

    var description: String {
        switch self {
        case .noRepositories(let folder):
            "this device has no repositories; its image has them in " + folder
        case .noNetwork(let reason): "cannot reach the transfer service: " + reason
        case .system(let error): error.description
        case .trust(let name, let error): name + ": " + error.description
        case .badIndex(let name, let error): name + ": its index is damaged: " + error.description
        case .package(let error): error.description
        case .notOffered(let id): "no repository offers " + id + "; `amosctl pkg search` shows what there is"
        case .notRefreshed(let name): name + " was never asked; `amosctl pkg refresh` does that"
        case .refused(let id, let reason): id.text + ": " + reason
        case .fetch(let file, let reason): file + ": " + reason
        case .removes(let ids):
            "that would remove " + names(ids) + "; remove what is not needed first"
        }
    }

    private func names(_ ids: [PackageID]) -> String {
        var text = ""
        for id in ids { text += (text.utf8.isEmpty ? "" : ", ") + id.text }
        return text
    }
}
