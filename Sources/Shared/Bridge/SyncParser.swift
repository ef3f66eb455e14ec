import Wire

/// The peer's half of `sync:`, as one stream of bytes: adb packs several requests into a packet, and tears
/// them, too.
///
///     request  4 letters | u32 length | path
///     letters  STAT, LST2, STA2, LIST, LIS2, RECV, SEND (path `PATH,MODE`), QUIT (length 0)
///     after SEND: any number of DATA | u32 length ≤ 64 KiB | bytes, then DONE | u32 time of modification
///
/// After a failed SEND the peer goes on until its DONE; `isDraining` swallows that.
public struct SyncParser: Sendable {
    public enum Request: UInt32, Sendable {
        case stat = 0x5441_5453
        /// lstat(2), stat(2), and a folder, with all that they say.
        case linkStatus = 0x3254_534c
        case status = 0x3241_5453
        case list = 0x5453_494c
        case listStatus = 0x3253_494c
        case receive = 0x5643_4552
    }

    public enum Piece: Equatable, Sendable {
        case request(Request, path: [UInt8])
        case send(path: [UInt8], mode: UInt32)
        /// Where in the bytes given.
        case data(Range<Int>)
        /// Seconds since 1970.
        case done(modified: UInt32)
        case quit
    }

    /// adb's own limits.
    public static let pathLimit = 1024
    public static let dataLimit = 64 * 1024

    private static let send: UInt32 = 0x444e_4553
    private static let data: UInt32 = 0x4154_4144
    private static let done: UInt32 = 0x454e_4f44
    private static let quit: UInt32 = 0x5449_5551

    /// The SEND under way has failed: what belongs to it is passed over, its DONE included.
    public var isDraining = false
    private var isSending = false
    private var head: [UInt8] = []
    private var path: [UInt8] = []
    private var left = 0

    public init() {}

    /// The next piece from `offset`, which moves on; nil when more bytes are needed.
    public mutating func next(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(BridgeError) -> Piece? {
        while true {
            if head.count < 8 {
                guard offset < bytes.count else { return nil }
                head.append(bytes[offset])
                offset += 1
                guard head.count == 8 else { continue }
                if let piece = try begin() { return piece }
                continue
            }
            guard left > 0 else {
                if let piece = try end() { return piece }
                continue
            }
            guard offset < bytes.count else { return nil }
            let range = offset..<min(bytes.count, offset + left)
            offset = range.upperBound
            left -= range.count
            if isSending {
                if !isDraining { return .data(range) }
            } else {
                for index in range { path.append(bytes[index]) }
            }
        }
    }

    private var kind: UInt32 { Self.number(head, 0) }

    private mutating func begin() throws(BridgeError) -> Piece? {
        let number = Self.number(head, 4)
        guard !isSending else {
            switch kind {
            case Self.data:
                guard number <= UInt32(Self.dataLimit) else { throw .malformed("DATA that is too long") }
                left = Int(number)
                return nil
            case Self.done:
                let isWanted = !isDraining
                (isSending, isDraining, head) = (false, false, [])
                return isWanted ? .done(modified: number) : nil
            default: throw .malformed("neither DATA nor DONE after SEND")
            }
        }
        if kind == Self.quit { return endQuit() }
        guard number <= UInt32(Self.pathLimit) else { throw .malformed("a path that is too long") }
        (left, path) = (Int(number), [])
        return nil
    }

    private mutating func endQuit() -> Piece {
        head = []
        return .quit
    }

    private mutating func end() throws(BridgeError) -> Piece? {
        defer { head = [] }
        if isSending { return nil }
        guard !path.contains(0) else { throw .malformed("a path with a NUL in it") }
        if kind == Self.send {
            isSending = true
            let comma = path.lastIndex(of: 0x2c) ?? path.count
            let digits = path[comma...].dropFirst()
            return .send(
                path: Array(path[..<comma]),
                mode: Decimal.number(digits).map { UInt32(truncatingIfNeeded: $0) } ?? 0o100_644)
        }
        guard let request = Request(rawValue: kind) else { throw .malformed("an unknown sync request") }
        return .request(request, path: path)
    }

    private static func number(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        UInt32(bytes[offset]) | UInt32(bytes[offset + 1]) << 8 | UInt32(bytes[offset + 2]) << 16
            | UInt32(bytes[offset + 3]) << 24
    }
}
