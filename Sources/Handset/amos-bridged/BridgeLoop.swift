import Bridge
import LinuxSystem

/// The loop: one epoll for all peers and everything they use.
///
/// Descriptors are watched edge-triggered: whoever is told that one is ready remembers it, and uses it when
/// the protocol lets it, until it is not ready any more.
final class BridgeLoop {
    /// Read at once; also what one peer may do before it is the next one's turn.
    static let bufferSize = 128 * 1024
    static let peerLimit = 16
    /// A peer shows a key within this time, or gives way.
    static let authenticationMilliseconds: UInt64 = 30_000
    /// The owner needs longer to compare a fingerprint.
    static let confirmationMilliseconds: UInt64 = 600_000

    let options: Options
    let policy: BridgePolicy
    let keys: KeyStore
    private(set) var identity: ProcessIdentity
    var attempts = AttemptLimit()
    private(set) var peers: [Peer] = []
    /// Closed by their peers, with bytes left for a slow reader.
    var lingering: [SocketEndpoint] = []
    private var epoll: Epoll
    private let signals: SignalDescriptor
    private var watched: [Watched?] = []
    private var generations: [UInt32] = []
    private var children: [(process: Int32, endpoint: ShellEndpoint)] = []
    private var buffer = [UInt8](repeating: 0, count: BridgeLoop.bufferSize)
    private var idleSince = Clock.bootMilliseconds
    private var transfers: UInt32 = 0

    init(_ options: Options) throws(SystemCallError) {
        self.options = options
        policy = options.policy
        identity = ProcessIdentity(user: options.user, group: options.group)
        keys = KeyStore(options)
        epoll = try Epoll()
        signals = try SignalDescriptor()
        ChildProcess.raiseDescriptorLimit()
        try identity.prepare(options)
        try listen()
        identity.become(.shell)
    }

    private func listen() throws(SystemCallError) {
        let signalWatch = Watched { [self] in reapChildren() }
        try watch(number: signals.descriptor.rawValue, signalWatch)
        for (name, descriptor) in try ListeningSockets.take(options) {
            let held = HeldDescriptor(descriptor.take())
            let isControl = UTF8.same(name, "control")
            let listener = Watched { [self] in isControl ? answerOwner(held) : acceptPeers(held) }
            try watch(number: held.descriptor.rawValue, listener)
        }
    }

    /// A number for names of partial files: peers number their streams each for themselves, so that two that
    /// push into one folder at once have streams of one number.
    func nextTransfer() -> UInt32 {
        transfers &+= 1
        return transfers
    }

    /// `watcher` hears of every change of this descriptor until it is forgotten.
    func watch(number: Int32, _ watcher: Watched) throws(SystemCallError) {
        let slot = watched.firstIndex { $0 == nil } ?? watched.count
        if slot == watched.count {
            watched.append(nil)
            generations.append(0)
        }
        try epoll.add(
            number: number, tag: UInt64(generations[slot]) << 32 | UInt64(slot),
            for: [.reading, .writing, .edge])
        watched[slot] = watcher
        watcher.slots.append(slot)
    }

    func forget(_ watcher: Watched) {
        for slot in watcher.slots {
            watched[slot] = nil
            generations[slot] &+= 1
        }
        watcher.slots = []
    }

    func run() throws(SystemCallError) {
        var tags: [UInt64] = []
        while !isIdle {
            try epoll.wait(milliseconds: patience, tags: &tags)
            for tag in tags {
                let slot = Int(tag & 0xffff_ffff)
                guard slot < watched.count, generations[slot] == UInt32(tag >> 32) else { continue }
                watched[slot]?.ready()
            }
            var bytes: [UInt8] = []
            swap(&bytes, &buffer)
            for peer in peers {
                identity.become(peer.isRoot ? .root : .shell)
                peer.takeTurn(&bytes)
            }
            identity.become(.shell)
            swap(&bytes, &buffer)
            for endpoint in lingering { endpoint.flush() }
            lingering.removeAll { $0.unwritten == 0 }
            expire(Clock.bootMilliseconds)
        }
    }

    private var isIdle: Bool {
        guard options.port == nil, peers.isEmpty, children.isEmpty, lingering.isEmpty else { return false }
        return Clock.bootMilliseconds - idleSince >= options.idleMilliseconds
    }

    private var patience: UInt64? {
        if peers.contains(where: { $0.canProceed }) { return 0 }
        if peers.contains(where: { !$0.isOnline }) { return 1_000 }
        return peers.isEmpty && options.port == nil ? options.idleMilliseconds : nil
    }

    private func expire(_ now: UInt64) {
        if !peers.isEmpty { idleSince = now }
        for peer in peers where peer.deadline < now { peer.leave("it has shown no key in time") }
        peers.removeAll { $0.isGone }
    }

    private func acceptPeers(_ listener: HeldDescriptor) {
        var address: [UInt8] = []
        while let socket = try? StreamSocket.accept(listener.descriptor, address: &address) {
            let now = Clock.bootMilliseconds
            guard policy.isOn, attempts.admits(address, milliseconds: now) else { continue }
            if peers.count >= Self.peerLimit {
                // Whoever has shown a key stays; of the others, the one that came first goes.
                guard let oldest = peers.firstIndex(where: { !$0.isOnline }) else { continue }
                peers.remove(at: oldest).leave("others want to connect, too")
            }
            let peer = Peer(HeldDescriptor(socket), address, self)
            guard (try? watch(number: peer.socket.descriptor.rawValue, peer)) != nil else { continue }
            peers.append(peer)
        }
    }

    func adopt(_ process: Int32, _ endpoint: ShellEndpoint) { children.append((process, endpoint)) }

    private func reapChildren() {
        while let signal = signals.next() {
            if signal == ChildProcess.terminateSignal { ChildProcess.exit(0) }
        }
        while let ended = ChildProcess.reap() {
            guard let index = children.firstIndex(where: { $0.process == ended.process }) else { continue }
            let code = ended.signal == 0 ? ended.exitCode : 128 + ended.signal
            children.remove(at: index).endpoint.processEnded(UInt8(truncatingIfNeeded: code))
        }
    }
}

/// Somebody who is told that a descriptor has news.
class Watched {
    var slots: [Int] = []
    private let action: (() -> Void)?

    init(_ action: (() -> Void)? = nil) { self.action = action }

    func ready() { action?() }
}
