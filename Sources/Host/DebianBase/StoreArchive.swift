import CArchive
import Foundation
import HostSystem

/// A lock and its packages in one file, for a machine without network.
///
///     tar:  amos.lock                 the lock as text, first
///           packages/SHA256.deb       each package of the lock, sorted
extension PackageStore {
    private static let lockName = "amos.lock"

    /// Writes `path` whole or not at all. Equal locks give equal archives.
    public func export(_ lock: PackageLock, to path: String) throws(DebianError) {
        let absent = missing(lock.packages)
        guard absent.isEmpty else { throw .notCached(packages: absent.map(\.name)) }
        let output = try wrapping { () throws(SystemError) in try OutputFile(replacing: path) }
        let writer = archive_write_new()!
        defer { archive_write_free(writer) }
        archive_write_set_format_ustar(writer)
        guard archive_write_open_fd(writer, output.descriptor) == ARCHIVE_OK else {
            throw .system(SystemError("write", path, code: archive_errno(writer)))
        }
        let text = Array(lock.text.utf8)
        try text.withUnsafeBytes { bytes in
            Result { () throws(DebianError) in try append(bytes, as: Self.lockName, to: writer, path) }
        }.get()
        for package in lock.packages.sorted(by: { $0.sha256 < $1.sha256 }) {
            let file = try wrapping { () throws(SystemError) in try MappedFile(debPath(package)) }
            // What leaves this machine is checked once more: the other one cannot fetch it anew.
            guard file.digest() == package.sha256 else {
                unlink(debPath(package))
                throw .notCached(packages: [package.name])
            }
            try file.withBytes { bytes throws(DebianError) in
                try append(bytes, as: "packages/\(package.sha256).deb", to: writer, path)
            }
        }
        guard archive_write_close(writer) == ARCHIVE_OK else {
            throw .system(SystemError("write", path, code: archive_errno(writer)))
        }
        do { try output.commit(durable: true) } catch { throw .system(error) }
    }

    private func append(
        _ bytes: UnsafeRawBufferPointer, as name: String, to writer: OpaquePointer, _ path: String
    ) throws(DebianError) {
        let entry = archive_entry_new()!
        defer { archive_entry_free(entry) }
        archive_entry_set_pathname(entry, name)
        archive_entry_set_filetype(entry, UInt32(0o100000))
        archive_entry_set_perm(entry, 0o644)
        archive_entry_set_size(entry, la_int64_t(bytes.count))
        guard archive_write_header(writer, entry) == ARCHIVE_OK,
            archive_write_data(writer, bytes.baseAddress, bytes.count) == bytes.count
        else { throw .system(SystemError("write", path, code: archive_errno(writer))) }
    }

    /// Takes over the packages of an export after checking each against the lock inside, which it returns.
    @discardableResult
    public func importArchive(_ path: String) throws(DebianError) -> PackageLock {
        _ = try cache.folder("packages/partial")
        let guarding = try wrapping { () throws(SystemError) in try FileLock("\(cache.path)/packages/lock") }
        defer { withExtendedLifetime(guarding.descriptor) {} }
        let reader = archive_read_new()!
        defer { archive_read_free(reader) }
        archive_read_support_format_tar(reader)
        guard archive_read_open_filename(reader, path, 1 << 20) == ARCHIVE_OK else {
            throw .badStoreArchive(file: path, reason: Unpacker.message(reader))
        }
        var entry: OpaquePointer?
        guard archive_read_next_header(reader, &entry) == ARCHIVE_OK, let first = entry,
            String(cString: archive_entry_pathname(first)) == Self.lockName
        else { throw .badStoreArchive(file: path, reason: "it does not begin with a lock") }
        let lock = try PackageLock.parse(
            String(decoding: try content(reader, limit: 16 << 20, path), as: UTF8.self), file: path)
        var pending = Dictionary(
            lock.packages.map { ("packages/\($0.sha256).deb", $0) }, uniquingKeysWith: { first, _ in first })
        while archive_read_next_header(reader, &entry) == ARCHIVE_OK, let member = entry {
            // Only names that the lock expects are taken; nothing else is written anywhere.
            guard let name = archive_entry_pathname(member),
                let package = pending.removeValue(forKey: String(cString: name))
            else { continue }
            try take(package, from: reader, path)
        }
        let absent = missing(lock.packages)
        guard absent.isEmpty else {
            throw .badStoreArchive(
                file: path, reason: "it lacks \(absent.map(\.name).joined(separator: ", "))")
        }
        return lock
    }

    private func take(_ package: LockedPackage, from reader: OpaquePointer, _ path: String)
        throws(DebianError)
    {
        let bytes = try content(reader, limit: package.size, path)
        guard SHA256Digest.of(bytes).description == package.sha256 else {
            throw .badStoreArchive(file: path, reason: "\(package.name) is damaged")
        }
        try wrapping { () throws(SystemError) in
            let output = try OutputFile(replacing: debPath(package))
            try output.write(bytes, at: 0)
            try output.commit()
        }
    }

    private func content(_ reader: OpaquePointer, limit: UInt64, _ path: String) throws(DebianError)
        -> [UInt8]
    {
        var bytes: [UInt8] = []
        // Growing step by step would hold a kernel package twice; the limit comes from the archive and may
        // lie.
        bytes.reserveCapacity(Int(min(limit, 256 << 20)))
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = archive_read_data(reader, &buffer, buffer.count)
            if count == 0 { return bytes }
            guard count > 0 else { throw .badStoreArchive(file: path, reason: Unpacker.message(reader)) }
            bytes += buffer[..<count]
            guard UInt64(bytes.count) <= limit else {
                throw .badStoreArchive(file: path, reason: "a member is larger than the lock says")
            }
        }
    }
}
