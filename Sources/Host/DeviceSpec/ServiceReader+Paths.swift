/// What a service needs of the image's files besides its program.
extension ServiceReader {
    /// Made at run time: nobody can tell on the host what will be there.
    private static let changing = ["/data", "/dev", "/proc", "/run", "/sys", "/tmp", "/var/tmp"]

    func neededPaths() -> [Located<String>] {
        let isolation = reader.map("isolation")
        var paths =
            [reader.map("ready").list("probe").first, reader.located("working-directory")]
            .compactMap { $0 } + reader.list("environment-directories")
        let rules = isolation.map("paths")
        for entry in rules.node.entries {
            for item in entry.value.items {
                let map = NodeReader(node: item, diagnostics: diagnostics)
                if let text = item.text { paths.append(Located(text, at: item.location)) }
                paths += ["path", "from", "to"].compactMap { map.located($0) }
            }
        }
        let landlock = isolation.map("landlock")
        paths += landlock.node.entries.flatMap { landlock.list($0.key) }
        return paths.filter { path in
            // A '-' says that it may be missing.
            path.value.hasPrefix("/") && path.value != "/" && !Self.isMadeAtRunTime(path.value)
        }
    }

    static func isMadeAtRunTime(_ path: String) -> Bool {
        changing.contains { path == $0 || path.hasPrefix($0 + "/") }
    }
}
