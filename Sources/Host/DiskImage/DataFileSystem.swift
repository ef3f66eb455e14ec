import Foundation
import HostSystem

/// Makes the empty ext4 file system of the `data` partition with mke2fs: small, because its pristine copy
/// travels in the boot image, and ready to be grown by the kernel while it is mounted.
public struct DataFileSystem: Sendable {
    /// Far more than a handset of this kind has; it costs a few blocks.
    private static let largestSize: UInt64 = 256 << 30
    /// The smallest journal that ext4 takes with 4 KiB blocks: 1024 of them.
    private static let journalMebibytes = 4
    /// Named one by one: the defaults live in a file of the build machine.
    /// `verity` is what packages rest on; `uninit_bg` and lazy tables are replaced by checksums and full
    /// tables.
    private static let features = [
        "none", "has_journal", "ext_attr", "resize_inode", "dir_index", "filetype", "extent", "64bit",
        "flex_bg", "sparse_super", "large_file", "huge_file", "dir_nlink", "extra_isize", "metadata_csum",
        "verity",
    ]

    public struct Directory: Sendable, Equatable {
        /// Relative; parents come first in the list.
        public let path: String
        public let mode: UInt16
        public let userID: UInt32
        public let groupID: UInt32

        public init(path: String, mode: UInt16, userID: UInt32 = 0, groupID: UInt32 = 0) {
            self.path = path
            self.mode = mode
            self.userID = userID
            self.groupID = groupID
        }
    }

    public let label: String
    public let uuid: ImageUUID
    /// In bytes; at least 16 MiB, a multiple of 4 KiB.
    public let size: UInt64
    /// What it holds apart from lost+found.
    public let directories: [Directory]
    /// Every time in it, in seconds since the epoch; 0 would mean "now" to mke2fs.
    public let time: Int64

    public init(
        label: String = "data", uuid: ImageUUID, size: UInt64 = 24 << 20, directories: [Directory] = [],
        time: Int64 = 1
    ) {
        self.label = label
        self.uuid = uuid
        self.size = size
        self.directories = directories
        self.time = max(time, 1)
    }

    /// The program that decides what the file system looks like.
    public static func tool() throws(Tool.Failure) -> Tool { try Tool("mke2fs", package: "e2fsprogs") }

    /// Writes the file system as a file, sparse, whole or not at all.
    public func write(to destination: String) throws(DiskImageError) {
        // mke2fs would leave the journal out of anything smaller, without an error.
        guard size >= 16 << 20, size % 4096 == 0 else {
            throw .invalidLayout(
                reason: "the data file system has \(size) bytes; it needs whole blocks and at least 16 MiB")
        }
        let output = try system { () throws(SystemError) in try OutputFile(replacing: destination) }
        let largest = Self.largestSize / 4096
        try run(
            "mke2fs",
            [
                "-q", "-F", "-b", "4096", "-I", "256", "-i", "16384", "-m", "0", "-L", label,
                "-U", uuid.description, "-o", "Linux", "-O", Self.features.joined(separator: ","),
                "-J", "size=\(Self.journalMebibytes)",
                "-E",
                "hash_seed=\(uuid),root_owner=0:0,lazy_itable_init=0,lazy_journal_init=0,nodiscard,"
                    + "resize=\(largest)",
                output.temporaryPath, "\(size / 1024)k",
            ])
        if !directories.isEmpty { try makeDirectories(output.temporaryPath) }
        do { try output.commit() } catch { throw .system(error) }
    }

    /// With debugfs, because mke2fs would take owners and times from a folder of the build machine.
    private func makeDirectories(_ image: String) throws(DiskImageError) {
        var commands = ""
        for directory in directories {
            let path = "/" + directory.path
            guard path.utf8.allSatisfy({ $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "\"") }) else {
                throw .invalidEntry(
                    path: directory.path, reason: "directories of data have plain ASCII names")
            }
            commands += "mkdir \(path)\n"
            commands +=
                "set_inode_field \(path) mode 0\(String(0o040000 | directory.mode & 0o7777, radix: 8))\n"
            commands += "set_inode_field \(path) uid \(directory.userID)\n"
            commands += "set_inode_field \(path) gid \(directory.groupID)\n"
        }
        let script = image + ".commands"
        guard FileManager.default.createFile(atPath: script, contents: Data(commands.utf8)) else {
            throw .system(SystemError("create", script))
        }
        defer { unlink(script) }
        // debugfs ends with status 0 whatever happens; after its version line it complains only if it must.
        let complaint = try run("debugfs", ["-w", "-f", script, image])
        guard complaint.split(separator: "\n").count <= 1 else { throw .tool(message: complaint) }
    }

    @discardableResult
    private func run(_ name: String, _ arguments: [String]) throws(DiskImageError) -> String {
        let environment = [
            "E2FSPROGS_FAKE_TIME": String(time), "MKE2FS_CONFIG": "/dev/null", "LC_ALL": "C", "TZ": "UTC",
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
        ]
        do {
            return try Tool(name, package: "e2fsprogs").check(arguments, environment: environment).errorText
        } catch {
            throw .tool(message: error.description)
        }
    }
}
