import Wire

/// What this handset takes from outside its repositories.
public struct InstallPolicy: Sendable {
    public enum Sideload: Sendable, Equatable {
        case denied, allowed
    }

    /// What this system offers; manifests that need more are refused.
    public static let systemAPILevel: UInt64 = 1

    public var sideload: Sideload
    public var architecture: PackageManifest.Architecture
    /// Ids that are one of these, or below one, are the system's own (`org.amos` owns `org.amos.home`).
    public var reserved: [PackageID]

    public init(
        sideload: Sideload, architecture: PackageManifest.Architecture, reserved: [PackageID] = []
    ) {
        self.sideload = sideload
        self.architecture = architecture
        self.reserved = reserved
    }

    /// Whether a package from outside may come in, whoever has signed it.
    func check(_ manifest: PackageManifest, _ options: InstallOptions) throws(PackageError) {
        let isFromRepository = options.contains(.repository)
        guard sideload == .allowed || isFromRepository else {
            throw .policy("this handset takes packages from its repositories only")
        }
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
        // What a repository of the device offers was judged when the device was made.
        guard !isFromRepository else { return }
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
    /// Another package needs it; nobody has asked for it.
    public static let dependency = InstallOptions(rawValue: 16)
    /// It comes from a repository of this device, which its metadata has proved. Never taken from the wire.
    public static let repository = InstallOptions(rawValue: 1 << 15)
}

extension Generation {
    /// Whether the version of this manifest may take the place of what is, or was, here.
    func checkVersion(_ manifest: PackageManifest, _ options: InstallOptions) throws(PackageError) {
        if let held = self[manifest.id], held.isHeld, held.versionCode != manifest.versionCode {
            throw .policy(manifest.id.text + " is held at version " + held.version.text)
        }
        let floor = self[manifest.id]?.versionCode ?? claim(of: manifest.id)?.versionCode ?? 0
        guard manifest.versionCode >= floor || options.contains(.downgrade) else {
            throw .policy(
                manifest.id.text + " was here with version code " + String(floor) + ", and this is the older "
                    + String(manifest.versionCode) + "; `adb install -d` goes back")
        }
    }
}
