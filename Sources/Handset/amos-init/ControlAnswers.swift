import LinuxSystem
import Services
import Wire

/// What PID 1 tells at the control socket.
extension Supervision {
    func reply(_ reply: ControlReply, _ slot: Int, passing descriptor: Int32 = -1) {
        guard let connection = connections[slot] else { return }
        // A caller that does not even take one answer has stopped listening.
        let sent = try? connection.socket.send(reply.encode(), passing: descriptor)
        if sent != true { drop(slot) }
    }

    func refuse(_ reason: String, _ slot: Int) { reply(.refused(reason), slot) }

    /// nil, and the caller knows, if there is no such service.
    func find(_ name: String, _ slot: Int) -> Int? {
        if let service = supervisor.plan.index(of: name) { return service }
        refuse("there is no service '" + name + "'; amosctl status lists them", slot)
        return nil
    }

    func sendRows(_ name: String, _ connection: Connection, _ slot: Int) {
        guard !name.isEmpty else {
            connection.nextRow = 0
            return
        }
        guard let service = find(name, slot) else { return }
        reply(.row(status(of: service)), slot)
        reply(.end, slot)
    }

    func status(of service: Int) -> ServiceStatus {
        var status = supervisor.status(of: service)
        status.lastEnd = resources[service].lastEnd
        status.lastEndMilliseconds = resources[service].lastEndMilliseconds
        status.note = resources[service].statusText
        // Of those that wait, only what died has a time to come back.
        if status.state == .waiting {
            status.nextStartMilliseconds = supervisor.deadline(of: service) ?? 0
        }
        return status
    }

    var about: SupervisionStatus {
        SupervisionStatus(
            isSystem: options.isSystem, isShuttingDown: supervisor.isShuttingDown,
            pid: ChildProcess.thisProcess, sinceMilliseconds: startMilliseconds, handovers: handovers,
            cgroupRoot: groups?.root.path ?? "")
    }

    func explain(_ name: String, _ slot: Int) {
        guard let service = find(name, slot) else { return }
        var text = ""
        for line in supervisor.explanation(of: service) { text += (text.isEmpty ? "" : "\n") + line }
        reply(.explanation(text), slot)
    }

    /// Tells those who wait for this service.
    func tellWatchers(_ service: Int, _ state: ServiceState, _ process: Int32, _ reason: String) {
        for slot in connections.indices where connections[slot]?.watchedService == service {
            var row = status(of: service)
            (row.state, row.pid, row.reason) = (state, process, reason)
            reply(.row(row), slot)
        }
    }

    /// The history has grown.
    func continueFollowers() {
        for slot in connections.indices {
            if let connection = connections[slot], connection.isFollowing, !connection.isBlocked {
                proceed(slot)
            }
        }
    }

    /// Sends rows, pipes and events until there are no more or the caller takes no more.
    func proceed(_ slot: Int) {
        guard let connection = connections[slot] else { return }
        do throws(SystemCallError) {
            var isDone = try sendRows(connection)
            if isDone { isDone = try sendSources(connection) }
            if isDone { isDone = try sendEvents(connection) }
            guard connection.isBlocked == isDone else { return }
            connection.isBlocked = !isDone
            try epoll.modify(
                connection.socket.descriptor, tag: Self.tag(.connection, slot),
                for: isDone ? .reading : [.reading, .writing])
        } catch { drop(slot) }
    }

    /// false: the caller takes no more at the moment.
    private func sendRows(_ connection: Connection) throws(SystemCallError) -> Bool {
        while let row = connection.nextRow {
            let isLast = row >= supervisor.plan.services.count
            let message: ControlReply = isLast ? .end : .row(status(of: row))
            guard try connection.socket.send(message.encode()) else { return false }
            connection.nextRow = isLast ? nil : row + 1
        }
        return true
    }

    private func sendEvents(_ connection: Connection) throws(SystemCallError) -> Bool {
        while let position = connection.nextEvent {
            let lost = announcer.history.lost(at: position)
            if lost > 0 {
                guard try connection.socket.send(ControlReply.lost(bytes: UInt64(lost)).encode()) else {
                    return false
                }
                connection.nextEvent = position + lost
            } else if let line = announcer.history.line(at: position) {
                let reply = ControlReply.event(line: String(decoding: line, as: UTF8.self))
                guard try connection.socket.send(reply.encode()) else { return false }
                connection.nextEvent = position + line.count
            } else {
                if connection.isFollowing { return true }
                guard try connection.socket.send(ControlReply.end.encode()) else { return false }
                connection.nextEvent = nil
            }
        }
        return true
    }
}
