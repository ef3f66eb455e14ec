import LinuxSystem
import Wire

/// Somebody who reads the log. It reads the ring at its own pace: nothing is queued for it.
final class Client {
    let socket: LocalSocket
    var request: LogRequest?
    var position: LogRing.Position
    /// Matching records to pass over before the first that was asked for.
    var skip: UInt64 = 0
    var hasSentEnd = false

    init(_ socket: consuming LocalSocket, _ position: LogRing.Position) {
        self.socket = socket
        self.position = position
    }

    var isFollowing: Bool { request?.follow == true && hasSentEnd }

    func wants(_ record: LogRecord) -> Bool {
        guard let service = request?.service, !service.isEmpty else { return true }
        return UTF8Text.equal(record.service, service)
    }
}

extension Logger {
    static let clientLimit = 16

    func acceptClients() {
        while let descriptor = socket.accept() {
            let client = Client(LocalSocket(descriptor), ring.oldest)
            var slot = clients.count
            for index in clients.indices where clients[index] == nil { slot = index }
            guard slot < Self.clientLimit else { continue }
            if slot == clients.count { clients.append(nil) }
            clients[slot] = client
            if (try? epoll.add(client.socket.descriptor, tag: Self.tag(.client, slot))) == nil {
                clients[slot] = nil
            }
        }
    }

    func serve(_ slot: Int) {
        guard slot < clients.count, let client = clients[slot] else { return }
        do throws(SystemCallError) {
            while let packet = try client.socket.receive(limit: LogRequest.limit) {
                guard client.request == nil, let request = try? LogRequest(decoding: packet.bytes) else {
                    clients[slot] = nil
                    return
                }
                client.request = request
                client.skip = countMatching(client)
                client.skip -= min(client.skip, UInt64(request.lines))
            }
        } catch {
            clients[slot] = nil
            return
        }
        proceed(slot)
    }

    private func countMatching(_ client: Client) -> UInt64 {
        var position = ring.oldest
        var count: UInt64 = 0
        while let (record, _) = ring.next(&position) { if client.wants(record) { count += 1 } }
        return count
    }

    /// Sends until there is nothing more or the client takes no more.
    func proceed(_ slot: Int) {
        guard let client = clients[slot], client.request != nil else { return }
        do throws(SystemCallError) {
            let isBlocked = try !sendRecords(client)
            if !isBlocked, !client.hasSentEnd {
                client.hasSentEnd = try client.socket.send(LogRequest.endOfStored)
            }
            let waits = isBlocked || !client.hasSentEnd
            try epoll.modify(
                client.socket.descriptor, tag: Self.tag(.client, slot),
                for: waits ? [.reading, .writing] : .reading)
        } catch { clients[slot] = nil }
    }

    private func sendRecords(_ client: Client) throws(SystemCallError) -> Bool {
        var position = client.position
        while let (record, bytes) = ring.next(&position) {
            if client.wants(record) {
                if client.skip > 0 {
                    client.skip -= 1
                } else if try !client.socket.send(bytes) {
                    return false
                }
            }
            client.position = position
        }
        client.position = position
        return true
    }
}
