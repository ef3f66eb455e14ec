/// Why a slot was refused or its boot failed. The numbers are on disk: never reuse one.
public enum FailureReason: UInt8, Sendable, CaseIterable {
    case none = 0

    // Found by the loader.
    /// The boot image is not one, is cut short, or a section does not have the hash in its header.
    case imageDamaged = 1
    /// The header's signature is not from the trusted key.
    case imageUntrusted = 2
    /// Its rollback index is below the floor: an older release than one that already ran well here.
    case imageBelowFloor = 3
    /// The machine was reset and nobody had reported why: corrupted system block, kernel panic, watchdog.
    case resetUnreported = 8
    /// Power was lost before the boot was healthy.
    case powerLost = 9

    // Reported by stage 1.
    case moduleFailed = 16
    case diskNotFound = 17
    case commandLineInvalid = 18
    case verityFailed = 19
    case rootMountFailed = 20
    case dataFailed = 21
    case handoverFailed = 22

    // Reported by PID 1.
    case bootPlanInvalid = 32
    /// The health services were not ready before the deadline.
    case notHealthyInTime = 33
    /// A health service was lost for good before the boot was healthy.
    case serviceLost = 34
    /// A restart was asked for before the boot was healthy.
    case rebootedBeforeHealthy = 35
    /// PID 1 itself cannot go on.
    case initFailed = 36

    /// A number that this version does not know; a newer system wrote it.
    case other = 255

    public init(code: UInt8) { self = FailureReason(rawValue: code) ?? .other }

    /// For people: what happened, as the end of "slot a: …".
    public var text: String {
        switch self {
        case .none: "no failure recorded"
        case .imageDamaged: "the boot image is damaged"
        case .imageUntrusted: "the boot image is not signed with the trusted key"
        case .imageBelowFloor: "the boot image is older than the rollback floor allows"
        case .resetUnreported: "it reset without a report (corrupted system block, kernel panic or watchdog)"
        case .powerLost: "power was lost before it was healthy"
        case .moduleFailed: "a kernel module could not be inserted"
        case .diskNotFound: "a partition was not found"
        case .commandLineInvalid: "the kernel command line has no valid amos.root"
        case .verityFailed: "dm-verity could not be set up"
        case .rootMountFailed: "the system partition could not be mounted"
        case .dataFailed: "the data partition could be neither mounted, repaired nor replaced"
        case .handoverFailed: "amos-init could not be started"
        case .bootPlanInvalid: "the boot plan could not be read"
        case .notHealthyInTime: "its health services were not ready in time"
        case .serviceLost: "a health service was lost"
        case .rebootedBeforeHealthy: "it was restarted before it was healthy"
        case .initFailed: "amos-init could not go on"
        case .other: "a reason that this version does not know"
        }
    }
}
