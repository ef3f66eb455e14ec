import Packages

/// Manifests to take apart.
enum SampleManifest {
    static let digest = Digest256([UInt8](repeating: 0xab, count: 32))!

    static func id(_ text: String) -> PackageID { PackageID(text)! }

    static func version(_ text: String) -> PackageVersion { PackageVersion(text)! }

    static func range(_ text: String) -> VersionRange { VersionRange(text)! }

    static func small(_ name: String = "com.example.notes", code: UInt64 = 7) -> PackageManifest {
        PackageManifest(
            id: id(name), version: version("1.4.0"), versionCode: code, architecture: .any, kind: .library,
            name: "Notes", licence: "MIT",
            payload: .init(size: 4096, sha256: digest, verity: digest))
    }

    /// Every key in use.
    static var full: PackageManifest {
        var manifest = PackageManifest(
            id: id("com.example.notes"), version: version("2.0.0-beta.1"), versionCode: 2_000_001,
            architecture: .arm64, kind: .app, name: "Notes", licence: "Apache-2.0 OR MIT",
            payload: .init(size: 8192, sha256: digest, verity: digest))
        manifest.entry = "bin/notes"
        manifest.permissions = ["camera", "network"]
        manifest.dependencies = [
            .init([.init(id("org.amos.sqlite"), range("^3.4.0"))]),
            .init([.init(id("org.amos.spell"), range(">=1.0.0 <3.0.0")), .init(id("org.other.spell"))]),
        ]
        manifest.provides = [.init(id("org.amos.editor"), version("1.0.0")), .init(id("org.amos.viewer"))]
        manifest.conflicts = [.init(id("com.example.old"), range("<1.0.0"))]
        manifest.replaces = [.init(id("com.example.memo"))]
        manifest.minimumAPILevel = 3
        manifest.description = "Writes things down.\nIn \"two\" lines, \u{e9}\u{1f600}."
        manifest.names = [.init(language: "de", text: "Notizen"), .init(language: "pt-BR", text: "Notas")]
        manifest.descriptions = [.init(language: "de", text: "Schreibt auf.")]
        manifest.icons = [.init(path: "icons/96.png", size: 96)]
        return manifest
    }
}
