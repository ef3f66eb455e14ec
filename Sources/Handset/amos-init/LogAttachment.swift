import LinuxSystem
import Services
import Wire

/// What the logger is told (`attachLog`): where each service's output comes from, which process writes it,
/// and how much it may write. PID 1 keeps the pipes, so that the logger may die and come back.
extension Supervision {
    /// A pipe has been made.
    func continueLogConnections() {
        for slot in connections.indices where connections[slot]?.nextPipe != nil { proceed(slot) }
    }

    /// Lines that come from now on are this process's; 0: of what it has left behind.
    func tellLogger(_ service: Int, process: Int32) {
        resources[service].writer = process
        for slot in connections.indices {
            guard let connection = connections[slot], connection.nextPipe != nil else { continue }
            guard !connection.changedSources.contains(service) else { continue }
            connection.changedSources.append(service)
            proceed(slot)
        }
    }

    /// false: the logger takes no more at the moment.
    func sendSources(_ connection: Connection) throws(SystemCallError) -> Bool {
        while let next = connection.nextPipe, next < pipeOrder.count {
            let service = pipeOrder[next]
            let number = resources[service].output?.reading.rawValue ?? -1
            guard try connection.socket.send(source(service), passing: number) else { return false }
            connection.nextPipe = next + 1
        }
        while let service = connection.changedSources.first {
            guard try connection.socket.send(source(service)) else { return false }
            connection.changedSources.removeFirst()
        }
        return true
    }

    private func source(_ service: Int) -> [UInt8] {
        let definition = supervisor.plan.services[service]
        let source = LogSource(
            service: definition.name, process: resources[service].writer,
            linesPerSecond: definition.logLimit.linesPerSecond, burst: definition.logLimit.burst)
        return ControlReply.source(source).encode()
    }
}
