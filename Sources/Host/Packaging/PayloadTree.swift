import DiskImage
import Foundation
import HostSystem

/// A folder of the build machine as the tree of a payload: what it holds, and nothing of who made it when.
///
/// Files belong to root and are 0644, or 0755 if their owner may execute them; directories are 0755; every
/// time is 0. Symbolic links stay within the payload. Everything else is refused.
enum PayloadTree {
    /// A payload of more files is a mistake in `files:`, such as somebody's home.
    static let entryLimit = 200_000

    static func read(_ folder: String) throws(PackagingError) -> FileTree {
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .noFiles(folder: folder)
        }
        var entries: [FileTree.Entry] = []
        var pending = [""]
        while let parent = pending.popLast() {
            for name in try names(in: parent.isEmpty ? folder : "\(folder)/\(parent)") {
                let path = parent.isEmpty ? name : "\(parent)/\(name)"
                let entry = try entry(path, in: folder)
                if entry.kind == .directory { pending.append(path) }
                entries.append(entry)
                guard entries.count <= entryLimit else {
                    throw .badFile(path: folder, reason: "it holds more than \(entryLimit) files")
                }
            }
        }
        guard !entries.isEmpty else { throw .badFile(path: folder, reason: "it is empty") }
        return FileTree(entries)
    }

    private static func names(in folder: String) throws(PackagingError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw .system(SystemError("list", folder))
        }
    }

    private static func entry(_ path: String, in folder: String) throws(PackagingError) -> FileTree.Entry {
        let file = "\(folder)/\(path)"
        var status = stat()
        guard lstat(file, &status) == 0 else { throw .system(SystemError("examine", file)) }
        guard path.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7f }) else {
            throw .badFile(path: file, reason: "its name has control characters")
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: return .init(path: path, kind: .directory, mode: 0o755, origin: "package")
        case S_IFREG:
            return .init(
                path: path, kind: .file(.stored(path: file, size: UInt64(status.st_size))),
                mode: status.st_mode & 0o100 != 0 ? 0o755 : 0o644, origin: "package")
        case S_IFLNK:
            return .init(
                path: path, kind: .symbolicLink(target: try target(of: path, at: file)), mode: 0o777,
                origin: "package")
        default: throw .badFile(path: file, reason: "it is neither a file, a folder nor a symbolic link")
        }
    }

    private static func target(of path: String, at file: String) throws(PackagingError) -> String {
        guard let target = try? FileManager.default.destinationOfSymbolicLink(atPath: file) else {
            throw .system(SystemError("read the link", file))
        }
        // Where the payload is mounted is the handset's business.
        var depth = path.utf8.count { $0 == UInt8(ascii: "/") }
        for part in target.split(separator: "/") where part != "." {
            depth += part == ".." ? -1 : 1
            if depth < 0 { break }
        }
        guard !target.hasPrefix("/"), depth >= 0 else {
            throw .badFile(path: file, reason: "it links to \(target), which is outside of the payload")
        }
        return target
    }
}
