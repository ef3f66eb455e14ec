import Foundation
import HostSystem
import Packages

/// A folder with a `package.yaml`, read and checked: everything of a package but its payload's digests and
/// its signature.
public struct PackageDescription: Sendable {
    /// Its payload is empty yet.
    public var manifest: PackageManifest
    /// Absolute.
    public var filesFolder: String
    /// `files:` names it: then it must be there.
    public var isFilesFolderNamed: Bool
    /// What else goes into the payload, such as a program that was built.
    public var copies: [Copy]
    public var isCompressed: Bool
    /// nil: the development key.
    public var key: Located<String>?
    /// Absolute paths of signed statements about changes of the key.
    public var rotationFiles: [Located<String>]
    /// Of the entry and the icons: what must be in the payload.
    public var requiredFiles: [Located<String>]

    public static let fileName = "package.yaml"

    /// A file or folder of the project, and what it is called in the payload.
    public struct Copy: Sendable {
        /// Absolute.
        public var source: Located<String>
        public var target: String
    }

    /// - Parameter folder: holds `package.yaml`.
    public init(folder: String) throws(DiagnosticList) {
        let diagnostics = DiagnosticCollector()
        let absolute = URL(fileURLWithPath: folder).standardizedFileURL.path
        let reader = PackageReader(folder: absolute, diagnostics: diagnostics)
        guard let description = reader.read() else { throw DiagnosticList(diagnostics.diagnostics) }
        try diagnostics.throwIfAny()
        self = description
    }

    fileprivate init(
        _ manifest: PackageManifest, _ node: NodeReader, folder: String, rotations: [Located<String>]
    ) {
        self.manifest = manifest
        filesFolder = DeviceRepository.absolute(node.text("files") ?? "files", in: folder)
        isFilesFolderNamed = node.has("files")
        copies = (node.node["copy"]?.items ?? []).compactMap {
            let copy = NodeReader(node: $0, diagnostics: node.diagnostics)
            guard let from = copy.located("from"), let to = copy.text("to") else { return nil }
            let source = DeviceRepository.absolute(from.value, in: folder)
            return Copy(source: Located(source, at: from.location), target: to)
        }
        isCompressed = node.text("compression") == "deflate"
        key = node.located("key")
        rotationFiles = rotations.map {
            Located(DeviceRepository.absolute($0.value, in: folder), at: $0.location)
        }
        let icons = (node.node["icons"]?.items ?? []).compactMap {
            NodeReader(node: $0, diagnostics: node.diagnostics).located("path")
        }
        requiredFiles = [node.located("entry")].compactMap { $0 } + icons
    }
}

/// From YAML to a manifest. What the key table cannot say is said by the manifest's own rules.
private struct PackageReader {
    let folder: String
    let diagnostics: DiagnosticCollector

    func read() -> PackageDescription? {
        let path = "\(folder)/\(PackageDescription.fileName)"
        guard let root = SourceFile(path: path, diagnostics: diagnostics).root else { return nil }
        let checked = ShapeCheck(diagnostics: diagnostics)
            .check(root, against: .map(PackageKeys.package), key: "a package file")
        let reader = NodeReader(node: checked, diagnostics: diagnostics)
        guard diagnostics.errorCount == 0, var manifest = manifest(reader) else { return nil }
        manifest.dependencies = dependencies(reader)
        manifest.provides = reader.list("provides").compactMap(provision)
        manifest.conflicts = reader.list("conflicts").compactMap(relation)
        manifest.replaces = reader.list("replaces").compactMap(relation)
        guard diagnostics.errorCount == 0 else { return nil }
        check(manifest, reader)
        let rotations = reader.list("rotations")
        return PackageDescription(manifest, reader, folder: folder, rotations: rotations)
    }

    private func manifest(_ reader: NodeReader) -> PackageManifest? {
        let id = valid(reader.located("id"), "id", PackageID.grammar) { PackageID($0) }
        let version = valid(reader.located("version"), "version", PackageVersion.grammar) {
            PackageVersion($0)
        }
        let kind = PackageManifest.Kind.allCases.first { $0.name == reader.text("kind") }
        let architecture = PackageManifest.Architecture.allCases.first {
            $0.name == reader.text("architecture")
        }
        guard let id, let version, let kind, let architecture, let code = reader.integer("version-code"),
            let name = reader.text("name"), let licence = reader.text("licence")
        else { return nil }
        // The payload is made later; any valid one stands in for it until then.
        var manifest = PackageManifest(
            id: id, version: version, versionCode: UInt64(code), architecture: architecture, kind: kind,
            name: name, licence: licence, payload: .init(size: 4096, sha256: .zero, verity: .zero))
        manifest.entry = reader.text("entry") ?? ""
        manifest.permissions = reader.texts("permissions").sorted(by: Self.precedes)
        manifest.minimumAPILevel = UInt64(reader.integer("minimum-api") ?? 1)
        manifest.description = Self.trimmed(reader.text("description") ?? "")
        manifest.names = translations(reader.map("names"))
        manifest.descriptions = translations(reader.map("descriptions"))
        manifest.icons = (reader.node["icons"]?.items ?? []).compactMap { item in
            let icon = NodeReader(node: item, diagnostics: diagnostics)
            guard let path = icon.text("path"), let size = icon.integer("size") else { return nil }
            return .init(path: path, size: UInt64(size))
        }
        return manifest
    }

    private static func precedes(_ first: String, _ second: String) -> Bool {
        first.utf8.lexicographicallyPrecedes(second.utf8)
    }

    /// YAML's block texts end in a line break that nobody means.
    private static func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    private func translations(_ reader: NodeReader) -> [PackageManifest.Translation] {
        reader.node.entries.compactMap { entry in
            entry.value.text.map { .init(language: entry.key, text: Self.trimmed($0)) }
        }.sorted { Self.precedes($0.language, $1.language) }
    }

    private func valid<Value>(
        _ text: Located<String>?, _ key: String, _ expected: String, _ make: (String) -> Value?
    ) -> Value? {
        guard let text else { return nil }
        if let value = make(text.value) { return value }
        diagnostics.add("\(key) cannot be '\(text.value)'", at: text.location, expected: expected)
        return nil
    }

    private func relation(_ text: Located<String>) -> PackageManifest.Relation? {
        let parts = text.value.split(separator: " ", maxSplits: 1).map(String.init)
        let id = valid(Located(parts[0], at: text.location), "an id", PackageID.grammar) { PackageID($0) }
        let range = Located(parts.count > 1 ? parts[1] : "*", at: text.location)
        let versions = valid(range, "a range", VersionRange.grammar) { VersionRange($0) }
        guard let id, let versions else { return nil }
        return .init(id, versions)
    }

    private func dependencies(_ reader: NodeReader) -> [PackageManifest.Dependency] {
        reader.list("dependencies").map { text in
            let alternatives = text.value.components(separatedBy: " | ")
            return .init(alternatives.compactMap { relation(Located($0, at: text.location)) })
        }
    }

    private func provision(_ text: Located<String>) -> PackageManifest.Provision? {
        let parts = text.value.split(separator: " ").map { Located(String($0), at: text.location) }
        guard let id = valid(parts[0], "an id", PackageID.grammar, { PackageID($0) }) else { return nil }
        guard parts.count > 1 else { return .init(id) }
        let version = valid(parts[1], "a version", PackageVersion.grammar) { PackageVersion($0) }
        return version.map { .init(id, $0) }
    }

    /// The rules that handsets apply, said at the key they are about.
    private func check(_ manifest: PackageManifest, _ reader: NodeReader) {
        do throws(PackageError) {
            try manifest.check()
            _ = try PackageManifest(decoding: manifest.encode())
        } catch {
            guard let path = error.key else {
                return diagnostics.add(error.description, at: reader.node.location)
            }
            let key = String(path.prefix { $0 != "[" && $0 != "." })
            diagnostics.add(error.problem, at: reader.location(key), expected: error.expectation)
        }
    }
}

extension PackageError {
    /// The manifest's key that it is about, if it is about one.
    fileprivate var key: String? {
        switch self {
        case .missingKey(let key), .tooLong(let key, _), .badValue(let key, _, _), .wrongType(let key, _):
            key == "manifest" ? nil : key
        default: nil
        }
    }

    fileprivate var problem: String {
        switch self {
        case .missingKey(let key): "'\(key)' is missing"
        case .tooLong(let key, let limit): "\(key) is longer than \(limit)"
        case .badValue(let key, let value, _): "\(key) cannot be '\(value)'"
        default: description
        }
    }

    fileprivate var expectation: String? {
        switch self {
        case .missingKey: "what this kind of package starts, as a path in the payload"
        case .badValue(_, _, let expected): expected
        default: nil
        }
    }
}
