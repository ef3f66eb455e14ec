import Wire

/// What this handset takes from outside its repositories. The device file says it; it comes with the system's
/// image, and so under the manufacturer's signature.
public struct InstallPolicy: Sendable, Equatable {
    public enum Sideload: UInt8, Sendable, CaseIterable {
        case denied = 0
        /// As long as the owner has enabled developer mode.
        case developerMode = 1
        case allowed = 2

        public var name: String {
            switch self {
            case .denied: "denied"
            case .developerMode: "developer-mode"
            case .allowed: "allowed"
            }
        }
    }

    /// What this system offers; manifests that need more are refused.
    public static let systemAPILevel: UInt64 = 1

    public var sideload: Sideload
    /// Whether the owner can enable developer mode at all.
    public var offersDeveloperMode = false
    public var architecture: PackageManifest.Architecture
    /// Ids that are one of these, or below one, are the system's own (`org.amos` owns `org.amos.home`).
    public var reserved: [PackageID]
    /// Fingerprints of the keys whose packages are taken; empty: anybody's. Sorted.
    public var publishers: [Digest256] = []
    /// Version codes below which nothing is taken any more, however it comes.
    public var floors: [SolverRequest.Floor] = []

    public init(
        sideload: Sideload, architecture: PackageManifest.Architecture, reserved: [PackageID] = []
    ) {
        self.sideload = sideload
        self.architecture = architecture
        self.reserved = reserved
    }

    /// Whether anything may come in from outside.
    func checkSideload(isDeveloperMode: Bool) throws(PackageError) {
        switch sideload {
        case .allowed: return
        case .developerMode where isDeveloperMode && offersDeveloperMode: return
        case .developerMode where offersDeveloperMode:
            throw .policy(
                "this handset takes packages from its repositories only, until `amosctl developer-mode on`")
        default: throw .policy("this handset takes packages from its repositories only")
        }
    }

    /// - Parameter key: the fingerprint of the key that has signed it.
    func checkPublisher(_ key: Digest256, of id: PackageID) throws(PackageError) {
        guard publishers.isEmpty || publishers.contains(key) else {
            throw .policy(
                "the key of " + id.text + ", " + key.hex
                    + ", is none of those whose packages this handset takes")
        }
    }

    /// Whether a package from outside may come in, whoever has signed it.
    func check(_ manifest: PackageManifest, _ options: InstallOptions) throws(PackageError) {
        guard manifest.architecture == .any || manifest.architecture == architecture else {
            throw .policy(
                manifest.id.text + " is made for " + manifest.architecture.name + ", and this handset is "
                    + architecture.name)
        }
        guard manifest.minimumAPILevel <= Self.systemAPILevel else {
            throw .policy(
                manifest.id.text + " needs API level " + String(manifest.minimumAPILevel)
                    + ", and this system has " + String(Self.systemAPILevel) + "; update the system")
        }
        for floor in floors where floor.id == manifest.id && manifest.versionCode < floor.versionCode {
            throw .belowFloor(manifest.id, code: manifest.versionCode, floor: floor.versionCode)
        }
        // What a repository of the device offers was judged when the device was made.
        guard !options.contains(.repository) else { return }
        // What appears below /usr is the manufacturer's.
        guard manifest.kind != .extension_ else {
            throw .policy(
                manifest.id.text + " is an extension, which only the manufacturer may install")
        }
        for owner in reserved where Self.isBelow(manifest.id, owner) {
            throw .policy(
                manifest.id.text + " belongs to the system: ids below " + owner.text + " are its own")
        }
    }

    private static func isBelow(_ id: PackageID, _ owner: PackageID) -> Bool {
        id == owner || id.text.utf8.starts(with: (owner.text + ".").utf8)
    }
}

/// How somebody wants a package installed.
public struct InstallOptions: OptionSet, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// An older version than the installed one, or than the one whose data is still there, is fine.
    public static let downgrade = InstallOptions(rawValue: 2)
    /// Only says what would change.
    public static let dryRun = InstallOptions(rawValue: 16)
    /// A newer version of what is installed, and nothing else.
    public static let upgrade = InstallOptions(rawValue: 32)
    /// Others need it: it may go with them.
    public static let dependency = InstallOptions(rawValue: 64)
    /// It comes from a repository of this device, which its metadata has proved. Never taken from the wire.
    public static let repository = InstallOptions(rawValue: 1 << 15)
}

extension Generation {
    /// Whether the version of this manifest may take the place of what is, or was, here.
    func checkVersion(_ manifest: PackageManifest, _ options: InstallOptions) throws(PackageError) {
        if let held = self[manifest.id], held.isHeld, held.versionCode != manifest.versionCode {
            throw .policy(
                manifest.id.text + " is held at version " + held.version.text + "; `amosctl pkg unhold "
                    + manifest.id.text + "` lets it move")
        }
        if let pin = self[manifest.id]?.pin, !pin.contains(manifest.version) {
            throw .policy(
                manifest.id.text + " is pinned to " + pin.shortText + "; `amosctl pkg pin " + manifest.id.text
                    + " '*'` lets it move")
        }
        try checkUpgrade(manifest, options)
        let floor = self[manifest.id]?.versionCode ?? claim(of: manifest.id)?.versionCode ?? 0
        guard manifest.versionCode >= floor || options.contains(.downgrade) else {
            throw .policy(
                manifest.id.text + " was here with version code " + String(floor) + ", and this is the older "
                    + String(manifest.versionCode)
                    + "; `adb install -d` or `amosctl pkg install --downgrade` goes back")
        }
    }

    private func checkUpgrade(_ manifest: PackageManifest, _ options: InstallOptions) throws(PackageError) {
        guard options.contains(.upgrade) else { return }
        guard let before = self[manifest.id] else {
            throw .policy(manifest.id.text + " is not installed; `amosctl pkg install` installs it")
        }
        guard manifest.versionCode != before.versionCode else {
            throw .policy(
                manifest.id.text + " is at version code " + String(before.versionCode)
                    + " already; `amosctl pkg install` puts it there again")
        }
    }

    /// Why somebody wants a package here, when it comes in.
    func reason(of id: PackageID, _ options: InstallOptions) -> Reason {
        let before = self[id]?.reason
        if options.contains(.upgrade) { return before ?? .requested }
        return options.contains(.dependency) ? before ?? .dependency : .requested
    }
}
