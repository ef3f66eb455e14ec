import LinuxSystem
import Wire

/// Somebody who reads the log. It reads the ring at its own pace: nothing is queued for it.
final class Client {
    let socket: LocalSocket
    var request: LogRequest?
    /// Where the wanted records begin: counted segment by segment, from the newest backwards, until there are
    /// enough of them. nil: found.
    var counting: LogRing.Position?
    var counted: UInt64 = 0
    var position: LogRing.Position
    /// Matching records to pass over before the first that was asked for.
    var skip: UInt64 = 0
    var hasSentEnd = false
    /// The last turn ended before its work did.
    var isBusy = false
    /// It takes no more at the moment; the epoll says when it does.
    var isBlocked = false
    var isWatchedForWriting = false

    init(_ socket: consuming LocalSocket, _ position: LogRing.Position) {
        self.socket = socket
        self.position = position
    }

    /// Another ring took over: what it has not read of the old one is in the new one, but not where it was.
    func restart(_ ring: LogRing) {
        position = ring.end
        counting = nil
    }
}

extension Logger {
    /// Each costs the logger a search through its ring; on a handset there are one or two.
    static let clientLimit = 16
    /// Records looked at per turn and client: services must not wait for a reader.
    static let recordsPerTurn = 2_000

    func acceptClients() {
        while let descriptor = socket.accept() {
            let client = Client(LocalSocket(descriptor), ring.oldest)
            let slot = clients.firstIndex { $0 == nil } ?? clients.count
            guard slot < Self.clientLimit else {
                Self.turnAway(client)
                continue
            }
            if slot == clients.count { clients.append(nil) }
            clients[slot] = client
            if (try? epoll.add(client.socket.descriptor, tag: Self.tag(.client, slot))) == nil {
                clients[slot] = nil
            }
        }
    }

    private static func turnAway(_ client: Client) {
        let reason =
            "there are " + String(clientLimit) + " readers already, and the logger serves no more; "
            + "end one of them"
        _ = try? client.socket.send(LogReply.refused(reason).encode())
    }

    /// It asks, takes more, or has gone.
    func serve(_ slot: Int) {
        guard slot < clients.count, let client = clients[slot] else { return }
        client.isBlocked = false
        client.isBusy = client.request != nil
        do throws(SystemCallError) {
            while let packet = try client.socket.receive(limit: LogRequest.limit) {
                guard client.request == nil, !packet.bytes.isEmpty else { return drop(slot) }
                guard let request = try? LogRequest(decoding: packet.bytes) else {
                    return refuse(slot, packet.bytes.first ?? 0)
                }
                client.request = request
                client.isBusy = true
                if request.lines != LogRequest.allLines {
                    client.counting = LogRing.Position(generation: ring.generation)
                }
            }
        } catch { drop(slot) }
    }

    private func refuse(_ slot: Int, _ version: UInt8) {
        let reason =
            version == LogRequest.version
            ? "this request is damaged"
            : "this logger understands requests of version " + String(LogRequest.version) + ", not "
                + String(version) + "; amosctl and amos-logd are of different versions"
        _ = try? clients[slot]?.socket.send(LogReply.refused(reason).encode())
        drop(slot)
    }

    private func drop(_ slot: Int) {
        clients[slot] = nil
        if !clients.contains(where: { $0 != nil }) { ring.forgetWindow() }
    }

    func serveClients() {
        for slot in clients.indices {
            guard let client = clients[slot], let request = client.request, !client.isBlocked else {
                continue
            }
            do throws(SystemCallError) {
                try proceed(client, request)
                guard client.isWatchedForWriting != client.isBlocked else { continue }
                client.isWatchedForWriting = client.isBlocked
                try epoll.modify(
                    client.socket.descriptor, tag: Self.tag(.client, slot),
                    for: client.isBlocked ? [.reading, .writing] : .reading)
            } catch { drop(slot) }
        }
    }

    /// Sends until there is nothing more, the client takes no more, or its turn is over.
    private func proceed(_ client: Client, _ request: LogRequest) throws(SystemCallError) {
        if client.hasSentEnd, !request.follow { return }
        let present = LogRequest.Present(boot: progress.now.boot, clockOffset: Self.clockOffset)
        client.isBusy = true
        var budget = Self.recordsPerTurn
        guard count(client, request, present, &budget) else { return }
        var position = client.position
        while let frame = ring.next(&position) {
            guard try tellMissing(client, before: frame) else { return }
            let window = ring.window
            if request.matches(frame, in: window.span, present) {
                if client.skip > 0 {
                    client.skip -= 1
                } else {
                    guard try send(Array(window[frame.range]), client) else { return }
                }
            }
            client.position = position
            budget -= 1
            if budget <= 0 { return }
        }
        client.position = position
        if !client.hasSentEnd { client.hasSentEnd = try send(LogReply.endOfStored.encode(), client) }
        client.isBusy = false
    }

    /// Sequence numbers have no gaps, except where records were overwritten or damaged.
    private func tellMissing(
        _ client: Client, before frame: LogSegment.Frame
    ) throws(SystemCallError) -> Bool {
        let last = client.position.sequence
        guard last > 0, frame.head.sequence > last + 1 else { return true }
        let gap = LogReply.gap(records: frame.head.sequence - last - 1).encode()
        // The frame points into the window, which nothing here moves.
        guard try send(gap, client) else { return false }
        client.position.sequence = frame.head.sequence - 1
        return true
    }

    private func send(_ bytes: [UInt8], _ client: Client) throws(SystemCallError) -> Bool {
        let isSent = try client.socket.send(bytes)
        client.isBlocked = !isSent
        if !isSent { client.isBusy = false }
        return isSent
    }

    /// Goes back segment by segment until there are as many records as were asked for; false: not done yet.
    private func count(
        _ client: Client, _ request: LogRequest, _ present: LogRequest.Present, _ budget: inout Int
    ) -> Bool {
        while var counting = client.counting {
            let generation = counting.generation
            while let frame = ring.next(&counting, through: generation) {
                let window = ring.window
                if request.matches(frame, in: window.span, present) { client.counted += 1 }
                budget -= 1
                if budget <= 0 {
                    client.counting = counting
                    return false
                }
            }
            if client.counted >= UInt64(request.lines) || generation <= ring.oldestGeneration {
                client.position = LogRing.Position(generation: generation)
                client.skip = client.counted - min(client.counted, UInt64(request.lines))
                client.counting = nil
            } else {
                client.counting = LogRing.Position(generation: generation - 1)
            }
        }
        return true
    }
}
