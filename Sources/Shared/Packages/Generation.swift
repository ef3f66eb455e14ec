/// The installed set: one numbered file, replaced by a rename, never changed. What is not in it is not
/// installed, whatever lies in the store.
///
/// Packages are sorted by id, each id once; so are the claims.
public struct Generation: Sendable, Equatable {
    /// What a handset can hold by far; a limit, so that a damaged count cannot ask for the memory.
    public static let packageLimit = 16_384
    public static let claimLimit = 16_384

    /// Why a package is here.
    public enum Reason: UInt8, Sendable {
        /// Somebody asked for it.
        case requested = 1
        /// Another package needs it; it may go when none does.
        case dependency = 2
    }

    public struct Package: Sendable, Equatable {
        public var id: PackageID
        public var version: PackageVersion
        public var versionCode: UInt64
        public var kind: PackageManifest.Kind
        public var reason: Reason
        /// Stays at exactly this version until it is unheld.
        public var isHeld: Bool
        /// Stays within these versions; nil: not pinned.
        public var pin: VersionRange?
        /// SHA-256 of the manifest's bytes: the name of its file in the store.
        public var manifest: Digest256
        /// The payload's fs-verity digest: the name of its file in the store.
        public var payload: Digest256
        public var payloadSize: UInt64
        /// Fingerprint of the key that the id belongs to: who may replace it. What a rollback brought back
        /// may be signed with an older one; its manifest's digest says that it is the same.
        public var key: Digest256
        /// Who it runs as; 0 for kinds that do not run.
        public internal(set) var user: UInt32 = 0
        /// Which of its data folders is its own: the number of the set that it was made with. What takes its
        /// place gets a copy under its own number, so that going back is going back to the data, too.
        public internal(set) var data: UInt64 = 0

        public init(
            id: PackageID, version: PackageVersion, versionCode: UInt64, kind: PackageManifest.Kind,
            reason: Reason, manifest: Digest256, payload: Digest256, payloadSize: UInt64, key: Digest256
        ) {
            self.id = id
            self.version = version
            self.versionCode = versionCode
            self.kind = kind
            self.reason = reason
            isHeld = false
            pin = nil
            self.manifest = manifest
            self.payload = payload
            self.payloadSize = payloadSize
            self.key = key
        }

        /// - Parameter digest: of the manifest's bytes.
        public init(_ manifest: PackageManifest, digest: Digest256, key: Digest256, reason: Reason) {
            self.init(
                id: manifest.id, version: manifest.version, versionCode: manifest.versionCode,
                kind: manifest.kind, reason: reason, manifest: digest, payload: manifest.payload.verity,
                payloadSize: manifest.payload.size, key: key)
        }
    }

    /// An id that is not installed and belongs to a key all the same, because data of it was kept.
    public struct Claim: Sendable, Equatable {
        public var id: PackageID
        public var key: Digest256
        /// The newest that was here: what comes back must be able to read the data.
        public var versionCode: UInt64
        /// Who its data belongs to, and which folder that is in.
        public var user: UInt32
        public var data: UInt64

        public init(id: PackageID, key: Digest256, versionCode: UInt64, user: UInt32, data: UInt64) {
            self.id = id
            self.key = key
            self.versionCode = versionCode
            self.user = user
            self.data = data
        }
    }

    /// Counts from 1; 0 is the empty set before anything was installed.
    public let number: UInt64
    public internal(set) var packages: [Package]
    public internal(set) var claims: [Claim]
    /// The user of the next app that comes in. It only grows: what an app has left behind never becomes
    /// another one's.
    public internal(set) var nextUser: UInt32

    /// Above all that a device file can give out, and nobody (65,534).
    public static let firstUser: UInt32 = 100_000
    /// Of what comes in from a file; nobody installs as many apps in the life of a handset.
    static let userLimit: UInt32 = 1_000_000_000

    public static let empty = Generation(number: 0, packages: [], claims: [])

    init(number: UInt64, packages: [Package], claims: [Claim], nextUser: UInt32 = Self.firstUser) {
        self.number = number
        self.packages = packages
        self.claims = claims
        self.nextUser = nextUser
    }

    public subscript(id: PackageID) -> Package? {
        let index = place(of: id)
        return index < packages.count && packages[index].id == id ? packages[index] : nil
    }

    public func claim(of id: PackageID) -> Claim? {
        for claim in claims where claim.id == id { return claim }
        return nil
    }

    /// Whose an id is on this handset; nil: nobody's yet.
    public func owner(of id: PackageID) -> Digest256? { self[id]?.key ?? claim(of: id)?.key }

    /// Where it is, or would be inserted.
    func place(of id: PackageID) -> Int {
        var low = 0
        var high = packages.count
        while low < high {
            let middle = (low + high) / 2
            if packages[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
