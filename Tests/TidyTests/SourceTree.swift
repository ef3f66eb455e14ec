import Foundation

/// The project's files as git knows them, or as the folder has them where git is not at hand.
struct SourceTree {
    let root: URL
    /// Relative to the root, sorted.
    let files: [String]

    static let shared = SourceTree()

    private init() {
        root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let skipped: Set = [".build", ".git", "out", ".ci/cache"]
        var files: [String] = []
        let walker = FileManager.default.enumerator(atPath: root.path)
        while let path = walker?.nextObject() as? String {
            if skipped.contains(path) {
                walker?.skipDescendants()
            } else if walker?.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
                files.append(path)
            }
        }
        self.files = files.sorted()
    }

    var swiftFiles: [String] { files.filter { $0.hasSuffix(".swift") } }

    func lines(of path: String) throws -> [Substring] {
        try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
            .split(separator: "\n", omittingEmptySubsequences: false)
    }
}
