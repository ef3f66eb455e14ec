import DeviceSpec
import DiskImage
import Foundation
import HostSystem

/// A package's files on the build machine as the tree of its payload: what they hold, and nothing of who made
/// them when.
///
/// Files belong to root and are 0644, or 0755 if their owner may execute them; directories are 0755; every
/// time is 0. Symbolic links stay within the payload. Everything else is refused.
enum PayloadTree {
    /// A payload of more files is a mistake in `files:`, such as somebody's home.
    static let entryLimit = 200_000

    static func read(_ description: PackageDescription) throws(PackagingError) -> FileTree {
        let folder = description.filesFolder
        var entries: [FileTree.Entry] = []
        if description.copies.isEmpty || description.isFilesFolderNamed || access(folder, F_OK) == 0 {
            entries = try self.entries(below: folder, as: "")
        }
        for copy in description.copies {
            let source = copy.source.value
            // The name that a person wrote may be a link; what lies below may not leave the payload.
            let real = URL(fileURLWithPath: source).resolvingSymlinksInPath().path
            let entry = try entry(copy.target, at: real)
            entries.append(entry)
            if entry.kind == .directory { entries += try self.entries(below: real, as: copy.target + "/") }
        }
        guard entries.count <= entryLimit else {
            throw .badFile(path: folder, reason: "it holds more than \(entryLimit) files")
        }
        guard !entries.isEmpty else { throw .badFile(path: folder, reason: "it is empty") }
        return FileTree(entries)
    }

    /// Of everything in a folder, with this before their paths.
    private static func entries(
        below folder: String, as prefix: String
    ) throws(PackagingError) -> [FileTree.Entry] {
        var status = stat()
        guard stat(folder, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw .noFiles(folder: folder)
        }
        var entries: [FileTree.Entry] = []
        var pending = [""]
        while let parent = pending.popLast() {
            for name in try names(in: folder + "/" + parent) {
                let entry = try entry(prefix + parent + name, at: "\(folder)/\(parent)\(name)")
                if entry.kind == .directory { pending.append(parent + name + "/") }
                entries.append(entry)
                guard entries.count <= entryLimit else {
                    throw .badFile(path: folder, reason: "it holds more than \(entryLimit) files")
                }
            }
        }
        return entries
    }

    private static func names(in folder: String) throws(PackagingError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw .system(SystemError("list", folder))
        }
    }

    /// - Parameter path: in the payload.
    private static func entry(
        _ path: String, at file: String
    ) throws(PackagingError) -> FileTree.Entry {
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
