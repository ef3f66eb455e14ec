/// A pattern over paths in an image: `*` is any run within one name, `**` any number of whole names.
///
/// `usr/share/doc/**` is everything below, `usr/lib/**/*.a` every static library.
struct PathPattern: Sendable, Equatable {
    private let names: [[UInt8]]

    init(_ text: String) {
        names = text.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
    }

    func matches(_ path: String) -> Bool {
        matches(path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init))
    }

    /// The same with the path already split, for one path against many patterns.
    func matches(_ path: [[UInt8]]) -> Bool {
        Self.match(names[...], path[...])
    }

    private static let anyNames = Array("**".utf8)

    private static func match(_ pattern: ArraySlice<[UInt8]>, _ path: ArraySlice<[UInt8]>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == anyNames {
            let rest = pattern.dropFirst()
            if rest.isEmpty { return !path.isEmpty }
            return path.indices.contains { match(rest, path[$0...]) } || match(rest, path[path.endIndex...])
        }
        guard let name = path.first, matchName(first[...], name[...]) else { return false }
        return match(pattern.dropFirst(), path.dropFirst())
    }

    private static func matchName(_ pattern: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == UInt8(ascii: "*") {
            let rest = pattern.dropFirst()
            return (name.startIndex...name.endIndex).contains { matchName(rest, name[$0...]) }
        }
        return name.first == first && matchName(pattern.dropFirst(), name.dropFirst())
    }
}

/// Which paths of the packages stay out: those an `exclude` pattern matches and no `keep` pattern does.
struct PathFilter: Sendable {
    private let exclude: [PathPattern]
    private let keep: [PathPattern]

    init(exclude: [String], keep: [String]) {
        self.exclude = exclude.map(PathPattern.init)
        self.keep = keep.map(PathPattern.init)
    }

    func admits(_ path: String) -> Bool {
        let names = path.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
        return !exclude.contains { $0.matches(names) } || keep.contains { $0.matches(names) }
    }
}
