import LinuxSystem
import Wire

/// Apps' own data: `ID/NUMBER`. Root's down to the id, so that no app can move its own folder, or look for
/// others'; the numbered folder is the app's.
struct DataFolders {
    private let root: String

    init(_ root: String) throws(SystemCallError) {
        self.root = root
        try Directory.makeAll(root)
    }

    /// An ordinary user, in tests, is nobody else.
    static func own(_ folder: borrowing FileDescriptor, _ user: UInt32) throws(SystemCallError) {
        if ChildProcess.effectiveUser == 0 { try folder.setOwner(user, group: user) }
    }

    private func parent(_ id: String) -> String { root + "/" + id }

    func make(_ id: String, _ name: String, user: UInt32) throws(SystemCallError) {
        if Directory.isDirectory(parent(id) + "/" + name) { return }
        let partial = try makePartial(id, user: user)
        try finish(id, partial, as: name)
    }

    /// What is not finished has a name that no set gives.
    private func makePartial(_ id: String, user: UInt32) throws(SystemCallError) -> HeldDescriptor {
        try Directory.make(parent(id), permissions: 0o711)
        let path = parent(id) + "/partial"
        try FolderTree.remove("partial", in: parent(id))
        try Directory.make(path, permissions: 0o700)
        let folder = HeldDescriptor(try FileDescriptor.open(path, [.readOnly, .directory, .noFollow]))
        try Self.own(folder.descriptor, user)
        return folder
    }

    private func finish(
        _ id: String, _ partial: HeldDescriptor, as name: String
    ) throws(SystemCallError) {
        try partial.descriptor.synchronizeFileSystem()
        try Directory.rename(parent(id) + "/partial", to: parent(id) + "/" + name)
        try FileDescriptor.open(parent(id), [.readOnly, .directory]).synchronize()
        try FileDescriptor.open(root, [.readOnly, .directory]).synchronize()
    }

    /// False: it is not one that can be copied, and there is no copy.
    func copy(
        _ id: String, _ name: String, to other: String, user: UInt32
    ) throws(SystemCallError) -> Bool {
        let source = parent(id) + "/" + name
        guard Directory.isDirectory(source) else {
            try make(id, other, user: user)
            return true
        }
        try FolderTree.remove(other, in: parent(id))
        let partial = try makePartial(id, user: user)
        var copy = FolderCopy(user: user)
        let from = HeldDescriptor(try FileDescriptor.open(source, [.readOnly, .directory, .noFollow]))
        guard try copy.copy(from, to: partial) else {
            try FolderTree.remove("partial", in: parent(id))
            return false
        }
        try finish(id, partial, as: other)
        return true
    }

    /// What is there; none where there is no such folder.
    func names(in id: String?) throws(SystemCallError) -> [String] {
        let path = id.map { parent($0) } ?? root
        guard Directory.isDirectory(path) else { return [] }
        return try Directory.names(in: path).map { String(decoding: $0, as: UTF8.self) }
    }

    func remove(_ name: String?, of id: String) throws(SystemCallError) {
        guard let name else { return try FolderTree.remove(id, in: root) }
        try FolderTree.remove(name, in: parent(id))
    }
}

/// A descriptor as a path: what is looked up below it stays below it, whatever becomes of names meanwhile. An
/// app may rename its own folders while they are copied or removed.
enum Beneath {
    static func path(_ folder: HeldDescriptor) -> String {
        "/proc/self/fd/" + String(folder.descriptor.rawValue)
    }

    static func path(_ folder: HeldDescriptor, _ name: String) -> String { path(folder) + "/" + name }
}

/// Removes a tree, however deep somebody has made it.
struct FolderTree {
    /// Each level is an open descriptor. What lies deeper, or has a name that is no text, is moved up, beside
    /// the tree, and goes afterwards.
    static let depthLimit = 64

    private let parent: HeldDescriptor
    private var moved: [String] = []

    /// Whatever it is; one that is not there is fine. The folder that it is in belongs to nobody else.
    static func remove(_ name: String, in parent: String) throws(SystemCallError) {
        let folder = HeldDescriptor(try FileDescriptor.open(parent, [.readOnly, .directory, .noFollow]))
        var tree = FolderTree(parent: folder)
        try tree.remove(name, in: folder, depth: 0)
        var next = 0
        while next < tree.moved.count {
            try tree.remove(tree.moved[next], in: folder, depth: 0)
            next += 1
        }
    }

    private init(parent: HeldDescriptor) { self.parent = parent }

    private mutating func remove(
        _ name: String, in folder: HeldDescriptor, depth: Int
    ) throws(SystemCallError) {
        let path = Beneath.path(folder, name)
        guard Directory.exists(path) else { return }
        let facts = try FileFacts(of: path, followsLinks: false)
        guard facts.type == FileFacts.directoryType else { return try Directory.unlink(path) }
        guard depth < Self.depthLimit else { return try moveUp(Array(name.utf8), folder) }
        let inner = HeldDescriptor(try FileDescriptor.open(path, [.readOnly, .directory, .noFollow]))
        // An app that still runs could fill it faster than it is emptied.
        if ChildProcess.effectiveUser == 0 { try inner.descriptor.setOwner(0, group: 0) }
        try inner.descriptor.setPermissions(0o700)
        // In rounds: a folder may have more names than are listed at once.
        while !Directory.isEmpty(Beneath.path(inner)) {
            for bytes in try Directory.names(in: Beneath.path(inner)) {
                let name = String(decoding: bytes, as: UTF8.self)
                if name.utf8.elementsEqual(bytes) {
                    try remove(name, in: inner, depth: depth + 1)
                } else {
                    try moveUp(bytes, inner)
                }
            }
        }
        Directory.remove(path)
    }

    private mutating func moveUp(_ bytes: [UInt8], _ folder: HeldDescriptor) throws(SystemCallError) {
        var number = moved.count
        // One may be left from a time when the power went.
        while Directory.exists(Beneath.path(parent, "deep-" + String(number))) { number += 1 }
        let name = "deep-" + String(number)
        try Directory.rename(bytes, in: folder.descriptor, to: Beneath.path(parent, name))
        moved.append(name)
    }
}
