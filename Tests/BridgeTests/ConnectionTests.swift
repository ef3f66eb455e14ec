import Testing

@testable import Bridge

/// The peer's side of a connection, in packets.
final class Peer {
    var connection = Connection(banner: BridgeBanner(product: "virt-phone", model: "Amos Virtual Phone"))

    /// Gives the bytes in pieces of `size`, and collects what follows. Payloads are copied out.
    func give(_ bytes: [UInt8], pieces size: Int = .max) throws -> [Told] {
        var told: [Told] = []
        var start = 0
        while start < bytes.count {
            let piece = Array(bytes[start..<min(bytes.count, start + min(size, bytes.count))])
            start += piece.count
            var offset = 0
            while let effect = try connection.receive(piece.span, from: &offset) {
                if case .payload(let stream, let range) = effect {
                    if case .payload(stream, let before)? = told.last {
                        told[told.count - 1] = .payload(stream, before + piece[range])
                    } else {
                        told.append(.payload(stream, Array(piece[range])))
                    }
                } else {
                    told.append(.effect(effect))
                }
            }
            #expect(offset == piece.count)
        }
        return told
    }

    func open(_ id: UInt32) -> [UInt8] { connection.open(id) }
    func refuse(_ id: UInt32) -> [UInt8] { connection.refuse(id) }
    func close(_ id: UInt32) -> [UInt8] { connection.close(id) }
    func write(_ id: UInt32, _ bytes: [UInt8]) -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: PacketHeader.size) + bytes
        return connection.write(id, &packet) ? packet : []
    }

    enum Told: Equatable {
        case payload(UInt32, [UInt8])
        case effect(Connection.Effect)
    }

    static func connect(version: UInt32 = 0x0100_0001, limit: UInt32 = 1 << 20) -> [UInt8] {
        PacketHeader.packet(
            .connect, version, limit, Array("host::features=shell_v2,cmd".utf8), isSummed: true)
    }

    func goOnline(version: UInt32 = 0x0100_0001) throws {
        #expect(try give(Self.connect(version: version)) == [.effect(.challenge)])
        _ = connection.challenge([UInt8](repeating: 7, count: 20))
        _ = connection.accept()
        #expect(connection.isOnline)
    }
}

@Suite struct ConnectionTests {
    @Test(arguments: [1, 7, 24, 1000]) func authenticates(pieces: Int) throws {
        let peer = Peer()
        #expect(try peer.give(Peer.connect(), pieces: pieces) == [.effect(.challenge)])
        let token = [UInt8](1...20)
        let challenge = peer.connection.challenge(token)
        #expect(Array(challenge[..<4]) == Array("AUTH".utf8) && Array(challenge[24...]) == token)
        #expect(challenge[16] == 210, "the sum of 1 to 20")
        let signature = [UInt8](repeating: 3, count: 256)
        let signed = PacketHeader.packet(.authenticate, 2, 0, signature, isSummed: true)
        #expect(try peer.give(signed, pieces: pieces) == [.effect(.verify(signature: signature))])
        #expect(!peer.connection.isOnline)
        let greeting = peer.connection.accept()
        #expect(peer.connection.isOnline)
        let banner = String(decoding: greeting[24...], as: UTF8.self)
        #expect(
            banner
                == "device::ro.product.name=virt-phone;ro.product.model=Amos_Virtual_Phone;"
                + "ro.product.device=virt-phone;features=shell_v2,cmd,stat_v2,ls_v2,fixed_push_mkdir")
        #expect(peer.connection.payloadLimit == BridgeLimits.writePayload)
    }

    /// Nothing but CNXN first, then nothing but AUTH; and never more than 64 KiB.
    @Test(arguments: [
        PacketHeader.Command.open, .write, .okay, .close, .authenticate, .startTLS, .synchronize,
    ])
    func refusesBeforeAuthentication(command: PacketHeader.Command) throws {
        let packet = PacketHeader.packet(command, 1, 0, Array("shell:".utf8))
        let peer = Peer()
        #expect(throws: BridgeError.unexpected("")) { try peer.give(packet) }
        guard command != .authenticate else { return }
        let greeted = Peer()
        _ = try greeted.give(Peer.connect())
        #expect(throws: BridgeError.unexpected("")) { try greeted.give(packet) }
    }

    @Test func boundsWhatItKeeps() throws {
        let peer = Peer()
        var header: [UInt8] = []
        PacketHeader(.connect, 0x0100_0001, 4096, length: 65_537).append(to: &header)
        #expect(throws: BridgeError.payloadTooLong(65_537, limit: 65_536)) { try peer.give(header) }
        let online = Peer()
        try online.goOnline()
        header = []
        PacketHeader(.write, 1, 1, length: 1 << 20 + 1).append(to: &header)
        #expect(throws: BridgeError.payloadTooLong(1 << 20 + 1, limit: 1 << 20)) { try online.give(header) }
    }

    @Test func refusesWhatIsNoPacket() throws {
        let peer = Peer()
        #expect(throws: BridgeError.notAPacket) {
            try peer.give(Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8))
        }
        let other = Peer()
        let unknown = [0x41, 0x41, 0x41, 0x41] + [UInt8](repeating: 0, count: 16)
        let bytes: [UInt8] = unknown.map { UInt8($0) } + [0xbe, 0xbe, 0xbe, 0xbe]
        #expect(throws: BridgeError.unknownCommand(0x4141_4141)) { try other.give(bytes) }
    }

    @Test func checksSumsOfOldPeers() throws {
        let peer = Peer()
        try peer.goOnline(version: 0x0100_0000)
        let service = Array("sync:\0".utf8)
        #expect(throws: BridgeError.wrongSum) { try peer.give(PacketHeader.packet(.open, 5, 0, service)) }
        let good = Peer()
        try good.goOnline(version: 0x0100_0000)
        let told = try good.give(PacketHeader.packet(.open, 5, 0, service, isSummed: true))
        #expect(told == [.effect(.open(stream: 1, service: Array("sync:".utf8)))])
        #expect(good.open(1) == PacketHeader.packet(.okay, 1, 5))
    }

    @Test(arguments: [1, 3, 24, 65_536]) func multiplexes(pieces: Int) throws {
        let peer = Peer()
        try peer.goOnline()
        let opens = [5, 6].flatMap { PacketHeader.packet(.open, $0, 0, Array("sync:\0".utf8)) }
        let told = try peer.give(opens, pieces: pieces)
        #expect(told.count == 2)
        #expect(peer.open(1) == PacketHeader.packet(.okay, 1, 5))
        #expect(peer.refuse(2) == PacketHeader.packet(.close, 0, 6))
        let data = [UInt8](repeating: 9, count: 5000)
        let writes = PacketHeader.packet(.write, 5, 1, data) + PacketHeader.packet(.write, 6, 2, data)
        #expect(
            try peer.give(writes, pieces: pieces) == [.payload(1, data), .effect(.written(stream: 1))])
        #expect(throws: BridgeError.writesAhead) { try peer.give(PacketHeader.packet(.write, 5, 1, [1])) }
    }

    @Test func oneWriteIsUnderWay() throws {
        let peer = Peer()
        try peer.goOnline()
        _ = try peer.give(PacketHeader.packet(.open, 5, 0, Array("sync:\0".utf8)))
        _ = peer.open(1)
        #expect(peer.connection.canWrite(1))
        #expect(peer.write(1, [1, 2]) == PacketHeader.packet(.write, 1, 5, [1, 2]))
        #expect(!peer.connection.canWrite(1))
        #expect(peer.write(1, [3]).isEmpty)
        // An OKAY with somebody else's number gives nothing.
        #expect(try peer.give(PacketHeader.packet(.okay, 6, 1)).isEmpty)
        #expect(try peer.give(PacketHeader.packet(.okay, 5, 1)) == [.effect(.ready(stream: 1))])
        #expect(try peer.give(PacketHeader.packet(.okay, 5, 1)).isEmpty, "an OKAY that nothing asked for")
        #expect(try peer.give(PacketHeader.packet(.close, 5, 1)) == [.effect(.closed(stream: 1))])
        #expect(peer.close(1).isEmpty)
    }

    @Test func opensStreamsToThePeer() throws {
        let peer = Peer()
        try peer.goOnline()
        let stream = peer.connection.openStream(to: Array("tcp:8080".utf8))
        let opened = try #require(stream)
        #expect(opened.packet == PacketHeader.packet(.open, 1, 0, Array("tcp:8080\0".utf8)))
        #expect(!peer.connection.canWrite(1))
        #expect(try peer.give(PacketHeader.packet(.okay, 77, 1)) == [.effect(.ready(stream: 1))])
        #expect(peer.write(1, [1]) == PacketHeader.packet(.write, 1, 77, [1]))
    }

    @Test func boundsStreams() throws {
        let peer = Peer()
        try peer.goOnline()
        for number in 1...UInt32(BridgeLimits.streams) {
            #expect(try peer.give(PacketHeader.packet(.open, number, 0, Array("sync:\0".utf8))).count == 1)
        }
        let refused = try peer.give(PacketHeader.packet(.open, 999, 0, Array("sync:\0".utf8)))
        #expect(refused == [.effect(.send(PacketHeader.packet(.close, 0, 999)))])
    }
}
