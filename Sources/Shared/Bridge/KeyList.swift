import Wire

/// The keys that the owner has allowed: a text file, a key each line, as `adbkey.pub` has it.
public struct KeyList: Equatable, Sendable {
    /// More developers than share a handset.
    public static let limit = 64
    public static let fileLimit = limit * PublicKey.textLimit

    public private(set) var keys: [PublicKey] = []

    public init() {}

    /// Lines that are no key are passed over: a torn file must not lock everybody out.
    public init(decoding text: [UInt8]) {
        for line in text.split(separator: 0x0a) {
            if let key = PublicKey(text: Array(line)) { add(key) }
        }
    }

    public func encode() -> [UInt8] { keys.flatMap { $0.line + [0x0a] } }

    /// False: it is full.
    @discardableResult
    public mutating func add(_ key: PublicKey) -> Bool {
        if keys.contains(key) { return true }
        guard keys.count < Self.limit else { return false }
        keys.append(key)
        return true
    }

    public mutating func remove(_ key: PublicKey) { keys.removeAll { $0 == key } }
}

/// What `amosctl bridge` says to the bridge, over `/run/amos/ipc/bridge` (SOCK_SEQPACKET, root only).
///
///     request  u8 version = 1 | u8 command (1 list, 2 allow, 3 deny)
///              | u16 length, a fingerprint, or how it begins
///     reply    u8 version = 1 | u8 kind | fields
///     kind     1 key: u8 state (1 allowed, 2 waits) | text fingerprint | text comment
///              2 end       3 refused: text
public struct BridgeRequest: Equatable, Sendable {
    public enum Command: UInt8, Sendable { case list = 1, allow = 2, deny = 3 }

    public static let socketName: StaticString = "ipc/bridge"
    public static let limit = 128
    static let version: UInt8 = 1
    /// Fewer letters of a fingerprint are too easy to mistake.
    public static let shortestFingerprint = 8

    public var command: Command
    public var fingerprint: String

    public init(_ command: Command, fingerprint: String = "") {
        self.command = command
        self.fingerprint = fingerprint
    }

    public func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(Self.version)
        writer.write(command.rawValue)
        writer.write(fingerprint)
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes.span)
        guard try reader.readUInt8() == Self.version, let command = Command(rawValue: try reader.readUInt8())
        else { throw .malformed(offset: 0, expected: "a request of version 1") }
        self.command = command
        fingerprint = try reader.readText(limit: 64)
        try reader.finish()
    }
}

public enum BridgeReply: Equatable, Sendable {
    case key(isAllowed: Bool, fingerprint: String, comment: String)
    case end
    case refused(String)

    public static let limit = 512

    public func encode() -> [UInt8] {
        var writer = ByteWriter()
        writer.write(BridgeRequest.version)
        switch self {
        case .key(let isAllowed, let fingerprint, let comment):
            writer.write(1 as UInt8)
            writer.write(isAllowed ? 1 : 2 as UInt8)
            writer.write(fingerprint)
            writer.write(comment)
        case .end: writer.write(2 as UInt8)
        case .refused(let reason):
            writer.write(3 as UInt8)
            writer.write(reason)
        }
        return writer.bytes
    }

    public init(decoding bytes: [UInt8]) throws(WireError) {
        var reader = ByteReader(bytes.span)
        guard try reader.readUInt8() == BridgeRequest.version else {
            throw .malformed(offset: 0, expected: "a reply of version 1")
        }
        switch try reader.readUInt8() {
        case 1:
            let state = try reader.readUInt8()
            let fingerprint = try reader.readText(limit: 64)
            self = .key(
                isAllowed: state == 1, fingerprint: fingerprint,
                comment: try reader.readText(limit: PublicKey.commentLimit))
        case 2: self = .end
        case 3: self = .refused(try reader.readText(limit: 400))
        default: throw .malformed(offset: 1, expected: "a kind from 1 to 3")
        }
        try reader.finish()
    }
}

/// SHA-256 of the 524 bytes, in hexadecimal letters: `base64 -d` of `adbkey.pub`, `sha256sum`.
public enum Fingerprint {
    public static func text(_ digest: [UInt8]) -> String {
        String(decoding: Hexadecimal.text(digest), as: UTF8.self)
    }
}
