import LinuxSystem
import Services
import Wire

/// A listening socket of a service. It is made once and outlives every process of the service: what connects
/// while the service is down or restarts waits in the kernel's queue.
struct ServiceSocketHolder {
    let definition: ListeningSocket
    let held: HeldDescriptor

    init(making definition: ListeningSocket) throws(SystemCallError) {
        self.definition = definition
        let kind = Self.kind(of: definition)
        switch definition.address {
        case .unix(let path):
            try Directory.makeAll(Directory.parent(of: path))
            held = HeldDescriptor(
                try ServiceSocket.listen(
                    at: path, kind, permissions: UInt32(definition.permissions), userID: definition.userID,
                    groupID: definition.groupID, backlog: Int32(definition.backlog)))
        case .internet(let bytes, let port):
            held = HeldDescriptor(
                try ServiceSocket.listen(
                    onInternet: bytes, port: port, kind, backlog: Int32(definition.backlog)))
        }
    }

    init(_ definition: ListeningSocket, _ held: HeldDescriptor) {
        self.definition = definition
        self.held = held
    }

    /// Compared by bytes: `==` of texts would bring Unicode's tables into PID 1.
    func isMade(for other: ListeningSocket) -> Bool {
        guard UTF8Text.equal(definition.name, other.name), definition.kind == other.kind,
            definition.permissions == other.permissions, definition.userID == other.userID,
            definition.groupID == other.groupID, definition.backlog == other.backlog
        else { return false }
        switch (definition.address, other.address) {
        case (.unix(let one), .unix(let two)): return UTF8Text.equal(one, two)
        case (.internet(let one, let port), .internet(let two, let otherPort)):
            return port == otherPort && one.elementsEqual(two)
        default: return false
        }
    }

    /// Programs exist that shut their socket down, or remove its file, when they end. Such a socket is of no
    /// use to the next process, nor to anybody who wants to connect.
    var isUsable: Bool {
        if definition.kind != .datagram, !ServiceSocket.isListening(held.descriptor) { return false }
        guard case .unix(let path) = definition.address else { return true }
        return Directory.exists(path)
    }

    func removeFile() {
        if case .unix(let path) = definition.address { try? Directory.unlink(path) }
    }

    private static func kind(of definition: ListeningSocket) -> ServiceSocket.Kind {
        switch definition.kind {
        case .stream: .stream
        case .datagram: .datagram
        case .sequentialPackets: .sequentialPackets
        }
    }
}

/// A descriptor that a service has left with PID 1 (`FDSTORE=1`), to have it back when it runs again.
struct StoredDescriptor {
    let name: String
    let held: HeldDescriptor
}

extension Supervision {
    /// What one service may store: connections of a small server, or the buffers of a screen. Each costs PID
    /// 1 an entry of its table, so that 100 services at their limit still leave room in it.
    static let storedLimit = 64

    /// Before the first service starts: whoever connects from then on is served sooner or later. What cannot
    /// be made stops only its own service, which tries again when it starts.
    func makeSockets() {
        for service in resources.indices {
            do throws(SystemCallError) {
                try makeSockets(of: service)
            } catch {
                Log.say(.error, supervisor.plan.services[service].name + ": " + error.description)
            }
        }
    }

    /// Makes what the plan wants and is not there, and drops what it does not want any more.
    func makeSockets(of service: Int) throws(SystemCallError) {
        let wanted = supervisor.plan.services[service].sockets
        if wanted.isEmpty, resources[service].sockets.isEmpty { return }
        for socket in resources[service].sockets where !wanted.contains(where: socket.isMade(for:)) {
            socket.removeFile()
        }
        var made: [ServiceSocketHolder] = []
        for definition in wanted {
            let old = resources[service].sockets.first { $0.isMade(for: definition) }
            if let old, old.isUsable { made.append(old) }
        }
        // What is dropped closes here: its address must be free before it can be made anew.
        resources[service].sockets = made
        if made.count == wanted.count { return }
        for (position, definition) in wanted.enumerated() {
            if position < made.count, made[position].isMade(for: definition) { continue }
            made.insert(try ServiceSocketHolder(making: definition), at: position)
            resources[service].sockets = made
        }
    }

    /// What a process of this service finds as descriptors 3 and up: its sockets, then what it stored. Throws
    /// when a socket is missing: a server without it would run and serve nobody.
    func handover(of service: Int) throws(SystemCallError) -> Handover {
        try makeSockets(of: service)
        var handover = Handover()
        for socket in resources[service].sockets {
            handover.add(socket.definition.name, socket.held)
        }
        for stored in resources[service].stored { handover.add(stored.name, stored.held) }
        return handover
    }

    func store(_ descriptors: [HeldDescriptor], as name: String?, for service: Int) {
        for held in descriptors {
            if resources[service].stored.count >= storedLimit(of: service) { dropDeadStored(of: service) }
            guard resources[service].stored.count < storedLimit(of: service) else {
                let name = supervisor.plan.services[service].name
                return Log.say(.warning, name + ": it stores too many descriptors; one was closed")
            }
            resources[service].stored.append(StoredDescriptor(name: name ?? "stored", held: held))
        }
    }

    /// They are handed over as 3, 4, …: a readiness descriptor among those numbers bounds them.
    private func storedLimit(of service: Int) -> Int {
        let definition = supervisor.plan.services[service]
        guard case .descriptor(let number) = definition.readiness else { return Self.storedLimit }
        return max(0, min(Self.storedLimit, Int(number) - 3 - definition.sockets.count))
    }

    /// Whose other end has gone.
    private func dropDeadStored(of service: Int) {
        resources[service].stored.removeAll { $0.held.descriptor.hasHungUp }
    }

    func removeStored(_ name: String, of service: Int) {
        resources[service].stored.removeAll { UTF8Text.equal($0.name, name) }
    }
}

/// What a service's process inherits beyond its streams.
struct Handover {
    /// Borrowed: their owners outlive the spawn.
    private(set) var numbers: [Int32] = []
    /// LISTEN_FDNAMES
    private var names = ""

    mutating func add(_ name: String, _ held: HeldDescriptor) {
        if !numbers.isEmpty { names += ":" }
        names += name
        numbers.append(held.descriptor.rawValue)
    }

    /// `LISTEN_PID` is added in the child, which alone knows it in time.
    var environment: [String] {
        numbers.isEmpty ? [] : ["LISTEN_FDS=" + String(numbers.count), "LISTEN_FDNAMES=" + names]
    }
}
