import Foundation
import HostSystem

/// A folder that only this user can look into, removed at the end. What a killed run left behind is removed
/// by the next one: the folder's name has its owner's process id.
struct PrivateFolder: ~Copyable {
    private static let prefix = "amos-run."

    let path: String

    init() throws(EmulatorError) {
        let parent = NSTemporaryDirectory()
        Self.sweep(parent)
        var name = "\(parent)/\(Self.prefix)\(getpid()).XXXXXX".utf8CString.map { $0 }
        guard mkdtemp(&name) != nil else { throw .system(SystemError("create a folder in", parent)) }
        path = name.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    private static func sweep(_ parent: String) {
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        where name.hasPrefix(prefix) {
            guard let owner = name.dropFirst(prefix.count).split(separator: ".").first.flatMap({ pid_t($0) }),
                kill(owner, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
        }
    }
}
