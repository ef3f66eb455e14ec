import Wire

/// What amosctl can be asked for.
enum Command: CaseIterable {
    case status, log, start, stop, restart, tree, why, blame, chart, top, events, reload, execSelf, pkg,
        developerMode
    case powerOff, reboot, factoryReset, bridge

    var name: String {
        switch self {
        case .status: "status"
        case .log: "log"
        case .start: "start"
        case .stop: "stop"
        case .restart: "restart"
        case .tree: "tree"
        case .why: "why"
        case .blame: "blame"
        case .chart: "chart"
        case .top: "top"
        case .events: "events"
        case .reload: "reload"
        case .execSelf: "exec-self"
        case .pkg: "pkg"
        case .developerMode: "developer-mode"
        case .powerOff: "poweroff"
        case .reboot: "reboot"
        case .factoryReset: "factory-reset"
        case .bridge: "bridge"
        }
    }

    init?(_ word: String) {
        for command in Self.allCases where UTF8Text.equal(command.name, word) {
            self = command
            return
        }
        return nil
    }

    /// Whether a word that is no option may, or must, follow.
    enum Subject { case none, optional, required }

    var subject: Subject {
        switch self {
        case .start, .stop, .restart, .why: .required
        case .status, .tree, .log, .reload, .execSelf, .bridge, .developerMode: .optional
        default: .none
        }
    }

    struct Options: OptionSet {
        let rawValue: UInt16
        static let json = Options(rawValue: 1)
        static let follow = Options(rawValue: 2)
        static let lines = Options(rawValue: 4)
        static let service = Options(rawValue: 8)
        static let yes = Options(rawValue: 16)
        static let noWait = Options(rawValue: 32)
        static let timeout = Options(rawValue: 64)
        static let reverse = Options(rawValue: 128)
        static let output = Options(rawValue: 256)
    }

    var options: Options {
        switch self {
        case .status, .blame, .developerMode: .json
        case .log, .pkg: []
        case .start, .stop, .restart: [.noWait, .timeout]
        case .tree: .reverse
        case .chart: .output
        case .top: [.json, .lines]
        case .events: [.json, .follow]
        case .factoryReset: .yes
        case .why, .reload, .execSelf, .powerOff, .reboot, .bridge: []
        }
    }
}
