import Wire

// What programs ask `amos-fetchd` for, over `/run/amos/ipc/fetchd` (SOCK_STREAM): one request after the
// other, the next one when the last has ended. Integers are little-endian.
//
//     request  "AMFT" | u8 version = 1 | u8 flags | u16 length of what follows
//              u64 first byte wanted | u64 how many, 0: to the end | u64 how many bytes at most
//              u32 bytes a second at most, 0: any | u32 seconds at most, 0: any
//              32 bytes SHA-256 of what is asked for, with flag 2
//              u16 length, address
//     flags    1 public addresses only, 2 a hash is there
//
//     reply    frames: u8 kind | u32 length | bytes
//     kind     1 head: u64 length of the whole file, or 2^64 − 1: not known
//              2 body: the next bytes
//              3 end:  u8 code of TransferError, 0: all is there | u16 length, reason

public struct FetchRequest: Sendable {
    static let magic: [UInt8] = Array("AMFT".utf8)
    static let version: UInt8 = 1
    public static let headSize = 8
    /// Three counts, two limits, a hash, an address with its length.
    static let bodyLimit = 3 * 8 + 2 * 4 + 32 + 2 + WebAddress.byteLimit

    public var address: String
    public var first: UInt64 = 0
    /// nil: to the end.
    public var count: UInt64?
    /// Bytes of the body: more are never delivered.
    public var byteLimit: UInt64
    public var bytesPerSecond: UInt32?
    public var seconds: UInt32?
    public var sha256: [UInt8]?
    public var publicOnly = false

    public init(_ address: String, byteLimit: UInt64) {
        (self.address, self.byteLimit) = (address, byteLimit)
    }

    public func encode() -> [UInt8] {
        var body = ByteWriter()
        for value in [first, count ?? 0, byteLimit] { body.write(value) }
        body.write(bytesPerSecond ?? 0)
        body.write(seconds ?? 0)
        if let sha256 { body.writeRaw(sha256) }
        body.write(address)
        var writer = ByteWriter()
        writer.writeRaw(Self.magic)
        writer.write(Self.version)
        writer.write(UInt8((publicOnly ? 1 : 0) | (sha256 == nil ? 0 : 2)))
        writer.write(UInt16(body.bytes.count))
        writer.writeRaw(body.bytes)
        return writer.bytes
    }

    /// nil until there are enough bytes; then also how many the request took.
    public static func decode(
        _ bytes: [UInt8]
    ) throws(WireError) -> (request: FetchRequest, count: Int)? {
        guard bytes.count >= headSize else { return nil }
        var head = ByteReader(bytes.span)
        guard try head.readBytes(4) == magic, try head.readUInt8() == version else {
            throw .malformed(offset: 0, expected: "a request of version 1")
        }
        let flags = try head.readUInt8()
        guard flags & ~3 == 0 else { throw .malformed(offset: 5, expected: "known flags") }
        let length = Int(try head.readUInt16())
        // Or somebody would wait for bytes that nobody keeps room for.
        guard length <= bodyLimit else { throw .tooLong(offset: 6, limit: bodyLimit) }
        guard bytes.count >= headSize + length else { return nil }
        var reader = ByteReader(bytes.span.extracting(headSize..<headSize + length))
        var request = FetchRequest("", byteLimit: 0)
        request.first = try reader.readUInt64()
        let count = try reader.readUInt64()
        request.count = count == 0 ? nil : count
        request.byteLimit = try reader.readUInt64()
        let rate = try reader.readUInt32()
        request.bytesPerSecond = rate == 0 ? nil : rate
        let seconds = try reader.readUInt32()
        request.seconds = seconds == 0 ? nil : seconds
        request.publicOnly = flags & 1 != 0
        if flags & 2 != 0 { request.sha256 = try reader.readBytes(32) }
        request.address = try reader.readText(limit: WebAddress.byteLimit)
        try reader.finish()
        // Nobody has files of 2^63 bytes, and sums below need not be watched.
        guard request.first <= UInt64(Int64.max), count <= UInt64(Int64.max),
            request.byteLimit <= UInt64(Int64.max)
        else { throw .malformed(offset: headSize, expected: "counts below 2^63") }
        return (request, headSize + length)
    }
}

/// A part of the answer.
public enum FetchReply: Equatable, Sendable {
    /// The whole file's length, where the server tells it.
    case head(length: UInt64?)
    case body([UInt8])
    case end(code: UInt8, reason: String)

    public static let socketName: StaticString = "ipc/fetchd"
    /// Of a frame's bytes.
    public static let frameLimit = 64 << 10
    static let headSize = 5
    /// A sentence.
    static let reasonLimit = 512
    /// The code of an end with everything there.
    public static let done: UInt8 = 0

    public static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.head(let a), .head(let b)): a == b
        case (.body(let a), .body(let b)): a == b
        case (.end(let a, let reasonA), .end(let b, let reasonB)):
            a == b && UTF8Text.equal(reasonA, reasonB)
        default: false
        }
    }

    public func encode() -> [UInt8] {
        var payload = ByteWriter()
        let kind: UInt8
        switch self {
        case .head(let length):
            kind = 1
            payload.write(length ?? .max)
        case .body(let bytes):
            kind = 2
            payload.writeRaw(bytes)
        case .end(let code, let reason):
            kind = 3
            payload.write(code)
            payload.write(UTF8Text.cut(reason, Self.reasonLimit))
        }
        var writer = ByteWriter(capacity: Self.headSize + payload.bytes.count)
        writer.write(kind)
        writer.write(UInt32(payload.bytes.count))
        writer.writeRaw(payload.bytes)
        return writer.bytes
    }

    public static func decode(_ bytes: [UInt8]) throws(WireError) -> (reply: FetchReply, count: Int)? {
        try decode(bytes.span)
    }

    /// nil until a whole frame is there; then also how many bytes it took.
    public static func decode(_ bytes: Span<UInt8>) throws(WireError) -> (reply: FetchReply, count: Int)? {
        guard bytes.count >= headSize else { return nil }
        var reader = ByteReader(bytes)
        let kind = try reader.readUInt8()
        let length = Int(try reader.readUInt32())
        guard length <= frameLimit else { throw .tooLong(offset: 1, limit: frameLimit) }
        guard bytes.count >= headSize + length else { return nil }
        var payload = ByteReader(bytes.extracting(headSize..<headSize + length))
        let reply: FetchReply
        switch kind {
        case 1:
            let total = try payload.readUInt64()
            reply = .head(length: total == .max ? nil : total)
        case 2: reply = .body(try payload.readBytes(length))
        case 3: reply = .end(code: try payload.readUInt8(), reason: try payload.readText(limit: reasonLimit))
        default: throw .malformed(offset: 0, expected: "a frame of a known kind")
        }
        try payload.finish()
        return (reply, headSize + length)
    }
}
