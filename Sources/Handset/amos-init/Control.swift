import LinuxSystem
import Services
import Slots
import Wire

/// A caller of the control socket, and what it is still owed. Answers are sent as the caller takes them:
/// PID 1 never waits for a slow one and keeps no copy of what it has not sent yet.
final class Connection {
    let socket: LocalSocket
    let isRoot: Bool
    /// The epoll tells when it takes more.
    var isBlocked = false
    var nextRow: Int?
    var nextPipe: Int?
    /// Services whose pipe the logger has and of which it does not know the newest; each at most once.
    var changedSources: [Int] = []
    /// Where in the history of events it is.
    var nextEvent: Int?
    var isFollowing = false
    /// Gets a row whenever this service changes its state.
    var watchedService: Int?
    /// Gets an `end` when it is done.
    var awaits = Awaited.nothing

    enum Awaited: UInt8 { case nothing, reload, handover }

    init(_ socket: consuming LocalSocket, isRoot: Bool) {
        self.socket = socket
        self.isRoot = isRoot
    }
}

extension Supervision {
    /// More callers are turned away: `amosctl`, the logger and a handful of daemons use it.
    static let connectionLimit = 32
    /// What others than root may hold of them: nobody else can lock root out.
    static let ordinaryConnectionLimit = 16

    func acceptConnections() {
        for _ in 0..<Self.packetLimit {
            guard let descriptor = spares.accept(controlSocket) else { return }
            let socket = LocalSocket(descriptor)
            let isRoot = mayChange((try? socket.peerUserID()) ?? .max)
            if let slot = freeSlot(isRoot) {
                add(Connection(socket, isRoot: isRoot), slot)
            } else {
                turnAway(socket)
            }
        }
    }

    /// Root may change everything; and where this is no machine's PID 1, so may who started it.
    private func mayChange(_ user: UInt32) -> Bool {
        user == 0 || !options.isSystem && user == ChildProcess.effectiveUser
    }

    private func freeSlot(_ isRoot: Bool) -> Int? {
        var slot = connections.count
        for index in connections.indices where connections[index] == nil { slot = index }
        return slot < (isRoot ? Self.connectionLimit : Self.ordinaryConnectionLimit) ? slot : nil
    }

    private func turnAway(_ socket: borrowing LocalSocket) {
        let answer = ControlReply.refused("too many callers at once; try again in a moment")
        _ = try? socket.send(answer.encode())
        socket.shutDown(packetLimit: ControlRequest.limit)
    }

    private func add(_ connection: Connection, _ slot: Int) {
        if slot == connections.count { connections.append(nil) }
        connections[slot] = connection
        if (try? epoll.add(connection.socket.descriptor, tag: Self.tag(.connection, slot))) == nil {
            connections[slot] = nil
        }
    }

    /// A request has come, the caller takes more, or it has gone.
    func serve(_ slot: Int) {
        guard slot < connections.count, let connection = connections[slot] else { return }
        do throws(SystemCallError) {
            for _ in 0..<Self.packetLimit {
                guard let packet = try connection.socket.receive(limit: ControlRequest.limit) else { break }
                guard !packet.bytes.isEmpty else { return drop(slot) }
                let bytes = packet.bytes
                let passed = packet.takePassed()
                answer(bytes, passed, connection, slot)
                guard connections[slot] != nil else { return }
            }
        } catch { return drop(slot) }
        proceed(slot)
    }

    func drop(_ slot: Int) { connections[slot] = nil }

    private func answer(
        _ bytes: [UInt8], _ passed: consuming FileDescriptor?, _ connection: Connection, _ slot: Int
    ) {
        guard let request = try? ControlRequest(decoding: bytes) else {
            return refuse(
                "this request is not understood; amosctl and amos-init are of different versions", slot)
        }
        switch request.command {
        case .status: sendRows(request.text, connection, slot)
        case .history, .follow:
            connection.nextEvent = 0
            connection.isFollowing = request.command == .follow
        case .plan: reply(.plan, slot, passing: planFile.descriptor.rawValue)
        case .explain: explain(request.text, slot)
        case .about: reply(.about(about), slot)
        default:
            guard connection.isRoot else { return refuse("only root may do that", slot) }
            change(request, passed, connection, slot)
        }
    }

    private func change(
        _ request: ControlRequest, _ passed: consuming FileDescriptor?, _ connection: Connection, _ slot: Int
    ) {
        switch request.command {
        case .start, .stop, .restart: command(request, connection, slot)
        case .announce:
            let line = Array(request.text.utf8.filter { $0 != 0x0a })
            reply(.end, slot)
            announcer.pass(Array(line.prefix(BootEvent.lineLimit - 1)) + [0x0a])
        case .attachLog: connection.nextPipe = 0
        case .powerOff: shutDown(.powerOff, slot)
        case .reboot: shutDown(.reboot, slot)
        case .factoryReset:
            guard SlotRecord.update({ metadata, _ in metadata.requestFactoryReset() }) else {
                return refuse("the request cannot be written to misc; nothing was erased", slot)
            }
            shutDown(.reboot, slot)
        case .reload: reload(passed, connection, slot)
        case .execSelf: handOver(to: request.text, connection, slot)
        case .status, .history, .follow, .plan, .explain, .about: break
        }
    }

    private func command(_ request: ControlRequest, _ connection: Connection, _ slot: Int) {
        guard let service = find(request.text, slot) else { return }
        guard !supervisor.isShuttingDown else { return refuse("the handset is shutting down", slot) }
        reply(.end, slot)
        connection.watchedService = service
        switch request.command {
        case .start: handle(.start(service: service))
        case .stop: handle(.stop(service: service))
        default: handle(.restart(service: service))
        }
        // Where nothing had to change, nothing was announced.
        reply(.row(status(of: service)), slot)
    }

    private func shutDown(_ kind: ShutdownKind, _ slot: Int) {
        reply(.end, slot)
        beginShutdown(kind)
    }
}
