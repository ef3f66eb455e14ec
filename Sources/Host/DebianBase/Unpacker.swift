import CArchive
import Foundation
import HostSystem

/// Unpacks a .deb (deb(5)) into the cache, once.
///
///     !<arch>            ar, read by libarchive
///     debian-binary      "2.0"
///     control.tar.*      maintainer scripts: not read
///     data.tar.*         the files, read by a second libarchive reader that pulls from the first
///
/// Files are stored under numbers and links are only written down, so whatever names and targets the archive
/// holds, nothing outside the package's own folder can be created or followed.
enum Unpacker {
    /// A kernel package has 5,000 entries; ten times that is no package for a handset.
    static let entryLimit = 50_000
    /// The kernel is 120 MB, a desktop's largest packages 500 MB.
    static let byteLimit: UInt64 = 2 << 30
    /// PATH_MAX of Linux.
    static let pathLimit = 4096

    /// Throws `.corrupted` if the file is not the one that the lock names.
    static func unpack(
        _ package: LockedPackage, deb: String, cache: CacheFolder
    ) throws(DebianError) {
        let parent = try cache.folder("unpacked")
        let file = try wrapping { () throws(SystemError) in try MappedFile(deb) }
        guard file.digest() == package.sha256 else { throw .corrupted(package: package.name) }
        let folder = try makeWorkFolder(in: parent)
        defer { removeTree(folder) }
        try makeFolders("\(folder)/files")
        let records = try file.withBytes { bytes throws(DebianError) in
            try read(bytes, package: package.name, into: folder)
        }
        try wrapping { () throws(SystemError) in
            let index = try OutputFile(replacing: "\(folder)/index")
            try index.write(UnpackedIndex.write(records), at: 0)
            try index.commit()
        }
        let destination = UnpackedPackage.folder(package, in: cache)
        if rename(folder, destination) == 0 { return }
        // Another process was faster, or an incomplete one stands there.
        if UnpackedPackage.exists(package, in: cache) { return }
        removeTree(destination)
        guard rename(folder, destination) == 0 else {
            throw .system(SystemError("rename to", destination))
        }
    }

    private static func read(
        _ bytes: UnsafeRawBufferPointer, package: String, into folder: String
    ) throws(DebianError) -> [UnpackedIndex.Record] {
        let outer = archive_read_new()!
        defer { archive_read_free(outer) }
        archive_read_support_format_ar(outer)
        guard archive_read_open_memory(outer, bytes.baseAddress, bytes.count) == ARCHIVE_OK else {
            throw .malformed(package: package, reason: message(outer))
        }
        var entry: OpaquePointer?
        while archive_read_next_header(outer, &entry) == ARCHIVE_OK {
            guard let entry, let name = archive_entry_pathname(entry) else { continue }
            if String(cString: name).hasPrefix("data.tar") {
                return try readData(outer, package: package, into: folder)
            }
        }
        throw .malformed(package: package, reason: "it has no data.tar")
    }

    private static func readData(
        _ outer: OpaquePointer, package: String, into folder: String
    ) throws(DebianError) -> [UnpackedIndex.Record] {
        let inner = archive_read_new()!
        defer { archive_read_free(inner) }
        archive_read_support_format_tar(inner)
        archive_read_support_filter_gzip(inner)
        archive_read_support_filter_xz(inner)
        archive_read_support_filter_lzma(inner)
        archive_read_support_filter_bzip2(inner)
        archive_read_support_filter_zstd(inner)
        let opened = archive_read_open(inner, UnsafeMutableRawPointer(outer), nil, pullBlock, nil)
        guard opened == ARCHIVE_OK else { throw .malformed(package: package, reason: message(inner)) }
        var members = MemberReader(package: package, folder: folder, archive: inner)
        var entry: OpaquePointer?
        while true {
            let status = archive_read_next_header(inner, &entry)
            if status == ARCHIVE_EOF { break }
            guard status == ARCHIVE_OK || status == ARCHIVE_WARN, let entry else {
                throw .malformed(package: package, reason: message(inner))
            }
            try members.take(entry)
        }
        return try members.finish()
    }

    static func message(_ archive: OpaquePointer) -> String {
        guard let text = archive_error_string(archive) else { return "libarchive gives no reason" }
        return String(cString: text)
    }
}

/// `rm -r`; what is not there is no matter.
func removeTree(_ path: String) {
    try? FileManager.default.removeItem(atPath: path)
}

/// The inner reader's source of bytes: the next block of the outer reader's current member.
private func pullBlock(
    _: OpaquePointer?, outer: UnsafeMutableRawPointer?, block: UnsafeMutablePointer<UnsafeRawPointer?>?
) -> la_ssize_t {
    var size = 0
    var offset: la_int64_t = 0
    switch archive_read_data_block(OpaquePointer(outer), block, &size, &offset) {
    case ARCHIVE_OK: return size
    case ARCHIVE_EOF: return 0
    default: return -1
    }
}
