import LinuxSystem
import Transfer
import Web
import Wire

/// The loop. libwebsockets waits, for the network and for the epoll that everything else is in.
final class FetchService {
    /// The package service, and some apps' requests through another; each has a process of names at most.
    private static let sessionLimit = 16
    /// Without a deadline.
    private static let longestWait: UInt64 = 3_600_000
    private static let listenerTag: UInt64 = 0
    private static let signalTag: UInt64 = 1

    private let options: Options
    private let listener: HeldDescriptor
    private let signals: SignalDescriptor
    private var epoll: Epoll
    private let web: WebContext
    private let origins: OriginTable
    private var sessions: [FetchSession] = []
    private var nextTag: UInt64 = 2
    private var isEnding = false

    init(_ options: Options) throws(SystemCallError) {
        self.options = options
        listener = HeldDescriptor(
            try ServiceSocket.passed(
                orListeningBelow: options.listens ? options.runDirectory : nil,
                as: FetchReply.socketName.description))
        signals = try SignalDescriptor()
        epoll = try Epoll()
        try epoll.add(listener.descriptor, tag: Self.listenerTag)
        try epoll.add(signals.descriptor, tag: Self.signalTag)
        guard let web = WebContext(local: epoll.number, authorities: options.authorities) else {
            throw SystemCallError("set up libwebsockets", code: 12)
        }
        self.web = web
        origins = OriginTable(web)
    }

    func run() throws(SystemCallError) {
        while !isEnding {
            let now = Clock.bootMilliseconds
            var wait = Self.longestWait
            for session in sessions {
                if let deadline = session.deadline { wait = min(wait, deadline - min(deadline, now)) }
            }
            guard web.wait(milliseconds: wait) else {
                throw SystemCallError("wait for the network", code: 5)
            }
            try turn()
        }
    }

    private func turn() throws(SystemCallError) {
        var tags: [UInt64] = []
        try epoll.wait(milliseconds: 0, tags: &tags)
        for tag in tags {
            switch tag {
            case Self.listenerTag: try accept()
            case Self.signalTag: takeSignals()
            default: break
            }
        }
        let now = Clock.bootMilliseconds
        // They are few, and asking one that has nothing to do costs nothing.
        for session in sessions { session.proceed(now) }
        sessions.removeAll { session in
            guard session.isOver else { return false }
            epoll.remove(session.socket.descriptor)
            return true
        }
    }

    private func takeSignals() {
        while let signal = signals.next() {
            if signal == ChildProcess.terminateSignal || signal == ChildProcess.interruptSignal {
                isEnding = true
            }
        }
        while ChildProcess.reap() != nil {}
    }

    private func accept() throws(SystemCallError) {
        var address: [UInt8] = []
        while let descriptor = try StreamSocket.accept(listener.descriptor, address: &address) {
            let socket = LocalSocket(descriptor)
            guard sessions.count < Self.sessionLimit, let peer = try? socket.peer(), isWelcome(peer) else {
                continue
            }
            let session = FetchSession(
                HeldDescriptor(socket.takeDescriptor()), options, origins, watch: watch)
            // Edges: whatever is ready is used until it is not.
            try epoll.add(
                session.socket.descriptor, tag: nextTag, for: [.reading, .writing, .edge])
            nextTag += 1
            sessions.append(session)
        }
    }

    private func isWelcome(_ peer: LocalSocket.Peer) -> Bool {
        peer.userID == 0 || peer.userID == ChildProcess.effectiveUser || options.users.contains(peer.userID)
    }

    private func watch(_ search: NameSearch, begins: Bool) {
        guard begins else { return epoll.remove(search.reading.descriptor) }
        // Should that fail, its deadline ends the search.
        try? epoll.add(search.reading.descriptor, tag: nextTag, for: [.reading, .edge])
        nextTag += 1
    }
}
