/// A tree seen as inodes and names: hard links share a node, directories know their children.
///
/// Made once per image; it refuses what no file system could hold, so that the writers need not check again.
struct TreeIndex {
    struct Node {
        /// The entry that describes it; for a file with several names the first by path that is no link.
        let entry: Int
        /// File type and permission bits, as `st_mode`.
        let mode: UInt16
        var links: UInt32
        /// The directory it is in (its own number for the root).
        let parent: Int
        /// Sorted by name bytes.
        var children: [Child] = []
    }

    struct Child {
        let name: [UInt8]
        let node: Int
    }

    /// In path order; the root is number 0.
    private(set) var nodes: [Node] = []
    /// For every entry of the tree its node.
    private(set) var nodeOfEntry: [Int]

    init(_ tree: FileTree) throws(DiskImageError) {
        nodeOfEntry = Array(repeating: -1, count: tree.entries.count)
        var nodeOfPath: [Substring: Int] = [:]
        nodeOfPath.reserveCapacity(tree.entries.count)
        for (position, entry) in tree.entries.enumerated() {
            if case .hardLink = entry.kind { continue }
            let parent = try Self.parent(of: entry, nodeOfPath, nodes)
            nodeOfPath[entry.path[...]] = nodes.count
            nodeOfEntry[position] = nodes.count
            let isDirectory = entry.kind == .directory
            nodes.append(
                Node(
                    entry: position, mode: entry.kind.typeBits | entry.mode & 0o7777,
                    links: isDirectory ? 2 : 1, parent: parent))
            if isDirectory, position > 0 { nodes[parent].links += 1 }
        }
        try resolveHardLinks(tree, nodeOfPath)
        for (position, entry) in tree.entries.enumerated() where !entry.path.isEmpty {
            let (folder, name) = Self.split(entry.path)
            guard let parent = nodeOfPath[folder] else { continue }
            nodes[parent].children.append(Child(name: Array(name.utf8), node: nodeOfEntry[position]))
        }
    }

    private mutating func resolveHardLinks(
        _ tree: FileTree, _ nodeOfPath: [Substring: Int]
    ) throws(DiskImageError) {
        for (position, entry) in tree.entries.enumerated() {
            guard case .hardLink(var target) = entry.kind else { continue }
            _ = try Self.parent(of: entry, nodeOfPath, nodes)
            // A link may name another link; more steps than entries would be a circle.
            var steps = 0
            while case .hardLink(let next)? = tree[target]?.kind, steps < tree.entries.count {
                target = next
                steps += 1
            }
            guard let node = nodeOfPath[target[...]], nodes[node].mode & 0o170000 != 0o040000 else {
                throw .invalidEntry(
                    path: entry.path, reason: "it is a hard link to \(target), no file of the tree")
            }
            nodeOfEntry[position] = node
            nodes[node].links += 1
        }
    }

    private static func parent(
        of entry: FileTree.Entry, _ nodeOfPath: [Substring: Int], _ nodes: [Node]
    ) throws(DiskImageError) -> Int {
        if entry.path.isEmpty {
            guard entry.kind == .directory else {
                throw .invalidEntry(path: "", reason: "the root is not a directory")
            }
            return 0
        }
        let (folder, name) = split(entry.path)
        guard !name.isEmpty, name != ".", name != "..", name.utf8.count <= 255, !name.utf8.contains(0) else {
            throw .invalidEntry(path: entry.path, reason: "a name has 1…255 bytes and is not . or ..")
        }
        guard let parent = nodeOfPath[folder], nodes[parent].mode & 0o170000 == 0o040000 else {
            throw .invalidEntry(path: entry.path, reason: "/\(folder) is not a directory")
        }
        return parent
    }

    private static func split(_ path: String) -> (folder: Substring, name: Substring) {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return ("", path[...]) }
        return (path[..<slash], path[path.utf8.index(after: slash)...])
    }
}

extension FileTree.Kind {
    /// The type part of `st_mode`; a hard link has none of its own.
    var typeBits: UInt16 {
        switch self {
        case .fifo: 0o010000
        case .characterDevice: 0o020000
        case .directory: 0o040000
        case .blockDevice: 0o060000
        case .file, .hardLink: 0o100000
        case .symbolicLink: 0o120000
        }
    }
}
