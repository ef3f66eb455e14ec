import LinuxSystem
import Services
import Slots
import Wire

/// A caller of the control socket, and what it is still owed. Answers are sent as the caller takes them:
/// PID 1 never waits for a slow one and keeps no copy of what it has not sent yet.
final class Connection {
    let socket: LocalSocket
    /// It may have the places that are kept for root.
    let isRoot: Bool
    let rights: ControlRights
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

    init(_ socket: consuming LocalSocket, isRoot: Bool, _ rights: ControlRights) {
        self.socket = socket
        self.isRoot = isRoot
        self.rights = rights
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
            let peer = (try? socket.peer()) ?? LocalSocket.Peer()
            let isRoot = isPrivileged(peer.userID)
            if let slot = freeSlot(isRoot) {
                add(Connection(socket, isRoot: isRoot, isRoot ? rights(of: peer.process) : []), slot)
            } else {
                turnAway(socket)
            }
        }
    }

    /// Root; and where this is no machine's PID 1, also who started it.
    private func isPrivileged(_ user: UInt32) -> Bool {
        user == 0 || !options.isSystem && user == ChildProcess.effectiveUser
    }

    /// Root outside of all services may do everything. Within one it may do what the plan says: a service
    /// that is confined in every other way must not become unconfined root by asking for it. Who cannot be
    /// looked up, because it has gone or is hidden, may do nothing; who is outside this process namespace (0)
    /// is no service.
    private func rights(of process: Int32) -> ControlRights {
        if process == 0 { return .all }
        guard Directory.exists("/proc/" + String(process)) else { return [] }
        guard let service = service(near: process) else { return .all }
        return supervisor.plan.services[service].controlRights
    }

    private func freeSlot(_ isRoot: Bool) -> Int? {
        let slot = connections.firstIndex { $0 == nil } ?? connections.count
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
            guard mayAsk(request.command, connection) else {
                let inService = "a service may do that only if its file says so (control:)"
                return refuse(connection.isRoot ? inService : "only root may do that", slot)
            }
            change(request, passed, connection, slot)
        }
    }

    private func mayAsk(_ command: ControlRequest.Command, _ connection: Connection) -> Bool {
        switch command {
        // An event for the boot chart changes nothing.
        case .announce: connection.isRoot
        case .attachLog: connection.rights.contains(.log)
        default: connection.rights.contains(.change)
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
