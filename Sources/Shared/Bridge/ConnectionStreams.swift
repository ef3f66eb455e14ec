// Streams of one connection. A stream has at most one WRTE under way in each direction.
extension Connection {
    /// The index of a stream that both sides know by these numbers.
    func stream(_ id: UInt32, of peer: UInt32) -> Int? {
        streams.firstIndex { $0.id == id && !$0.isOpening && ($0.peer == peer || peer == 0) }
    }

    private func index(_ id: UInt32) -> Int? { streams.firstIndex { $0.id == id } }

    private mutating func newStream() -> UInt32 {
        repeat { lastStream &+= 1 } while lastStream == 0 || index(lastStream) != nil
        return lastStream
    }

    mutating func opened(_ peer: UInt32, _ payload: [UInt8]) -> Effect? {
        guard peer != 0 else { return nil }
        guard streams.count < BridgeLimits.streams else { return .send(packet(.close, 0, peer)) }
        let id = newStream()
        streams.append(Stream(id: id, peer: peer))
        return .open(stream: id, service: Array(payload.prefix { $0 != 0 }))
    }

    mutating func okay(_ header: PacketHeader) -> Effect? {
        guard let index = index(header.second), header.first != 0 else { return nil }
        if streams[index].isOpening {
            streams[index].isOpening = false
            streams[index].peer = header.first
        } else {
            // An OKAY that nothing asked for gives no right to write.
            guard streams[index].peer == header.first, !streams[index].canWrite else { return nil }
        }
        streams[index].canWrite = true
        return .ready(stream: header.second)
    }

    /// The answer to `Effect.open`; the peer can be written to from now on.
    public mutating func open(_ id: UInt32) -> [UInt8] {
        guard let index = index(id) else { return [] }
        streams[index].canWrite = true
        return packet(.okay, id, streams[index].peer)
    }

    /// The other answer to `Effect.open`.
    public mutating func refuse(_ id: UInt32) -> [UInt8] {
        guard let index = index(id) else { return [] }
        return packet(.close, 0, streams.remove(at: index).peer)
    }

    /// A stream from the handset (reverse); nil when there are too many.
    public mutating func openStream(to service: [UInt8]) -> (id: UInt32, packet: [UInt8])? {
        guard streams.count < BridgeLimits.streams else { return nil }
        let id = newStream()
        streams.append(Stream(id: id, peer: 0, isOpening: true))
        return (id, packet(.open, id, 0, service + [0]))
    }

    /// OKAY for the WRTE that was `written`.
    public mutating func acknowledge(_ id: UInt32) -> [UInt8] {
        guard let index = index(id), streams[index].owesAnswer else { return [] }
        streams[index].owesAnswer = false
        return packet(.okay, id, streams[index].peer)
    }

    public func canWrite(_ id: UInt32) -> Bool { index(id).map { streams[$0].canWrite } ?? false }

    /// WRTE: only when `canWrite`, and at most `payloadLimit` bytes. `packet` has room for a header before
    /// its payload, so that nothing is copied; false: it must not be sent.
    public mutating func write(_ id: UInt32, _ packet: inout [UInt8]) -> Bool {
        guard let index = index(id), streams[index].canWrite, packet.count >= PacketHeader.size else {
            return false
        }
        streams[index].canWrite = false
        var sum: UInt32 = 0
        if isSummed { for byte in packet.dropFirst(PacketHeader.size) { sum &+= UInt32(byte) } }
        let length = packet.count - PacketHeader.size
        PacketHeader(.write, id, streams[index].peer, length: length, check: sum).put(into: &packet)
        return true
    }

    /// CLSE; the number means nothing any more.
    public mutating func close(_ id: UInt32) -> [UInt8] {
        guard let index = index(id) else { return [] }
        let stream = streams.remove(at: index)
        return stream.peer == 0 ? [] : packet(.close, id, stream.peer)
    }
}
