import DiskImage
import Foundation
import Packages
import Packaging

/// A package as people read it.
struct PackageText {
    let package: PackageFile
    let top: Int
    let showsTree: Bool

    var text: String {
        let manifest = package.head.manifest
        let title = "\(package.path): package, \(Terminal.size(package.size))"
        return ([title, Terminal.table(about(manifest) + relations(manifest)), Terminal.table(bytes), files])
            .filter { !$0.isEmpty }.joined(separator: "\n\n")
    }

    private func about(_ manifest: PackageManifest) -> [[String]] {
        var rows = [
            ["id", manifest.id.text],
            ["version", "\(manifest.version) (version code \(manifest.versionCode))"],
            ["kind", "\(manifest.kind.name) for \(manifest.architecture.name)"],
            ["name", manifest.name],
        ]
        rows += manifest.names.map { ["", "\($0.text) (\($0.language))"] }
        let description = manifest.description.split(separator: "\n").map(String.init)
        rows += description.enumerated().map { [$0.offset == 0 ? "description" : "", $0.element] }
        rows.append(["licence", manifest.licence])
        if !manifest.entry.isEmpty { rows.append(["entry", manifest.entry]) }
        rows.append(["minimum API", "\(manifest.minimumAPILevel)"])
        rows += manifest.icons.map { ["icon", "\($0.path), \($0.size) pixels"] }
        return rows
    }

    private func relations(_ manifest: PackageManifest) -> [[String]] {
        let wish = { (relation: PackageManifest.Relation) in
            relation.versions.isAny ? relation.id.text : "\(relation.id) \(relation.versions.shortText)"
        }
        var rows = manifest.permissions.map { ["permission", $0] }
        rows += manifest.dependencies.map { ["needs", $0.alternatives.map(wish).joined(separator: " | ")] }
        rows += manifest.provides.map { ["provides", "\($0.id) \($0.version?.text ?? "")"] }
        rows += manifest.conflicts.map { ["conflicts", wish($0)] }
        rows += manifest.replaces.map { ["replaces", wish($0)] }
        return rows
    }

    private var bytes: [[String]] {
        let payload = package.head.manifest.payload
        var rows = [
            [
                "manifest",
                "\(Terminal.size(UInt64(package.head.manifestBytes.count))), \(package.manifestDigest)",
            ],
            ["payload", "\(Terminal.size(payload.size)) from byte \(package.head.header.payloadOffset)"],
            ["SHA-256", payload.sha256.hex],
            ["fs-verity", payload.verity.hex],
            ["signed by", package.signer.hex],
        ]
        rows += package.head.signatures.rotations.map { rotation in
            let old = HostCryptography().sha256(rotation.statement.oldKey.bytes)
            return ["key before", "\(old), until version code \(rotation.statement.firstVersionCode)"]
        }
        rows.append(["", package.problems.isEmpty ? "signature and payload valid" : "DAMAGED"])
        return rows
    }

    private var files: String {
        let all = package.files.filter { !$0.path.isEmpty }
        let shown =
            showsTree
            ? all
            : Array(
                all.filter { $0.kind == .file }.sorted { ($1.size, $0.path) < ($0.size, $1.path) }
                    .prefix(top))
        guard !shown.isEmpty else { return "" }
        let rows = shown.map { entry in
            [
                String(entry.mode & 0o7777, radix: 8), entry.kind == .file ? Terminal.size(entry.size) : "",
                Self.name(entry),
            ]
        }
        let more = showsTree ? 0 : all.count { $0.kind == .file } - shown.count
        return Terminal.table([["MODE", "SIZE", "FILE"]] + rows, right: [0, 1])
            + (more > 0 ? "\n… \(more) more" : "")
    }

    private static func name(_ entry: EROFSReader.Entry) -> String {
        switch entry.kind {
        case .directory: "\(entry.path)/"
        case .symbolicLink(let target): "\(entry.path) -> \(target)"
        default: entry.path
        }
    }
}

/// The same for scripts. The manifest is there as it was signed.
struct PackageReport: Encodable {
    var file: String
    var size: UInt64
    var id: String
    var version: String
    var versionCode: UInt64
    /// The manifest's own text.
    var manifest: String
    var manifestSha256: String
    var payloadOffset: UInt64
    var payloadSize: UInt64
    var signer: String
    var publicKey: String
    var signature: String
    var rotations: Int
    var problems: [String]

    init(_ package: PackageFile) {
        let head = package.head
        file = package.path
        size = package.size
        id = head.manifest.id.text
        version = head.manifest.version.text
        versionCode = head.manifest.versionCode
        manifest = String(decoding: head.manifestBytes, as: UTF8.self)
        manifestSha256 = package.manifestDigest.hex
        payloadOffset = head.header.payloadOffset
        payloadSize = head.manifest.payload.size
        signer = package.signer.hex
        publicKey = Data(head.signatures.key.bytes).base64EncodedString()
        signature = Data(head.signatures.signature).base64EncodedString()
        rotations = head.signatures.rotations.count
        problems = package.problems
    }
}
