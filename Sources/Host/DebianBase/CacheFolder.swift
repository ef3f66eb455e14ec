import Foundation
import HostSystem

/// The folder that all of a person's builds share: `$AMOS_CACHE`, else `~/.cache/amos`.
///
///     packages/SHA256.deb       whole downloads; packages/partial/ the others
///     unpacked/SHA256/index     what the package holds; unpacked/SHA256/files/N the bytes
///     sysroots/KEY/             headers and libraries for handset programs
///     apt/KEY/                  apt's private package lists
public struct CacheFolder: Sendable, Equatable {
    public let path: String

    public init(path: String) { self.path = path }

    public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        if let path = environment["AMOS_CACHE"], !path.isEmpty {
            self.path = URL(fileURLWithPath: path).standardizedFileURL.path
        } else {
            path = (environment["HOME"] ?? NSHomeDirectory()) + "/.cache/amos"
        }
    }

    /// A folder below, made if it is not there.
    func folder(_ name: String) throws(DebianError) -> String {
        let folder = "\(path)/\(name)"
        try makeFolders(folder)
        return folder
    }
}

/// `mkdir -p`.
func makeFolders(_ path: String) throws(DebianError) {
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
    guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
        throw .system(SystemError("create", path))
    }
    try makeFolders(String(path[..<slash]))
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .system(SystemError("create", path)) }
}

/// A new folder whose content will be renamed into place. The process number in its name tells `gc` whether
/// what it finds was left by a process that was killed.
func makeWorkFolder(in parent: String) throws(DebianError) -> String {
    var template = Array("\(parent)/.partial-\(getpid())-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw .system(SystemError("create a folder in", parent)) }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    // mkdtemp's 0700 would shut other users out of a shared cache.
    chmod(path, 0o755)
    return path
}
