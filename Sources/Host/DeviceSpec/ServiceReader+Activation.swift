import Foundation
import Services

extension ServiceReader {
    func readActivation(_ service: inout ServiceDefinition) {
        service.sockets = (reader.node["sockets"]?.items ?? []).compactMap { readSocket($0) }
        checkNames(of: service.sockets)
        let triggers = reader.map("start-on")
        var activation = Activation()
        activation.onSocket = triggers.text("socket") == "true"
        activation.devices = triggers.texts("devices")
        for entry in triggers.map("paths").node.entries {
            guard let condition = ServiceKeys.conditions.first(where: { $0.0 == entry.key })?.1 else {
                continue
            }
            for path in entry.value.items.compactMap(\.text) {
                activation.paths.append(PathTrigger(path: path, condition: condition))
            }
        }
        activation.timers = (triggers.node["timers"]?.items ?? []).compactMap { readTimer($0) }
        activation.atBoot = reader.text("start").map { $0 == "boot" } ?? !reader.has("start-on")
        activation.idleStopMilliseconds = reader.milliseconds("stop-when-idle") ?? 0
        service.activation = activation
        if activation.onSocket, !reader.has("sockets") {
            diagnostics.add(
                "starts on a socket, but has none", at: triggers.location("socket"), expected: "sockets: […]")
        }
    }

    private func checkNames(of sockets: [ListeningSocket]) {
        for (index, socket) in sockets.enumerated()
        where sockets[..<index].contains(where: { $0.name == socket.name }) {
            let nodes = reader.node["sockets"]?.items ?? []
            diagnostics.add(
                "two sockets are called '\(socket.name)'", at: nodes[index].location,
                expected: "a 'name' of its own for each")
        }
    }

    private func readTimer(_ node: SourceNode) -> ServiceTimer? {
        if node.isInvalid { return nil }
        let timer = NodeReader(node: node, diagnostics: diagnostics)
        guard oneOf(["after-boot", "every", "calendar"], in: timer, of: "a timer") else { return nil }
        var result: ServiceTimer
        if let milliseconds = timer.milliseconds("after-boot") {
            result = ServiceTimer(.afterBoot(milliseconds: UInt64(milliseconds)))
        } else if let milliseconds = timer.milliseconds("every") {
            if milliseconds == 0 {
                diagnostics.add("a timer fires without end", at: timer.location("every"), expected: "above 0")
            }
            result = ServiceTimer(.every(milliseconds: UInt64(milliseconds)))
        } else if let text = timer.text("calendar") {
            do throws(CalendarText.Wrong) {
                result = ServiceTimer(.calendar(try CalendarText.rule(text)))
            } catch {
                diagnostics.add(
                    "calendar: \(error.message)", at: timer.location("calendar"), expected: error.expected)
                return nil
            }
        } else {
            return nil
        }
        result.jitterMilliseconds = timer.milliseconds("jitter") ?? 0
        result.catchesUp = timer.text("catch-up") == "true"
        return result
    }

    private func readSocket(_ node: SourceNode) -> ListeningSocket? {
        if node.isInvalid { return nil }
        let socket = NodeReader(node: node, diagnostics: diagnostics)
        guard oneOf(["stream", "datagram", "packets", "ipc"], in: socket, of: "a socket") else { return nil }
        let kinds: [(String, ListeningSocket.Kind)] = [
            ("stream", .stream), ("datagram", .datagram), ("packets", .sequentialPackets),
        ]
        var result: ListeningSocket
        if let ipc = socket.text("ipc") {
            let path = "\(ServiceKeys.ipcDirectory)/\(ipc)"
            result = ListeningSocket(name: name, kind: .sequentialPackets, address: .unix(path: path))
        } else if let (key, kind) = kinds.first(where: { socket.text($0.0) != nil }),
            let address = address(socket, key)
        {
            result = ListeningSocket(name: name, kind: kind, address: address)
        } else {
            return nil
        }
        result.name = socket.text("name") ?? name
        readAccess(of: &result, socket)
        return result
    }

    private func readAccess(of result: inout ListeningSocket, _ socket: NodeReader) {
        result.permissions = socket.text("mode").flatMap(Quantity.mode) ?? result.permissions
        if result.permissions > 0o777 {
            diagnostics.add("a socket cannot be setuid", at: socket.location("mode"), expected: "\"0660\"")
        }
        if let user = accounts.requireUser(socket.located("user")) {
            result.userID = user.id
            result.groupID = user.groupID
        }
        if let group = accounts.requireGroup(socket.located("group")) { result.groupID = group.id }
        result.backlog = socket.integer("backlog").map { UInt16($0) } ?? result.backlog
        guard case .internet = result.address else { return }
        for key in ["mode", "user", "group"] where socket.has(key) {
            diagnostics.add(
                "'\(key)' is for Unix sockets", at: socket.location(key), expected: "no '\(key)'")
        }
    }

    private func address(_ socket: NodeReader, _ key: String) -> ListeningSocket.Address? {
        guard let text = socket.text(key) else { return nil }
        if text.hasPrefix("/") {
            // `sun_path` with its final NUL, unix(7).
            if text.utf8.count <= 107 { return .unix(path: text) }
            diagnostics.add(
                "the path of a socket is too long: \(text)", at: socket.location(key),
                expected: "at most 107 bytes")
            return nil
        }
        let colon = text.lastIndex(of: ":") ?? text.endIndex
        let host = text[..<colon].filter { $0 != "[" && $0 != "]" }
        var bytes = [UInt8](repeating: 0, count: text.hasPrefix("[") ? 16 : 4)
        let family = bytes.count == 16 ? AF_INET6 : AF_INET
        guard inet_pton(family, host, &bytes) == 1, let port = UInt16(text[colon...].dropFirst()), port > 0
        else {
            diagnostics.add(
                "'\(text)' is not an address and port", at: socket.location(key),
                expected: TextRule.socketAddress.expected)
            return nil
        }
        return .internet(bytes: bytes, port: port)
    }
}
