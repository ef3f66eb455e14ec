import Wire

/// What every packet of adb begins with; all numbers are little-endian.
///
///     header   u32 command | u32 first | u32 second | u32 length of the payload | u32 check | u32 magic
///     check    the sum of the payload's bytes; 0 once both sides speak version 0x01000001
///     magic    the command's complement
public struct PacketHeader: Equatable, Sendable {
    public enum Command: UInt32, Sendable, CaseIterable {
        case connect = 0x4e58_4e43
        case authenticate = 0x4854_5541
        case open = 0x4e45_504f
        case okay = 0x5941_4b4f
        case write = 0x4554_5257
        case close = 0x4553_4c43
        /// Asks for TLS; known, so that it can be refused as what it is.
        case startTLS = 0x534c_5453
        /// Was for a transport within the client; never on a wire.
        case synchronize = 0x434e_5953
    }

    public static let size = 24

    public var command: Command
    public var first: UInt32
    public var second: UInt32
    public var length: UInt32
    public var check: UInt32

    public init(_ command: Command, _ first: UInt32, _ second: UInt32, length: Int, check: UInt32 = 0) {
        self.command = command
        self.first = first
        self.second = second
        self.length = UInt32(length)
        self.check = check
    }

    public func append(to bytes: inout [UInt8]) {
        for value in [command.rawValue, first, second, length, check, ~command.rawValue] {
            for shift in [0, 8, 16, 24] as [UInt32] {
                bytes.append(UInt8(truncatingIfNeeded: value >> shift))
            }
        }
    }

    /// Over the first `size` bytes.
    func put(into bytes: inout [UInt8]) {
        var header: [UInt8] = []
        append(to: &header)
        for index in header.indices { bytes[index] = header[index] }
    }

    /// - Parameter bytes: `size` of them.
    public init(decoding bytes: [UInt8]) throws(BridgeError) {
        guard bytes.count == Self.size else { throw .notAPacket }
        var values: (UInt32, UInt32, UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0, 0, 0)
        values.0 = Self.number(bytes, 0)
        values.1 = Self.number(bytes, 4)
        values.2 = Self.number(bytes, 8)
        values.3 = Self.number(bytes, 12)
        values.4 = Self.number(bytes, 16)
        values.5 = Self.number(bytes, 20)
        guard values.5 == ~values.0 else { throw .notAPacket }
        guard let command = Command(rawValue: values.0) else { throw .unknownCommand(values.0) }
        self.command = command
        (first, second, length, check) = (values.1, values.2, values.3, values.4)
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
            | UInt32(bytes[offset + 3]) << 24
    }

    /// A whole packet.
    public static func packet(
        _ command: Command, _ first: UInt32, _ second: UInt32, _ payload: [UInt8] = [],
        isSummed: Bool = false
    ) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(size + payload.count)
        var sum: UInt32 = 0
        if isSummed { for byte in payload { sum &+= UInt32(byte) } }
        PacketHeader(command, first, second, length: payload.count, check: sum).append(to: &bytes)
        bytes.append(contentsOf: payload)
        return bytes
    }
}

/// Cuts a connection's bytes into packets without keeping them: a payload is handed on piece by piece, as it
/// arrives, so a packet of a mebibyte needs no buffer of one.
public struct PacketParser: Sendable {
    public enum Piece: Equatable, Sendable {
        case header(PacketHeader)
        /// Where in the bytes given; never empty.
        case payload(Range<Int>)
        /// The packet is whole.
        case end(PacketHeader)
    }

    /// A longer payload ends the connection.
    public var payloadLimit: Int
    public var sums = Sums.whenGiven

    /// Whether `check` counts.
    public enum Sums: Sendable {
        case always
        /// Before versions are agreed on: newer peers send 0 from the beginning.
        case whenGiven
        case never
    }

    private var head: [UInt8] = []
    private var current: PacketHeader?

    /// Of the packet whose payload is coming.
    var header: PacketHeader? { current }
    private var left = 0
    private var sum: UInt32 = 0

    public init(payloadLimit: Int) { self.payloadLimit = payloadLimit }

    /// The next piece of `bytes` from `offset`, which moves on; nil when more bytes are needed.
    public mutating func next(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(BridgeError) -> Piece? {
        guard let header = current else { return try nextHeader(bytes, from: &offset) }
        guard left > 0 else {
            current = nil
            let isWrong = sum != header.check && (sums == .always || header.check != 0)
            if sums != .never, isWrong { throw .wrongSum }
            return .end(header)
        }
        guard offset < bytes.count else { return nil }
        let range = offset..<min(bytes.count, offset + left)
        if sums != .never { for index in range { sum &+= UInt32(bytes[index]) } }
        offset = range.upperBound
        left -= range.count
        return .payload(range)
    }

    private mutating func nextHeader(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(BridgeError) -> Piece? {
        while head.count < PacketHeader.size {
            guard offset < bytes.count else { return nil }
            head.append(bytes[offset])
            offset += 1
        }
        let header = try PacketHeader(decoding: head)
        head.removeAll(keepingCapacity: true)
        guard header.length <= UInt32(payloadLimit) else {
            throw .payloadTooLong(header.length, limit: payloadLimit)
        }
        (current, left, sum) = (header, Int(header.length), 0)
        return .header(header)
    }
}
