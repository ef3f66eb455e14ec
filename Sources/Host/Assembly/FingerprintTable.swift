import Foundation
import HostSystem

/// SHA-256 of input files, remembered by what `stat` says of them, so that a build that changes nothing reads
/// no content at all.
public final class FingerprintTable {
    /// What tells that a file is the one that was hashed. `ctime` is there because tools that restore `mtime`
    /// (git, rsync, cp -p) cannot restore it.
    struct Identity: Equatable {
        var inode: UInt64
        var size: Int64
        var modified: Int64
        var changed: Int64
    }

    /// A file changed this close to the moment it was hashed might change again within the same clock tick.
    private static let settledNanoseconds: Int64 = 20_000_000

    private var known: [String: (identity: Identity, digest: SHA256Digest)] = [:]
    private let file: String
    private var isChanged = false

    /// Starts from the table that an earlier run saved; an unreadable one only costs time.
    public init(savedAt file: String) {
        self.file = file
        guard let text = try? String(contentsOfFile: file, encoding: .utf8) else { return }
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5).map { String($0) ?? "" }
            guard fields.count == 6, let digest = SHA256Digest(hex: fields[0]), let inode = UInt64(fields[1]),
                let size = Int64(fields[2]), let modified = Int64(fields[3]), let changed = Int64(fields[4])
            else { continue }
            let identity = Identity(inode: inode, size: size, modified: modified, changed: changed)
            known[fields[5]] = (identity, digest)
        }
    }

    public func digest(of path: String) throws(SystemError) -> SHA256Digest {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SystemError("read", path) }
        let identity = Identity(
            inode: UInt64(status.st_ino), size: Int64(status.st_size), modified: status.st_mtim.nanoseconds,
            changed: status.st_ctim.nanoseconds)
        if let entry = known[path], entry.identity == identity { return entry.digest }
        let digest = try Self.hash(path)
        if Self.now() - identity.changed > Self.settledNanoseconds {
            known[path] = (identity, digest)
            isChanged = true
        }
        return digest
    }

    /// One digest for files and folders with everything below them: names and contents, nothing else of them.
    public func digest(ofTree paths: [String], relativeTo root: String) throws(SystemError) -> SHA256Digest {
        var hasher = SHA256Hasher()
        for path in try Self.filesBelow(paths) {
            hasher.update((path.hasPrefix(root) ? String(path.dropFirst(root.count)) : path).utf8)
            hasher.update([0])
            hasher.update(try digest(of: path).bytes)
        }
        return hasher.finish()
    }

    /// Every regular file at or below the paths, sorted; links and dot files below them are not looked at.
    public static func filesBelow(_ paths: [String]) throws(SystemError) -> [String] {
        var files: [String] = []
        var pending = paths
        while let path = pending.popLast() {
            var status = stat()
            guard lstat(path, &status) == 0 else { throw SystemError("read", path) }
            if status.st_mode & S_IFMT == S_IFDIR {
                let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
                pending += names.filter { !$0.hasPrefix(".") }.map { "\(path)/\($0)" }
            } else if status.st_mode & S_IFMT == S_IFREG {
                files.append(path)
            }
        }
        return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Keeps the table for the next run, if this one learned anything.
    public func save() throws(SystemError) {
        guard isChanged else { return }
        var text = ""
        for (path, entry) in known.sorted(by: { $0.key < $1.key }) where !path.contains("\n") {
            let identity = entry.identity
            text += "\(entry.digest) \(identity.inode) \(identity.size) \(identity.modified)"
            text += " \(identity.changed) \(path)\n"
        }
        try OutputFile.write(text, to: file)
    }

    /// Reads a file in pieces of 1 MiB: large enough to amortise the call, small enough not to count.
    public static func hash(_ path: String) throws(SystemError) -> SHA256Digest {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw SystemError("read", path) }
        defer { close(descriptor) }
        var hasher = SHA256Hasher()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        while true {
            let count = read(descriptor, buffer.baseAddress, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw SystemError("read", path)
            }
            if count == 0 { return hasher.finish() }
            hasher.update(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.nanoseconds
    }
}

extension timespec {
    fileprivate var nanoseconds: Int64 { Int64(tv_sec) * 1_000_000_000 + Int64(tv_nsec) }
}
