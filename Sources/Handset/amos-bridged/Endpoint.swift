import Bridge
import LinuxSystem

/// What a stream leads to on the handset.
class Endpoint: Watched {
    let bridge: BridgeLoop
    let stream: UInt32
    /// A WRTE is whole and was not acknowledged: it is when nothing of it waits any more.
    var owesAnswer = false
    /// Nothing comes any more; the stream is closed once all has been sent.
    var isFinished = false
    private(set) var hasEnded = false

    init(_ stream: UInt32, _ bridge: BridgeLoop) {
        self.stream = stream
        self.bridge = bridge
        super.init()
    }

    /// Bytes from the peer; what cannot be used at once is kept.
    func receive(_ bytes: Span<UInt8>) throws(BridgeError) {}

    /// How much is kept.
    var unwritten: Int { 0 }

    /// Uses what is kept, as far as that is possible without waiting.
    func flush() {}

    /// Appends bytes for the peer, until `packet` has `limit` bytes at most; none: there are none yet.
    func produce(into packet: inout [UInt8], limit: Int) {}

    /// The stream is closed, by whomever.
    func end() {
        hasEnded = true
        bridge.forget(self)
    }
}

/// Bytes that wait for a descriptor that takes none at the moment.
struct PendingBytes {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }

    mutating func add(_ more: Span<UInt8>) { bytes.append(copying: more) }

    /// Writes `more` behind what waits; what is not taken waits.
    mutating func write(_ more: Span<UInt8>, to descriptor: HeldDescriptor) throws(SystemCallError) {
        var taken = 0
        if count == 0 {
            while taken < more.count {
                let some = try descriptor.descriptor.writeIfReady(more.extracting(taken..<more.count))
                if some == 0 { break }
                taken += some
            }
        }
        if taken < more.count { bytes.append(copying: more.extracting(taken..<more.count)) }
    }

    mutating func flush(to descriptor: HeldDescriptor) throws(SystemCallError) {
        while count > 0 {
            let some = try descriptor.descriptor.writeIfReady(bytes.span.extracting(start..<bytes.count))
            if some == 0 { return }
            start += some
        }
        clear()
    }

    mutating func clear() { (bytes, start) = ([], 0) }
}

/// A fixed answer, and the end.
final class TextEndpoint: Endpoint {
    private var text: [UInt8]
    private var start = 0

    init(_ text: [UInt8], _ stream: UInt32, _ bridge: BridgeLoop) {
        self.text = text
        super.init(stream, bridge)
        isFinished = true
    }

    /// As a shell's output, where the peer asked for frames.
    convenience init(
        output: String, exit: UInt8, isFramed: Bool, _ stream: UInt32, _ bridge: BridgeLoop
    ) {
        let text = Array(output.utf8)
        let kind = exit == 0 ? ShellFrame.Kind.output : .errors
        let framed = ShellFrame.frame(kind, text) + ShellFrame.frame(.exit, [exit])
        self.init(isFramed ? framed : text, stream, bridge)
    }

    override func produce(into packet: inout [UInt8], limit: Int) {
        let end = min(text.count, start + limit - packet.count)
        packet.append(contentsOf: text[start..<end])
        start = end
    }
}

/// A socket of the handset (`adb forward`), or a connection to one that the peer listens at (`adb reverse`).
final class SocketEndpoint: Endpoint {
    private static let readSize = 64 * 1024

    private let socket: HeldDescriptor
    private var pending = PendingBytes()
    private var mayRead = true
    private var isLost = false

    init(_ socket: consuming FileDescriptor, _ stream: UInt32, _ bridge: BridgeLoop) throws(SystemCallError) {
        self.socket = HeldDescriptor(socket)
        super.init(stream, bridge)
        try bridge.watch(number: self.socket.descriptor.rawValue, self)
    }

    override var unwritten: Int { isLost ? 0 : pending.count }

    override func ready() { mayRead = true }

    override func receive(_ bytes: Span<UInt8>) throws(BridgeError) {
        guard !isLost else { return }
        do throws(SystemCallError) { try pending.write(bytes, to: socket) } catch { lose(error) }
    }

    override func flush() {
        guard !isLost, pending.count > 0 else { return }
        do throws(SystemCallError) { try pending.flush(to: socket) } catch { lose(error) }
    }

    override func produce(into packet: inout [UInt8], limit: Int) {
        while mayRead, !isFinished, packet.count < limit {
            let start = packet.count
            packet.grow(by: min(Self.readSize, limit - start))
            do throws(SystemCallError) {
                let count = try socket.descriptor.readIfReady(into: &packet, from: start)
                packet.removeLast(packet.count - start - (count ?? 0))
                if count == nil { mayRead = false }
                if count == 0 { isFinished = true }
            } catch {
                packet.removeLast(packet.count - start)
                lose(error)
            }
        }
    }

    /// A connection that is still under way takes no bytes and gives none: that is no failure.
    private func lose(_ error: SystemCallError) {
        guard !error.isNotConnectedYet else {
            mayRead = false
            return
        }
        isLost = true
        isFinished = true
    }

    /// The peer may close while a slow reader still has bytes to take.
    override func end() {
        let isLingering = unwritten > 0 && bridge.lingering.count < 16
        if isLingering { bridge.lingering.append(self) }
        super.end()
        if isLingering { try? bridge.watch(number: socket.descriptor.rawValue, self) }
    }
}

/// `adb reverse`: who connects here gets a stream to what the peer knows under `remote`.
final class ReverseListener: Watched {
    let local: SocketAddress
    let remote: [UInt8]
    private let listener: HeldDescriptor
    private let accepted: (consuming FileDescriptor) -> Void

    init(
        _ local: SocketAddress, _ remote: [UInt8], _ listener: HeldDescriptor,
        _ accepted: @escaping (consuming FileDescriptor) -> Void
    ) {
        (self.local, self.remote, self.listener) = (local, remote, listener)
        self.accepted = accepted
        super.init()
    }

    override func ready() {
        var address: [UInt8] = []
        while let socket = try? StreamSocket.accept(listener.descriptor, address: &address) {
            accepted(socket)
        }
    }
}
