import CArchive
import Foundation
import HostSystem

/// Writes a tree as a cpio archive in the "newc" format, the one a kernel unpacks as its first root file
/// system. libarchive knows the format; what is decided here is that equal trees give equal bytes: inode
/// numbers count upwards, and owners and times come from the tree.
public struct CPIOWriter {
    public init() {}

    /// Appends the archive to an output that is still empty.
    public func write(_ tree: FileTree, to output: borrowing OutputFile) throws(DiskImageError) {
        let index = try TreeIndex(tree)
        guard let archive = archive_write_new(), let entry = archive_entry_new() else {
            throw .archive(path: "", message: "out of memory")
        }
        defer {
            archive_entry_free(entry)
            archive_write_free(archive)
        }
        archive_write_set_format_cpio_newc(archive)
        // No padding to a tape's record size.
        archive_write_set_bytes_per_block(archive, 1 << 16)
        archive_write_set_bytes_in_last_block(archive, 1)
        try check(archive_write_open_fd(archive, output.descriptor), archive, "")
        for (position, node) in index.nodeOfEntry.enumerated() where !tree.entries[position].path.isEmpty {
            let isFirst = index.nodes[node].entry == position
            try append(tree, position, index.nodes[node], node, isFirst: isFirst, entry, archive)
        }
        try check(archive_write_close(archive), archive, "")
    }

    private func append(
        _ tree: FileTree, _ position: Int, _ node: TreeIndex.Node, _ number: Int, isFirst: Bool,
        _ header: OpaquePointer, _ archive: OpaquePointer
    ) throws(DiskImageError) {
        let path = tree.entries[position].path
        let source = tree.entries[node.entry]
        archive_entry_clear(header)
        archive_entry_set_pathname(header, path)
        archive_entry_set_mode(header, mode_t(node.mode))
        archive_entry_set_uid(header, Int64(source.userID))
        archive_entry_set_gid(header, Int64(source.groupID))
        archive_entry_set_mtime(header, Int(source.modificationTime), 0)
        archive_entry_set_nlink(header, node.links)
        archive_entry_set_ino64(header, Int64(number) + 1)
        archive_entry_set_size(header, 0)
        switch source.kind {
        case .symbolicLink(let target): archive_entry_set_symlink(header, target)
        case .characterDevice(let major, let minor), .blockDevice(let major, let minor):
            archive_entry_set_rdevmajor(header, dev_t(major))
            archive_entry_set_rdevminor(header, dev_t(minor))
        case .file(let content) where isFirst:
            archive_entry_set_size(header, Int64(content.size))
            try check(archive_write_header(archive, header), archive, path)
            return try append(content, archive, path)
        default: break
        }
        try check(archive_write_header(archive, header), archive, path)
    }

    private func append(
        _ content: FileTree.Content, _ archive: OpaquePointer, _ path: String
    ) throws(DiskImageError) {
        let reader = try ContentReader(content)
        var offset: UInt64 = 0
        while offset < content.size {
            let piece = try reader.bytes(at: offset, count: Int(min(content.size - offset, 1 << 20)))
            guard archive_write_data(archive, piece, piece.count) == piece.count else {
                throw .archive(path: path, message: String(cString: archive_error_string(archive)))
            }
            offset += UInt64(piece.count)
        }
    }

    private func check(
        _ status: Int32, _ archive: OpaquePointer, _ path: String
    ) throws(DiskImageError) {
        guard status == ARCHIVE_OK else {
            let message = archive_error_string(archive).map { String(cString: $0) } ?? "status \(status)"
            throw .archive(path: path, message: message)
        }
    }
}
