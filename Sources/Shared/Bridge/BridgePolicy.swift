/// What a developer may do on this handset.
public struct BridgePolicy: Equatable, Sendable {
    public enum Variant: Equatable, Sendable {
        /// Of developers.
        case dev
        /// Of owners.
        case user(isDeveloperMode: Bool)
    }

    public var variant: Variant

    public init(_ variant: Variant) { self.variant = variant }

    /// Whether anybody is listened to at all.
    public var isOn: Bool { variant != .user(isDeveloperMode: false) }

    private var isDev: Bool { variant == .dev }

    /// A key that the emulator hands over counts as the owner's.
    public var trustsEmulator: Bool { isDev }
    public var allowsRoot: Bool { isDev }
    /// Files: all that the shell's user may see, or only the developer's own folder.
    public var confinesFiles: Bool { !isDev }
    /// Log: all of it, or only what the developer's own packages print.
    public var confinesLog: Bool { !isDev }

    public enum Decision: Sendable {
        case allowed
        /// Said to the peer where the service has words, else in the log.
        case refused(StaticString)

        public var isAllowed: Bool {
            if case .allowed = self { true } else { false }
        }
    }

    public func judge(_ service: ServiceName) -> Decision {
        guard isOn else { return .refused("the bridge is off: developer mode is not enabled") }
        if isDev { return .allowed }
        switch service {
        case .synchronize, .sideload: return .allowed
        case .shell(let request): return judge(command: request.command)
        case .execute(let command): return judge(command: command)
        case .socket, .reverse: return .refused("this handset forwards no ports")
        case .reboot(let target):
            return target.isEmpty ? .allowed : .refused("this handset reboots into its system only")
        case .root: return .refused("adbd cannot run as root in user images")
        case .unroot: return .refused("adbd is not running as root")
        }
    }

    /// Without a shell, only what the bridge answers by itself.
    private func judge(command: [UInt8]) -> Decision {
        switch BuiltInCommand(command) {
        case .package, .logcat, .wrong: .allowed
        case nil: .refused("this handset has no shell")
        }
    }
}
