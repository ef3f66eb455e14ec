/// One question to a time server and its answer (RFC 4330, RFC 5905; client mode).
///
/// ```
///  0 ┌────┬────┬──────┬─────────┬──────┬───────────┐   LI 2 bits (3: not synchronised), version 3 bits,
///    │ LI │ VN │ mode │ stratum │ poll │ precision │   mode 3 bits (3 client, 4 server)
///  4 ├────┴────┴──────┴─────────┴──────┴───────────┤
///    │ root delay, 16.16   8 │ root dispersion     │   seconds
/// 12 ├───────────────────────┴─────────────────────┤
///    │ reference id         16 │ reference time    │   times: seconds since 1900, 32.32, big-endian
/// 24 ├─────────────────────────┴───────────────────┤
///    │ origin: what the client sent as transmit    │
/// 32 ├─────────────────────────────────────────────┤
///    │ receive: when the question arrived there    │
/// 40 ├─────────────────────────────────────────────┤
///    │ transmit: when the answer left              │
/// 48 └─────────────────────────────────────────────┘
/// ```
public struct SNTPExchange: Equatable, Sendable {
    public static let packetBytes = 48
    /// A server further than this from a reference clock, or a network slower, is no use for setting a clock.
    static let delayLimitNanoseconds: Int64 = 2_000_000_000
    /// From 1900 to 1970.
    static let epochSeconds: Int64 = 2_208_988_800
    /// Answers are from after this moment (2024-01-01): it tells the NTP eras apart until 2160.
    static let pivotSeconds: Int64 = 1_704_067_200

    public enum Refusal: Error, Equatable, Sendable {
        case tooShort, notAnAnswer, notOurs, notSynchronised, kissOfDeath, tooFar, beforeFloor

        public var text: String {
            switch self {
            case .tooShort: "the answer is too short"
            case .notAnAnswer: "the answer is not from a server"
            case .notOurs: "the answer is not to our question"
            case .notSynchronised: "the server is not synchronised"
            case .kissOfDeath: "the server asks us to go away"
            case .tooFar: "the server, or the way to it, is too slow"
            case .beforeFloor: "the answer is earlier than any possible time"
            }
        }
    }

    /// Unpredictable: whoever cannot see the question cannot answer it. (Our own time would tell who we are.)
    private let nonce: UInt64
    private let sentNanoseconds: UInt64

    /// `sentNanoseconds` is a clock that nobody sets, as is `receivedNanoseconds` below.
    public init(nonce: UInt64, sentNanoseconds: UInt64) {
        self.nonce = nonce
        self.sentNanoseconds = sentNanoseconds
    }

    /// The 48 bytes to send: version 4, client, and the nonce as transmit time.
    public var request: [UInt8] {
        var packet = [UInt8](repeating: 0, count: Self.packetBytes)
        packet[0] = 4 << 3 | 3
        for index in 0..<8 { packet[40 + index] = UInt8(truncatingIfNeeded: nonce >> UInt64(56 - 8 * index)) }
        return packet
    }

    /// What time it was, in nanoseconds since 1970, when the answer arrived.
    public func time(
        answer: [UInt8], receivedNanoseconds: UInt64, floorSeconds: Int64
    ) throws(Refusal) -> Int64 {
        guard answer.count >= Self.packetBytes else { throw .tooShort }
        let version = answer[0] >> 3 & 7
        guard answer[0] & 7 == 4, version == 3 || version == 4 else { throw .notAnAnswer }
        guard Self.bigEndian(answer, 24, 8) == nonce else { throw .notOurs }
        guard answer[1] != 0 else { throw .kissOfDeath }
        guard answer[0] >> 6 != 3, answer[1] < 16, Self.bigEndian(answer, 40, 8) != 0 else {
            throw .notSynchronised
        }
        let rootDelay = Int64(Int32(truncatingIfNeeded: Self.bigEndian(answer, 4, 4)))
        let rootDispersion = Int64(Self.bigEndian(answer, 8, 4))
        guard abs(rootDelay) < 2 << 16, rootDispersion < 2 << 16 else { throw .tooFar }
        let arrived = Self.unixNanoseconds(Self.bigEndian(answer, 32, 8))
        let left = Self.unixNanoseconds(Self.bigEndian(answer, 40, 8))
        guard receivedNanoseconds >= sentNanoseconds else { throw .tooFar }
        let roundTrip = receivedNanoseconds - sentNanoseconds
        let onTheWay = Int64(clamping: roundTrip) - (left - arrived)
        guard roundTrip < UInt64(Self.delayLimitNanoseconds), left >= arrived, onTheWay >= 0 else {
            throw .tooFar
        }
        guard left / 1_000_000_000 >= floorSeconds else { throw .beforeFloor }
        return left + onTheWay / 2
    }

    /// 32.32 seconds since 1900 (or 2036), as nanoseconds since 1970.
    private static func unixNanoseconds(_ timestamp: UInt64) -> Int64 {
        var seconds = Int64(timestamp >> 32) - epochSeconds
        if seconds < pivotSeconds { seconds += 1 << 32 }
        return seconds * 1_000_000_000 + Int64(((timestamp & 0xffff_ffff) * 1_000_000_000) >> 32)
    }

    private static func bigEndian(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt64 {
        var value: UInt64 = 0
        for index in 0..<width { value = value << 8 | UInt64(bytes[offset + index]) }
        return value
    }
}
