import DiskImage
import Foundation
import HostSystem

/// A folder of the build machine as a file tree, and back: the same files for our writers and for others'.
enum FolderTree {
    /// - Parameter prefixes: only what is below these names at the top; nil: everything.
    static func read(_ folder: String, only prefixes: Set<String>? = nil) throws -> FileTree {
        var entries: [FileTree.Entry] = []
        var pending = [""]
        while let parent = pending.popLast() {
            for name in try FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(parent)") {
                if parent.isEmpty, let prefixes, !prefixes.contains(name) { continue }
                let path = parent.isEmpty ? name : "\(parent)/\(name)"
                var status = stat()
                guard lstat("\(folder)/\(path)", &status) == 0 else { throw SystemError("read", path) }
                let kind: FileTree.Kind
                switch status.st_mode & S_IFMT {
                case S_IFDIR:
                    kind = .directory
                    pending.append(path)
                case S_IFLNK:
                    kind = .symbolicLink(
                        target: try FileManager.default.destinationOfSymbolicLink(
                            atPath: "\(folder)/\(path)"))
                default:
                    kind = .file(.stored(path: "\(folder)/\(path)", size: UInt64(status.st_size)))
                }
                entries.append(
                    FileTree.Entry(
                        path: path, kind: kind, mode: UInt16(status.st_mode & 0o7777), origin: "folder"))
            }
        }
        return FileTree(entries)
    }

    /// Writes out the files of an EROFS image that starts at `offset`. Owners and device nodes stay behind:
    /// an ordinary user can make neither.
    static func extract(_ image: String, at offset: UInt64, to folder: String) throws {
        let reader = try EROFSReader(image, at: offset)
        let files = FileManager.default
        for entry in try reader.entries() {
            let path = entry.path.isEmpty ? folder : "\(folder)/\(entry.path)"
            switch entry.kind {
            case .directory: try files.createDirectory(atPath: path, withIntermediateDirectories: true)
            case .file:
                try OutputFile.write(
                    reader.contents(of: entry), to: path, permissions: mode_t(entry.mode & 0o777))
            case .symbolicLink(let target):
                try files.createSymbolicLink(atPath: path, withDestinationPath: target)
            default: continue
            }
        }
    }

    /// The first argument of an amos-bench that writes an image and does nothing else.
    static let word = "--write-image"

    /// `FOLDER OUTPUT none|deflate|verity [NAME…]`: prints the seconds that reading the folder and writing
    /// the image took, the start of the program left out.
    static func writeImage(_ words: [String]) throws {
        let start = MeasuredProcess.now
        let names = words.dropFirst(3)
        let tree = try read(words[0], only: names.isEmpty ? nil : Set(names))
        let output = try OutputFile(replacing: words[1])
        let options = EROFSOptions(
            uuid: ImageUUID(seed: "amos/bench"), volumeName: "system",
            compression: words[2] == "deflate" ? .deflate(level: 9) : .none)
        let statistics = try EROFSWriter(options).write(tree, to: output, at: 0)
        if words[2] == "verity" {
            let verity = DMVerity(
                uuid: ImageUUID(seed: "amos/bench"), salt: SHA256Digest.of("amos/bench".utf8).bytes)
            _ = try verity.append(to: output, dataOffset: 0, dataSize: statistics.size)
        }
        try output.commit()
        print(MeasuredProcess.now - start)
    }
}
