import Wire

/// What a package says about itself: the part of it that is signed.
///
/// Its bytes are JSON in canonical form: keys sorted by their bytes, no blanks, nothing escaped that need not
/// be, members that say nothing (empty lists, no entry) left out. `ManifestKey` names every key;
/// PackageFormat.md explains them.
public struct PackageManifest: Sendable {
    /// What this code understands; a manifest of another format is refused.
    public static let format: UInt64 = 1
    /// Holds the longest lists with names of usual length; it is read into memory as a whole.
    public static let byteLimit = 64 << 10
    public static let nameLimit = 64
    public static let descriptionLimit = 4_000
    public static let licenceLimit = 128
    public static let dependencyLimit = 128
    public static let alternativeLimit = 16
    public static let relationLimit = 64
    public static let permissionLimit = 64
    public static let iconLimit = 16
    public static let translationLimit = 100
    /// Far above what a handset's `data` can take (1 TiB).
    public static let payloadLimit: UInt64 = 1 << 40
    public static let apiLevelLimit: UInt64 = 100_000

    public enum Kind: UInt8, Sendable, CaseIterable {
        /// A program of its own: has an entry.
        case app
        /// A web-app manifest and its files, run by the cloud-app runtime: has an entry.
        case cloudApp
        /// Fonts, engines, codecs that appear below `/usr`.
        case extension_
        /// Files for others, found by whoever depends on it.
        case library
    }

    public enum Architecture: UInt8, Sendable, CaseIterable {
        /// No machine code in it.
        case any
        case arm64
        case x86_64
    }

    /// One way to satisfy a dependency, or what a conflict is with.
    public struct Relation: Sendable, Equatable {
        public var id: PackageID
        public var versions: VersionRange

        public init(_ id: PackageID, _ versions: VersionRange = .any) {
            self.id = id
            self.versions = versions
        }
    }

    /// Any one of these, the first that is possible preferred.
    public struct Dependency: Sendable, Equatable {
        public var alternatives: [Relation]

        public init(_ alternatives: [Relation]) { self.alternatives = alternatives }
    }

    /// A name besides its own under which others may depend on it. Without a version it satisfies only
    /// dependencies on any version.
    public struct Provision: Sendable, Equatable {
        public var id: PackageID
        public var version: PackageVersion?

        public init(_ id: PackageID, _ version: PackageVersion? = nil) {
            self.id = id
            self.version = version
        }
    }

    public struct Icon: Sendable, Equatable {
        /// In the payload.
        public var path: String
        /// Edge length in pixels.
        public var size: UInt64

        public init(path: String, size: UInt64) {
            self.path = path
            self.size = size
        }

        /// By bytes: comparing as text would need the Unicode tables.
        public static func == (left: Icon, right: Icon) -> Bool {
            left.size == right.size && left.path.utf8.elementsEqual(right.path.utf8)
        }
    }

    /// A text in one language, by its tag (`de`, `pt-BR`).
    public struct Translation: Sendable {
        public var language: String
        public var text: String

        public init(language: String, text: String) {
            self.language = language
            self.text = text
        }
    }

    /// The EROFS file that follows the manifest. Both digests are of exactly these bytes.
    public struct Payload: Sendable, Equatable {
        public var size: UInt64
        public var sha256: Digest256
        /// What the kernel's FS_IOC_MEASURE_VERITY says of the file.
        public var verity: Digest256

        public init(size: UInt64, sha256: Digest256, verity: Digest256) {
            self.size = size
            self.sha256 = sha256
            self.verity = verity
        }
    }

    public var id: PackageID
    public var version: PackageVersion
    public var versionCode: UInt64
    public var architecture: Architecture
    public var kind: Kind
    /// In the payload: an app's program, a cloud app's web-app manifest; empty for other kinds.
    public var entry = ""
    /// Sorted.
    public var permissions: [String] = []
    public var dependencies: [Dependency] = []
    public var provides: [Provision] = []
    /// Never together with these. A package that provides a name it conflicts with means the others.
    public var conflicts: [Relation] = []
    /// Takes the place of these when they are installed; like a conflict, they are never there together.
    public var replaces: [Relation] = []
    public var minimumAPILevel: UInt64 = 1
    /// Where there is no translation.
    public var name: String
    public var description = ""
    /// Sorted by language.
    public var names: [Translation] = []
    public var descriptions: [Translation] = []
    public var icons: [Icon] = []
    /// An SPDX expression.
    public var licence: String
    public var payload: Payload

    public init(
        id: PackageID, version: PackageVersion, versionCode: UInt64, architecture: Architecture, kind: Kind,
        name: String, licence: String, payload: Payload
    ) {
        self.id = id
        self.version = version
        self.versionCode = versionCode
        self.architecture = architecture
        self.kind = kind
        self.name = name
        self.licence = licence
        self.payload = payload
    }
}

extension PackageManifest.Kind {
    public var name: String {
        switch self {
        case .app: "app"
        case .cloudApp: "cloud-app"
        case .extension_: "extension"
        case .library: "library"
        }
    }

    /// Whether such a package is started, and therefore has an entry and may ask for permissions.
    public var runs: Bool { self == .app || self == .cloudApp }
}

extension PackageManifest.Architecture {
    public var name: String {
        switch self {
        case .any: "any"
        case .arm64: "arm64"
        case .x86_64: "x86_64"
        }
    }
}
