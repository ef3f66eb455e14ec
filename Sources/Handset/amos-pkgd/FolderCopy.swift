import LinuxSystem
import Wire

/// Copies an app's data for the version that comes after it.
///
/// ext4 shares no blocks between files, and a hard link would change with the original: the bytes are copied,
/// and so there is a limit. What is beyond it, or is no file, folder or link, makes the whole not copied.
struct FolderCopy {
    /// Copied in some seconds on slow storage, during which nothing else is installed.
    static let byteLimit: UInt64 = 64 << 20
    static let entryLimit = 4_096
    private static let pieceSize = 128 << 10

    private let user: UInt32
    private var bytes: UInt64 = 0
    private var entries = 0
    private var piece = [UInt8](repeating: 0, count: FolderCopy.pieceSize)

    init(user: UInt32) { self.user = user }

    /// False: it cannot be copied as a whole.
    mutating func copy(
        _ source: HeldDescriptor, to target: HeldDescriptor, depth: Int = 0
    ) throws(SystemCallError) -> Bool {
        let names = try Directory.names(in: Beneath.path(source), limit: Self.entryLimit)
        entries += names.count
        guard entries < Self.entryLimit, depth < FolderTree.depthLimit else { return false }
        for bytes in names {
            let name = String(decoding: bytes, as: UTF8.self)
            // Paths are text here; another name would be looked for.
            guard name.utf8.elementsEqual(bytes) else { return false }
            guard try copyEntry(name, source, to: target, depth) else { return false }
        }
        return true
    }

    private mutating func copyEntry(
        _ name: String, _ source: HeldDescriptor, to target: HeldDescriptor, _ depth: Int
    ) throws(SystemCallError) -> Bool {
        let from = Beneath.path(source, name)
        let to = Beneath.path(target, name)
        let facts = try FileFacts(of: from, followsLinks: false)
        switch facts.type {
        case FileFacts.fileType: return try copyFile(from, to, facts)
        case FileFacts.linkType:
            guard let link = Directory.target(ofLink: from) else { return false }
            try Directory.link(to, to: link)
            if ChildProcess.effectiveUser == 0 { try Directory.own(to, user: user, group: user) }
            return true
        case FileFacts.directoryType:
            let inner = HeldDescriptor(try FileDescriptor.open(from, [.readOnly, .directory, .noFollow]))
            try Directory.make(to, permissions: 0o700)
            let copy = HeldDescriptor(try FileDescriptor.open(to, [.readOnly, .directory, .noFollow]))
            guard try self.copy(inner, to: copy, depth: depth + 1) else { return false }
            try settle(copy, facts)
            return true
        default: return false
        }
    }

    private mutating func copyFile(
        _ from: String, _ to: String, _ facts: FileFacts
    ) throws(SystemCallError) -> Bool {
        // Not waiting: it may be a pipe by now.
        let source = HeldDescriptor(try FileDescriptor.open(from, [.readOnly, .noFollow, .nonBlocking]))
        guard try source.descriptor.status().kind == .file else { return false }
        let target = HeldDescriptor(
            try FileDescriptor.open(to, [.writeOnly, .create, .exclusive, .noFollow], permissions: 0o600))
        var offset: UInt64 = 0
        while true {
            let count = try source.descriptor.fill(&piece, at: offset)
            if count == 0 { break }
            bytes += UInt64(count)
            guard bytes <= Self.byteLimit else { return false }
            try target.descriptor.write(piece.span.extracting(0..<count), at: offset)
            offset += UInt64(count)
        }
        try settle(target, facts)
        return true
    }

    /// Owner first: it takes the special bits away, which no copy has.
    private func settle(_ copy: HeldDescriptor, _ facts: FileFacts) throws(SystemCallError) {
        try DataFolders.own(copy.descriptor, user)
        try copy.descriptor.setPermissions(facts.mode & 0o777)
        try copy.descriptor.setModified(facts.modified)
    }
}
