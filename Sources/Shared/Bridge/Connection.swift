/// One peer of the bridge: from its first byte to its streams, without a socket, a clock or a key.
///
///     peer                      here                       the loop around it
///     CNXN                 →    challenge             →    makes a token
///                          ←    AUTH TOKEN
///     AUTH SIGNATURE       →    verify                →    tries the keys it has: accept, or challenge again
///     AUTH RSAPUBLICKEY    →    judge                 →    keeps it until the owner decides
///                          ←    CNXN
///     OPEN, WRTE, OKAY, CLSE
///
/// Nothing that a peer sends before `accept` leaves this type, except a signature and a key. Bytes are not
/// copied: an effect says where in the bytes just received a payload lies.
public struct Connection: Sendable {
    public enum Effect: Equatable, Sendable {
        case challenge
        case verify(signature: [UInt8])
        case judge(PublicKey)
        /// Answer with `open` or `refuse`.
        case open(stream: UInt32, service: [UInt8])
        case payload(stream: UInt32, Range<Int>)
        /// A WRTE is whole; answer with `acknowledge` when there is room for another.
        case written(stream: UInt32)
        /// The peer can take a WRTE.
        case ready(stream: UInt32)
        case closed(stream: UInt32)
        case send([UInt8])
    }

    enum Phase: Equatable { case greeting, authenticating, online }

    private var parser = PacketParser(payloadLimit: BridgeLimits.payloadBeforeAuthentication)
    private(set) var phase = Phase.greeting
    var streams: [Stream] = []
    var lastStream: UInt32 = 0
    private var peerVersion = BridgeLimits.oldestVersion
    private var collected: [UInt8] = []
    private let banner: [UInt8]
    /// Largest payload of a packet to this peer.
    public private(set) var payloadLimit = BridgeLimits.oldestPayload

    struct Stream: Sendable {
        let id: UInt32
        var peer: UInt32
        /// Opened by the handset, not answered yet.
        var isOpening = false
        var canWrite = false
        /// A WRTE came that was not acknowledged.
        var owesAnswer = false
    }

    public init(banner: BridgeBanner) { self.banner = banner.bytes }

    public var isOnline: Bool { phase == .online }

    var isSummed: Bool { peerVersion < BridgeLimits.version }

    /// What follows from `bytes` from `offset` on, which moves; nil when more are needed. An error: close.
    public mutating func receive(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(BridgeError) -> Effect? {
        while let piece = try parser.next(bytes, from: &offset) {
            switch piece {
            case .header(let header): try begin(header)
            case .payload(let range):
                guard let header = parser.header else { continue }
                if header.command == .write {
                    if stream(header.second, of: header.first) != nil {
                        return .payload(stream: header.second, range)
                    }
                } else {
                    for index in range { collected.append(bytes[index]) }
                }
            case .end(let header):
                let payload = collected
                collected = []
                if let effect = try end(header, payload) { return effect }
            }
        }
        return nil
    }

    /// Refuses by the header alone what would otherwise be collected.
    private mutating func begin(_ header: PacketHeader) throws(BridgeError) {
        switch (phase, header.command) {
        case (.greeting, .connect), (.authenticating, .authenticate): return
        case (.greeting, _): throw .unexpected("something else than CNXN at first")
        case (.authenticating, _): throw .unexpected("something else than AUTH before it was accepted")
        case (.online, .write):
            guard let index = stream(header.second, of: header.first) else { return }
            guard !streams[index].owesAnswer else { throw .writesAhead }
            streams[index].owesAnswer = true
        case (.online, .open):
            guard header.length <= UInt32(BridgeLimits.serviceName) else {
                throw .payloadTooLong(header.length, limit: BridgeLimits.serviceName)
            }
        case (.online, .okay), (.online, .close):
            // A window or nothing stands in them; nobody needs to keep more.
            guard header.length <= 64 else { throw .payloadTooLong(header.length, limit: 64) }
        case (.online, _): throw .unexpected("CNXN, AUTH, SYNC or STLS after it was accepted")
        }
    }

    private mutating func end(_ header: PacketHeader, _ payload: [UInt8]) throws(BridgeError) -> Effect? {
        switch header.command {
        case .connect:
            peerVersion = min(header.first, BridgeLimits.version)
            guard peerVersion >= BridgeLimits.oldestVersion else { throw .unexpected("an unknown version") }
            payloadLimit = max(
                BridgeLimits.oldestPayload, min(Int(header.second), BridgeLimits.writePayload))
            phase = .authenticating
            return .challenge
        case .authenticate: return try authenticate(header.first, payload)
        case .open: return opened(header.first, payload)
        case .write:
            return stream(header.second, of: header.first) == nil ? nil : .written(stream: header.second)
        case .okay: return okay(header)
        case .close:
            guard let index = stream(header.second, of: header.first) else { return nil }
            streams.remove(at: index)
            return .closed(stream: header.second)
        case .startTLS, .synchronize: return nil
        }
    }

    private func authenticate(_ kind: UInt32, _ payload: [UInt8]) throws(BridgeError) -> Effect {
        switch kind {
        case 2: return .verify(signature: payload)
        case 3:
            guard let key = PublicKey(text: payload) else { throw .malformed("a key that is none") }
            return .judge(key)
        default: throw .unexpected("AUTH of a kind that adb does not have")
        }
    }

    /// AUTH TOKEN: `token` has `BridgeLimits.tokenSize` fresh random bytes, and is good for one signature.
    public func challenge(_ token: [UInt8]) -> [UInt8] { packet(.authenticate, 1, 0, token) }

    /// The peer has shown that it has a key of the owner's.
    public mutating func accept() -> [UInt8] {
        let greeting = packet(.connect, BridgeLimits.version, UInt32(BridgeLimits.payload), banner)
        phase = .online
        parser.payloadLimit = BridgeLimits.payload
        parser.sums = isSummed ? .always : .never
        return greeting
    }

    func packet(
        _ command: PacketHeader.Command, _ first: UInt32, _ second: UInt32, _ payload: [UInt8] = []
    ) -> [UInt8] {
        // Until the peer has our version, too, it expects sums.
        PacketHeader.packet(command, first, second, payload, isSummed: isSummed || phase != .online)
    }
}
