/// Follows symbolic links in a file tree that is not mounted anywhere, the way the kernel would with the tree
/// as its root.
public struct PathResolver: Sendable {
    /// Path (relative, no leading slash) → link target, nil for anything else.
    private var nodes: [String: String?] = [:]

    /// As many links as Linux follows (MAXSYMLINKS).
    private static let linkLimit = 40

    public init() {}

    /// Everything that `packages` hold.
    public init(_ packages: [UnpackedPackage]) {
        for package in packages {
            for entry in package.entries {
                if case .symbolicLink(let target) = entry.kind {
                    add(entry.path, target: target)
                } else {
                    add(entry.path)
                }
            }
        }
    }

    /// - Parameter target: of a symbolic link; nil for files and folders.
    public mutating func add(_ path: String, target: String? = nil) { nodes[path] = .some(target) }

    /// The path that is reached in the end, relative; nil if there is nothing or the links go round in
    /// circles. `path` may begin with a slash.
    public func resolve(_ path: String) -> String? {
        var pending = Array(path.split(separator: "/").reversed())
        var reached: [Substring] = []
        var links = 0
        while let step = pending.popLast() {
            if step == "." { continue }
            if step == ".." {
                // The root's parent is the root.
                _ = reached.popLast()
                continue
            }
            let here = (reached + [step]).joined(separator: "/")
            guard case .some(.some(let target)) = nodes[here] else {
                reached.append(step)
                continue
            }
            links += 1
            if links > Self.linkLimit { return nil }
            if target.hasPrefix("/") { reached = [] }
            pending += target.split(separator: "/").reversed()
        }
        let path = reached.joined(separator: "/")
        return nodes[path] == nil ? nil : path
    }
}
