import LinuxSystem
import Services
import Slots
import Wire

/// A caller of the control socket, and what it is still owed. Answers are sent as the caller takes them:
/// PID 1 never waits for a slow one and keeps no copy of what it has not sent yet.
final class Connection {
    let socket: LocalSocket
    let isRoot: Bool
    var nextRow: Int?
    var nextPipe: Int?
    /// Services whose pipe the logger has and of which it does not know the newest; each at most once.
    var changedSources: [Int] = []
    var wantsEvents = false

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
            let isRoot = (try? socket.peerUserID()) == 0 || !options.isSystem
            add(Connection(socket, isRoot: isRoot))
        }
    }

    private func add(_ connection: Connection) {
        var slot = connections.count
        for index in connections.indices where connections[index] == nil { slot = index }
        guard slot < (connection.isRoot ? Self.connectionLimit : Self.ordinaryConnectionLimit) else { return }
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
                answer(packet.bytes, connection, slot)
                guard connections[slot] != nil else { return }
            }
        } catch { return drop(slot) }
        proceed(slot)
    }

    func drop(_ slot: Int) { connections[slot] = nil }

    private func answer(_ bytes: [UInt8], _ connection: Connection, _ slot: Int) {
        guard let request = try? ControlRequest(decoding: bytes) else {
            reply(
                .refused("this request is not understood; amosctl and amos-init are of different versions"),
                slot)
            return
        }
        switch request.command {
        case .status: connection.nextRow = 0
        case .events: connection.wantsEvents = true
        case _ where !connection.isRoot: reply(.refused("only root may do that"), slot)
        case .start, .stop, .restart: command(request, slot)
        case .announce: announcer.pass(Array(request.text.utf8.filter { $0 != 0x0a }) + [0x0a])
        case .attachLog: connection.nextPipe = 0
        case .powerOff: shutDown(.powerOff, slot)
        case .reboot: shutDown(.reboot, slot)
        case .factoryReset:
            guard SlotRecord.update({ metadata, _ in metadata.requestFactoryReset() }) else {
                return reply(.refused("the request cannot be written to misc; nothing was erased"), slot)
            }
            shutDown(.reboot, slot)
        }
    }

    private func command(_ request: ControlRequest, _ slot: Int) {
        guard let service = supervisor.plan.index(of: request.text) else {
            return reply(
                .refused("there is no service '" + request.text + "'; amosctl status lists them"), slot)
        }
        guard !supervisor.isShuttingDown else { return reply(.refused("the handset is shutting down"), slot) }
        reply(.end, slot)
        switch request.command {
        case .start: handle(.start(service: service))
        case .stop: handle(.stop(service: service))
        default: handle(.restart(service: service))
        }
    }

    private func shutDown(_ kind: ShutdownKind, _ slot: Int) {
        reply(.end, slot)
        beginShutdown(kind)
    }

    private func reply(_ reply: ControlReply, _ slot: Int) {
        guard let connection = connections[slot] else { return }
        // A caller that does not even take one answer has stopped listening.
        if (try? connection.socket.send(reply.encode())) != true { drop(slot) }
    }

    /// Sends rows and pipes until there are no more or the caller takes no more.
    func proceed(_ slot: Int) {
        guard let connection = connections[slot] else { return }
        do throws(SystemCallError) {
            var isBlocked = false
            while let row = connection.nextRow, !isBlocked {
                let isLast = row == supervisor.plan.services.count
                let message: ControlReply = isLast ? .end : .row(supervisor.status(of: row))
                isBlocked = try !connection.socket.send(message.encode())
                if !isBlocked { connection.nextRow = isLast ? nil : row + 1 }
            }
            if !isBlocked { isBlocked = try !sendSources(connection) }
            let interest: Epoll.Interest = isBlocked ? [.reading, .writing] : .reading
            try epoll.modify(connection.socket.descriptor, tag: Self.tag(.connection, slot), for: interest)
        } catch { drop(slot) }
    }

    /// An event line to everybody who listens; who does not keep up is dropped, and amosctl says so.
    func broadcast(_ line: [UInt8]) {
        for slot in connections.indices where connections[slot]?.wantsEvents == true {
            reply(.event(line: String(decoding: line, as: UTF8.self)), slot)
        }
    }
}
