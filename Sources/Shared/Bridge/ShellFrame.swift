import Wire

/// Frames of `shell,v2`:
///
///     frame    u8 kind | u32 length, least significant byte first | bytes
public enum ShellFrame {
    public enum Kind: UInt8, Sendable {
        case input = 0
        case output = 1
        case errors = 2
        /// One byte: the exit status.
        case exit = 3
        case closeInput = 4
        /// `ROWSxCOLUMNS,WIDTHxHEIGHT`
        case windowSize = 5
    }

    public static let headSize = 5
    /// A window size is shorter; nobody keeps more of any frame.
    static let keptLimit = 64

    public static func append(_ kind: Kind, _ bytes: ArraySlice<UInt8>, to frames: inout [UInt8]) {
        frames.append(kind.rawValue)
        for shift in [0, 8, 16, 24] { frames.append(UInt8(truncatingIfNeeded: bytes.count >> shift)) }
        frames.append(contentsOf: bytes)
    }

    public static func frame(_ kind: Kind, _ bytes: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = []
        append(kind, bytes[...], to: &frame)
        return frame
    }
}

/// The peer's half of a framed shell: where the program's input lies in the bytes that arrived.
public struct ShellParser: Sendable {
    public enum Piece: Equatable, Sendable {
        case input(Range<Int>)
        case closeInput
        case windowSize(WindowSize)
    }

    private var head: [UInt8] = []
    private var kept: [UInt8] = []
    private var left = 0

    public init() {}

    /// The next piece from `offset`, which moves on; nil when more bytes are needed.
    public mutating func next(
        _ bytes: Span<UInt8>, from offset: inout Int
    ) throws(BridgeError) -> Piece? {
        while true {
            while head.count < ShellFrame.headSize {
                guard offset < bytes.count else { return nil }
                head.append(bytes[offset])
                offset += 1
                if head.count == ShellFrame.headSize { try begin() }
            }
            if left == 0 {
                if let piece = try end() { return piece }
                continue
            }
            guard offset < bytes.count else { return nil }
            let range = offset..<min(bytes.count, offset + left)
            offset = range.upperBound
            left -= range.count
            if head[0] == ShellFrame.Kind.input.rawValue { return .input(range) }
            for index in range where kept.count < ShellFrame.keptLimit { kept.append(bytes[index]) }
        }
    }

    private mutating func begin() throws(BridgeError) {
        left = Int(head[1]) | Int(head[2]) << 8 | Int(head[3]) << 16 | Int(head[4]) << 24
        guard left <= BridgeLimits.payload else { throw .malformed("a shell frame that is too long") }
        kept = []
    }

    private mutating func end() throws(BridgeError) -> Piece? {
        let kind = ShellFrame.Kind(rawValue: head[0])
        head = []
        switch kind {
        case .input: return nil
        case .closeInput: return .closeInput
        // A size that says nothing changes nothing.
        case .windowSize: return WindowSize(kept).map { .windowSize($0) }
        case .output, .errors, .exit, nil: throw .malformed("a shell frame that only a handset sends")
        }
    }
}

/// Of a terminal: characters, then pixels.
public struct WindowSize: Equatable, Sendable {
    public var rows: UInt16
    public var columns: UInt16
    public var width: UInt16
    public var height: UInt16

    init?(_ text: [UInt8]) {
        let end = text.firstIndex(of: 0) ?? text.count
        let numbers = text[..<end].split(omittingEmptySubsequences: false) { $0 == 0x78 || $0 == 0x2c }
        guard numbers.count == 4 else { return nil }
        var values: [UInt16] = []
        for digits in numbers {
            guard let value = Decimal.number(digits), value <= 65535 else { return nil }
            values.append(UInt16(value))
        }
        (rows, columns, width, height) = (values[0], values[1], values[2], values[3])
    }
}
