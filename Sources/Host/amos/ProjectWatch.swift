import Foundation
import HostSystem

/// Tells when a project has changed (inotify(7)). What begins with a dot is not looked at: `.build`, `.git`,
/// and what editors leave beside a file.
final class ProjectWatch {
    /// Editors write several files, and one of them in several steps: a change is over once nothing has
    /// happened for this long.
    private static let quietMilliseconds: Int32 = 60

    private static let changes = UInt32(
        IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR)

    private let descriptor: Int32
    private let folder: String

    init(_ folder: String) throws {
        self.folder = folder
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw SystemError("watch", folder) }
        try watchFolders()
    }

    deinit { close(descriptor) }

    /// Blocks until something has changed and it is quiet again.
    func wait() throws {
        while !(try take(milliseconds: -1)) {}
        while try take(milliseconds: Self.quietMilliseconds) {}
        // Folders that are new; those that are known are known.
        try watchFolders()
        _ = try take(milliseconds: 0)
    }

    /// Whether something that counts has happened within this time.
    private func take(milliseconds: Int32) throws -> Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, milliseconds) > 0 else { return false }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = read(descriptor, &buffer, buffer.count)
        guard count > 0 else { return false }
        var offset = 0
        var isChange = false
        while offset + MemoryLayout<inotify_event>.size <= count {
            let event = buffer.withUnsafeBytes {
                $0.loadUnaligned(fromByteOffset: offset, as: inotify_event.self)
            }
            let start = offset + MemoryLayout<inotify_event>.size
            let name = buffer[start..<min(start + Int(event.len), count)].prefix { $0 != 0 }
            isChange = isChange || Self.counts(name)
            offset = start + Int(event.len)
        }
        return isChange
    }

    private static func counts(_ name: some Collection<UInt8>) -> Bool {
        guard let first = name.first else { return true }
        return first != UInt8(ascii: ".") && name.suffix(1).first != UInt8(ascii: "~")
    }

    private func watchFolders() throws {
        var pending = [folder]
        while let path = pending.popLast() {
            // One that has just gone is nobody's business any more.
            guard inotify_add_watch(descriptor, path, Self.changes) >= 0 || errno == ENOENT else {
                throw SystemError("watch", path)
            }
            let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
            for name in names where !name.hasPrefix(".") {
                var status = stat()
                let child = "\(path)/\(name)"
                if lstat(child, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { pending.append(child) }
            }
        }
    }
}
