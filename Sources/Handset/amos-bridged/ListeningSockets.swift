import Bridge
import LinuxSystem

/// A descriptor on its way into a list.
final class Passing {
    private var descriptor: FileDescriptor?

    init(_ descriptor: consuming FileDescriptor) { self.descriptor = consume descriptor }

    func take() -> FileDescriptor {
        var taken: FileDescriptor?
        swap(&taken, &descriptor)
        return taken ?? FileDescriptor(owning: -1)
    }
}

/// The sockets that PID 1 passes (sd_listen_fds(3)), or those that the options ask for.
enum ListeningSockets {
    private static let first: Int32 = 3

    static func take(_ options: Options) throws(SystemCallError) -> [(name: String, Passing)] {
        if let port = options.port { return try own(port, options) }
        let environment = ProcessArguments.environment("LISTEN_FDS") ?? ""
        let count = Decimal.number(Array(environment.utf8)[...]) ?? 0
        let names = Array((ProcessArguments.environment("LISTEN_FDNAMES") ?? "").utf8)
            .split(separator: 0x3a, omittingEmptySubsequences: false)
        guard count > 0, count < 16 else {
            throw SystemCallError("use the sockets of PID 1: there are none", "LISTEN_FDS", code: 22)
        }
        var sockets: [(name: String, Passing)] = []
        for index in 0..<Int(count) {
            let socket = FileDescriptor(owning: first + Int32(index))
            try socket.setBlocking(false)
            try socket.closeOnExecute()
            let name = index < names.count ? String(decoding: names[index], as: UTF8.self) : ""
            sockets.append((name, Passing(socket)))
        }
        return sockets
    }

    private static func own(
        _ port: UInt16, _ options: Options
    ) throws(SystemCallError) -> [(name: String, Passing)] {
        var chosen: UInt16 = 0
        let listener = try StreamSocket.listen(onLoopback: port, chosen: &chosen)
        let path = options.runDirectory + "/" + BridgeRequest.socketName.description
        try Directory.makeAll(options.runDirectory + "/ipc")
        let control = try LocalSocket(listeningAt: path, .connections, permissions: 0o600)
        Output.say("listening on port " + String(chosen))
        return [("adb", Passing(listener)), ("control", Passing(control.takeDescriptor()))]
    }
}

/// Who this process is: of two, the lesser one unless there is a reason.
final class ProcessIdentity {
    enum Kind { case root, shell }

    let user: UInt32
    let group: UInt32
    /// Started by somebody who is not root: everything is done as that user.
    let isFixed: Bool
    private(set) var now = Kind.root

    init(user: UInt32, group: UInt32) {
        (self.user, self.group) = (user, group)
        isFixed = ChildProcess.effectiveUser != 0 || user == 0
    }

    /// While it is still root: groups of nobody's, and the folders that shells expect.
    func prepare(_ options: Options) throws(SystemCallError) {
        if !isFixed { try Identity.dropGroups() }
        try Self.makeFolders(options.dataDirectory, permissions: 0o700)
        if !Directory.exists(options.home) {
            try Self.makeFolders(options.home, permissions: 0o771)
            if !isFixed { try Directory.own(options.home, user: user, group: group) }
        }
    }

    /// `path` and what is above it.
    static func makeFolders(_ path: String, permissions: UInt32) throws(SystemCallError) {
        var made = ""
        let parts = path.utf8.split(separator: 0x2f)
        for (index, part) in parts.enumerated() {
            made += "/" + String(decoding: Array(part), as: UTF8.self)
            try Directory.make(made, permissions: index == parts.count - 1 ? permissions : 0o755)
        }
    }

    /// Returns who it was before. A process that cannot give root up must not go on.
    @discardableResult
    func become(_ kind: Kind) -> Kind {
        let before = now
        guard !isFixed, kind != now else { return before }
        do throws(SystemCallError) {
            try Identity.become(
                user: kind == .root ? 0 : user, group: kind == .root ? 0 : group)
        } catch {
            Output.say("<2>amos-bridged: " + error.description)
            ChildProcess.exit(1)
        }
        now = kind
        return before
    }
}
