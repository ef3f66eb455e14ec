import Services

/// No two sockets at one address, and none where PID 1 has its own.
extension ServiceLint {
    /// One that was made for a service, and where its file says so.
    private struct Use {
        let service: String
        let socket: ListeningSocket
        let shown: String
        let location: SourceLocation
    }

    func checkSockets() {
        var uses: [String: [Use]] = [:]
        for (source, item) in zip(services.sources, services.nodes) {
            let nodes = item.node["sockets"]?.items ?? []
            // A socket that was reported as wrong is missing among the definition's.
            guard nodes.count == source.definition.sockets.count else { continue }
            for (socket, node) in zip(source.definition.sockets, nodes) {
                let shown = node.entries.first { $0.key != "name" }?.value.text ?? socket.name
                let use = Use(
                    service: source.definition.name, socket: socket, shown: shown, location: node.location)
                let place = socket.place
                if let first = uses[place]?.first(where: { $0.socket.excludes(socket) }) {
                    report(use, after: first)
                }
                uses[place, default: []].append(use)
                checkPath(use, isIPC: node["ipc"] != nil)
            }
        }
    }

    private func report(_ use: Use, after first: Use) {
        let file = first.location.file.split(separator: "/").last ?? ""
        let place = "for \(first.service) at \(file):\(first.location.line):\(first.location.column)"
        diagnostics.add(
            first.socket.address == use.socket.address
                ? "the socket \(use.shown) is made twice: \(place), too"
                : "the socket \(use.shown) cannot be made beside \(first.shown) \(place)",
            at: use.location, expected: "a socket of its own")
    }

    /// A socket replaces whatever is at its path.
    private func checkPath(_ use: Use, isIPC: Bool) {
        guard case .unix(let path) = use.socket.address, !isIPC else { return }
        let own = ServiceKeys.runDirectory
        guard path == own || path.hasPrefix(own + "/"), !path.hasPrefix(ServiceKeys.ipcDirectory + "/")
        else { return }
        diagnostics.add(
            "\(own) is PID 1's own: \(path) could replace a socket or a file of it", at: use.location,
            expected: "a path elsewhere, or ipc: NAME for \(ServiceKeys.ipcDirectory)/NAME")
    }
}

extension ListeningSocket {
    /// Sockets of different places never get into each other's way: a path, or a port of a protocol and
    /// family (`IPV6_V6ONLY` is set, so the families are apart).
    fileprivate var place: String {
        switch address {
        case .unix(let path): path
        case .internet(let bytes, let port): "\(kind == .stream ? "TCP" : "UDP")\(bytes.count) \(port)"
        }
    }

    /// Of the same place: whether only one of the two can be made. All addresses include each one.
    fileprivate func excludes(_ other: ListeningSocket) -> Bool {
        guard case .internet(let bytes, _) = address, case .internet(let others, _) = other.address else {
            return true
        }
        return bytes == others || bytes.allSatisfy { $0 == 0 } || others.allSatisfy { $0 == 0 }
    }
}
