import Bridge
import LinuxSystem

/// One connection of an adb: moves bytes between its socket, its `Connection`, and the endpoints of its
/// streams.
final class Peer: Watched {
    let socket: HeldDescriptor
    let address: [UInt8]
    let bridge: BridgeLoop
    var connection: Connection
    var endpoints: [Endpoint] = []
    var listeners: [ReverseListener] = []
    /// The key it has signed with, or waits with.
    private(set) var key: PublicKey?
    /// `adb root`: of this connection only.
    var isRoot = false
    private(set) var isGone = false
    private(set) var deadline: UInt64
    private var token: [UInt8] = []
    private var unsent: [[UInt8]] = []
    private var unsentStart = 0
    private var unsentCount = 0
    private var mayRead = true

    init(_ socket: HeldDescriptor, _ address: [UInt8], _ bridge: BridgeLoop) {
        self.socket = socket
        self.address = address
        self.bridge = bridge
        connection = Connection(
            banner: BridgeBanner(product: bridge.options.product, model: bridge.options.model))
        deadline = Clock.bootMilliseconds + BridgeLoop.authenticationMilliseconds
    }

    var isOnline: Bool { connection.isOnline }
    /// It has something to do without waiting for anybody.
    var canProceed: Bool { !isGone && mayRead && !isBlocked }

    /// Nothing is read from somebody who does not read, or whose bytes have nowhere to go.
    private var isBlocked: Bool {
        unsentCount >= 2 * BridgeLimits.unsentBytes
            || endpoints.reduce(0) { $0 + $1.unwritten } >= BridgeLimits.unwrittenBytes
    }

    override func ready() { mayRead = true }

    /// The connection ends; what belongs to it ends with it.
    func leave(_ reason: String) {
        guard !isGone else { return }
        isGone = true
        if !reason.isEmpty { Output.say("closed a connection: " + reason) }
        bridge.forget(self)
        for endpoint in endpoints { endpoint.end() }
        for listener in listeners { bridge.forget(listener) }
        (endpoints, listeners, unsent) = ([], [], [])
        StreamSocket.shutWriting(socket.descriptor)
    }

    func takeTurn(_ buffer: inout [UInt8]) {
        guard !isGone else { return }
        flush()
        for endpoint in endpoints { endpoint.flush() }
        if canProceed { readOnce(&buffer) }
        pump()
        flush()
    }

    private func readOnce(_ buffer: inout [UInt8]) {
        do throws(SystemCallError) {
            guard let count = try socket.descriptor.readIfReady(into: &buffer, from: 0) else {
                mayRead = false
                return
            }
            guard count > 0 else { return leave("") }
            try take(buffer.span.extracting(0..<count))
        } catch { leave("") }
    }

    private func take(_ bytes: Span<UInt8>) throws(SystemCallError) {
        var offset = 0
        do throws(BridgeError) {
            while !isGone, let effect = try connection.receive(bytes, from: &offset) {
                try follow(effect, bytes)
            }
        } catch {
            if !isOnline { bridge.attempts.noteFailure(of: address, milliseconds: Clock.bootMilliseconds) }
            leave(error.description)
        }
    }

    private func follow(_ effect: Connection.Effect, _ bytes: Span<UInt8>) throws(BridgeError) {
        switch effect {
        case .challenge: challenge()
        case .verify(let signature): verify(signature)
        case .judge(let key): judge(key)
        case .send(let packet): send(packet)
        case .open(let stream, let service): open(stream, service)
        case .payload(let stream, let range):
            try endpoint(stream)?.receive(bytes.extracting(range))
        case .written(let stream): endpoint(stream)?.owesAnswer = true
        case .ready: break
        case .closed(let stream):
            guard let index = endpoints.firstIndex(where: { $0.stream == stream }) else { return }
            endpoints.remove(at: index).end()
        }
    }

    func endpoint(_ stream: UInt32) -> Endpoint? { endpoints.first { $0.stream == stream } }

    private func challenge() {
        guard let fresh = try? RandomBytes.make(BridgeLimits.tokenSize) else {
            return leave("no random bytes")
        }
        token = fresh
        send(connection.challenge(token))
    }

    private func verify(_ signature: [UInt8]) {
        let now = Clock.bootMilliseconds
        guard bridge.attempts.admits(address, milliseconds: now) else {
            return leave("too many wrong keys from its address within a minute")
        }
        guard let signer = bridge.keys.signer(of: token, signature) else {
            bridge.attempts.noteFailure(of: address, milliseconds: now)
            return challenge()
        }
        key = signer
        deadline = .max
        send(connection.accept())
    }

    private func judge(_ key: PublicKey) {
        self.key = key
        deadline = Clock.bootMilliseconds + BridgeLoop.confirmationMilliseconds
        bridge.keys.wait(key)
    }

    /// Lets every endpoint answer, write and close, as far as the protocol allows.
    private func pump() {
        for endpoint in endpoints where !isGone {
            if endpoint.owesAnswer, endpoint.unwritten == 0 {
                endpoint.owesAnswer = false
                send(connection.acknowledge(endpoint.stream))
            }
            guard unsentCount < BridgeLimits.unsentBytes, connection.canWrite(endpoint.stream) else {
                continue
            }
            var packet = [UInt8](repeating: 0, count: PacketHeader.size)
            endpoint.produce(into: &packet, limit: PacketHeader.size + connection.payloadLimit)
            if packet.count > PacketHeader.size {
                if connection.write(endpoint.stream, &packet) { send(packet) }
            } else if endpoint.isFinished {
                send(connection.close(endpoint.stream))
                endpoint.end()
            }
        }
        endpoints.removeAll { $0.hasEnded }
    }

    func send(_ packet: [UInt8]) {
        guard !packet.isEmpty else { return }
        unsent.append(packet)
        unsentCount += packet.count
    }

    private func flush() {
        do throws(SystemCallError) {
            var sent = 0
            while sent < unsent.count {
                let packet = unsent[sent]
                let whole = packet.count
                let taken = try socket.descriptor.writeIfReady(packet.span.extracting(unsentStart..<whole))
                unsentCount -= taken
                unsentStart += taken
                guard unsentStart == whole else { break }
                unsentStart = 0
                sent += 1
            }
            unsent.removeFirst(sent)
        } catch { leave("") }
    }
}
