import Wire

/// Why a plan cannot be compiled (on the host) or read (by PID 1).
public enum BootPlanError: Error, Equatable, Sendable {
    /// Names must be sorted by bytes and occur once: indices stand for them in the compiled plan.
    case notSorted(service: String)
    /// `relation` is the key that holds the name.
    case unknownService(name: String, relation: String, of: String)
    /// Each requires, or comes after, the next one; the last one the first.
    case cycle([String])
    /// A list, a text or a number of this service is beyond what the format holds; empty: of the plan itself.
    case doesNotFit(service: String)
    case tooLarge(limit: Int)
    case notAPlan
    case unknownVersion(UInt32)
    /// The bytes are not those that were written.
    case wrongChecksum
    case damaged(WireError)
    /// A running plan is replaced by one at a time, and not on the way down.
    case shuttingDown
    case reloadUnderWay
    /// The state that another run of PID 1 left is not of this plan.
    case foreignState
}

extension BootPlanError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notSorted(let service):
            Self.named(service) + " stands twice, or the services are not sorted by name"
        case .unknownService(let name, let relation, let service):
            Self.named(service) + " names '" + name + "' in '" + relation.description
                + "', but there is no such service"
        case .cycle(let names): Self.describe(cycle: names)
        case .doesNotFit(let service):
            (service.isEmpty ? "the plan" : Self.named(service))
                + " holds a longer text, list or number than a boot plan can; make it shorter"
        case .tooLarge(let limit):
            "the boot plan is larger than " + String(limit)
                + " bytes; remove services or shorten their command lines"
        case .notAPlan: "this is not a boot plan; build the image again"
        case .unknownVersion(let version):
            "boot plan version " + String(version) + " is not " + String(BootPlan.version)
                + "; build the image again"
        case .wrongChecksum: "the boot plan's checksum is wrong; the file is damaged"
        case .damaged(let error): "the boot plan is damaged: " + error.description
        case .shuttingDown: "the handset is shutting down; the plan stays as it is"
        case .reloadUnderWay: "another reload is under way; try again when it is done"
        case .foreignState: "the saved state belongs to another boot plan, or is damaged"
        }
    }

    private static func named(_ service: String) -> String { "service '" + service + "'" }

    private static func describe(cycle names: [String]) -> String {
        var text = "these services wait for each other: "
        for name in names { text += name + " → " }
        return text + (names.first ?? "") + "; remove one of these dependencies"
    }
}
