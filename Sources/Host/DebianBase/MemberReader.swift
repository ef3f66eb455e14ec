import CArchive
import Foundation
import HostSystem

/// Takes the members of a package's data.tar one by one, stores their bytes and collects the index.
struct MemberReader {
    let package: String
    let folder: String
    let archive: OpaquePointer
    private var records: [String: UnpackedIndex.Record] = [:]
    private var memberCount = 0
    private var storedBytes: UInt64 = 0
    private var nextNumber: UInt32 = 0
    private var buffer = [UInt8](repeating: 0, count: 256 << 10)

    /// Folders that Debian merged into `usr` (usr-merge); older packages still name them.
    private static let merged: Set<Substring> = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]

    init(package: String, folder: String, archive: OpaquePointer) {
        self.package = package
        self.folder = folder
        self.archive = archive
    }

    mutating func take(_ member: OpaquePointer) throws(DebianError) {
        memberCount += 1
        guard memberCount <= Unpacker.entryLimit else {
            throw refuse("it has more than \(Unpacker.entryLimit) entries")
        }
        let name = try text(archive_entry_pathname(member), of: "a name")
        let isDirectory = archive_entry_filetype(member) == S_IFDIR
        guard let path = try place(name, isDirectory: isDirectory) else { return }
        let number = nextNumber
        let kind = try kind(of: member, path: path)
        let entry = UnpackedPackage.Entry(
            path: path, kind: kind, mode: UInt16(archive_entry_perm(member) & 0o7777),
            userID: try identifier(archive_entry_uid(member)),
            groupID: try identifier(archive_entry_gid(member)),
            modificationTime: Int64(archive_entry_mtime(member)))
        if let earlier = records[path], earlier.entry.kind != .directory || kind != .directory {
            throw refuse("it has \(path) twice")
        }
        records[path] = UnpackedIndex.Record(entry: entry, number: number)
    }

    /// Sorted; every parent must be a folder, or an entry could hide behind a link.
    func finish() throws(DebianError) -> [UnpackedIndex.Record] {
        for path in records.keys {
            var parent = Substring(path)
            while let slash = parent.utf8.lastIndex(of: UInt8(ascii: "/")) {
                parent = parent[..<slash]
                guard let record = records[String(parent)] else { continue }
                guard record.entry.kind == .directory else {
                    throw refuse("\(path) lies below \(parent), which is no folder")
                }
            }
        }
        return records.values.sorted { $0.entry.path.utf8.lexicographicallyPrecedes($1.entry.path.utf8) }
    }

    /// `./lib/x` → `usr/lib/x`; nil for the root and for the merged folders' own entries.
    private func place(_ name: String, isDirectory: Bool) throws(DebianError) -> String? {
        guard !name.hasPrefix("/") else { throw refuse("it has the absolute path \(name)") }
        var steps = name.split(separator: "/").filter { $0 != "." }
        guard !steps.contains("..") else { throw refuse("it has the path \(name)") }
        guard let first = steps.first else { return nil }
        if Self.merged.contains(first) && (steps.count > 1 || isDirectory) { steps.insert("usr", at: 0) }
        return steps.joined(separator: "/")
    }

    private mutating func kind(of member: OpaquePointer, path: String) throws(DebianError)
        -> UnpackedPackage.Kind
    {
        if let link = archive_entry_hardlink(member) {
            let target = try place(try text(link, of: "a link"), isDirectory: false) ?? ""
            guard case .file = records[target]?.entry.kind else {
                throw refuse("\(path) is a hard link to \(target), which is no file before it")
            }
            return .hardLink(to: target)
        }
        switch archive_entry_filetype(member) {
        case S_IFDIR: return .directory
        case S_IFREG: return try store(path)
        case S_IFLNK: return .symbolicLink(target: try text(archive_entry_symlink(member), of: "a link"))
        case S_IFCHR:
            return .characterDevice(
                major: UInt32(archive_entry_rdevmajor(member)), minor: UInt32(archive_entry_rdevminor(member))
            )
        case S_IFBLK:
            return .blockDevice(
                major: UInt32(archive_entry_rdevmajor(member)), minor: UInt32(archive_entry_rdevminor(member))
            )
        case S_IFIFO: return .fifo
        default: throw refuse("\(path) is of a kind that packages do not have")
        }
    }

    /// Writes the current member's bytes to the next numbered file.
    private mutating func store(_ path: String) throws(DebianError) -> UnpackedPackage.Kind {
        let stored = "\(folder)/files/\(nextNumber)"
        nextNumber += 1
        // Read-only: sysroots share these files by hard links.
        let descriptor = open(stored, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
        guard descriptor >= 0 else { throw .system(SystemError("create", stored)) }
        defer { close(descriptor) }
        var hasher = SHA256Hasher()
        var size: UInt64 = 0
        while true {
            let count = archive_read_data(archive, &buffer, buffer.count)
            if count == 0 { break }
            guard count > 0 else { throw refuse("\(path): \(Unpacker.message(archive))") }
            size += UInt64(count)
            storedBytes += UInt64(count)
            guard storedBytes <= Unpacker.byteLimit else {
                throw refuse("it unpacks to more than \(Unpacker.byteLimit >> 20) MiB")
            }
            hasher.update(buffer[..<count])
            try write(count, to: descriptor, stored)
        }
        return .file(storedPath: stored, size: size, digest: hasher.finish())
    }

    private func write(_ count: Int, to descriptor: Int32, _ path: String) throws(DebianError) {
        var done = 0
        while done < count {
            let written = buffer.withUnsafeBytes {
                Foundation.write(descriptor, $0.baseAddress! + done, count - done)
            }
            if written < 0 && errno == EINTR { continue }
            guard written > 0 else { throw .system(SystemError("write", path)) }
            done += written
        }
    }

    private func text(_ pointer: UnsafePointer<CChar>?, of what: String) throws(DebianError) -> String {
        guard let pointer, strlen(pointer) <= Unpacker.pathLimit else {
            throw refuse("\(what) in it is missing, unreadable or too long")
        }
        guard let text = String(validatingCString: pointer) else {
            throw refuse("\(what) in it is not UTF-8")
        }
        return text
    }

    private func identifier(_ value: la_int64_t) throws(DebianError) -> UInt32 {
        guard let identifier = UInt32(exactly: value) else { throw refuse("it has the owner \(value)") }
        return identifier
    }

    private func refuse(_ reason: String) -> DebianError { .malformed(package: package, reason: reason) }
}
