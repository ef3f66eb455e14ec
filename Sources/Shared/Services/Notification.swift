import Wire

/// One datagram on `$NOTIFY_SOCKET`, as sd_notify(3) describes it: lines of `NAME=value`.
///
/// The bytes come from any process that can reach the socket, so nothing in them is trusted further than its
/// form: a value must be exactly as the manual has it, or its line changes nothing and is counted in
/// `malformedCount`; the other lines still hold, since a wrong one must not cost a service its `READY=1`.
/// Names that are not listed here are ignored, as the protocol asks (`ERRNO`, `BUSERROR`, `MONOTONIC_USEC`
/// and the like). Of a name that occurs twice, the last one holds. Descriptors travel beside the bytes; what
/// becomes of them is said by `storesDescriptors`, `removesDescriptors` and `isBarrier`.
public struct Notification: Equatable, Sendable {
    /// Longer datagrams are refused whole; the protocol's messages have some dozens of bytes.
    public static let sizeLimit = 4096
    /// Bytes of a status text that are kept: one line on a terminal, and what a service costs PID 1.
    public static let statusLimit = 160
    /// As sd_pid_notify_with_fds(3) has it.
    public static let descriptorNameLimit = 255

    /// The longest time between two signs of life that a service may choose: a day is as good as none.
    public static let watchdogLimitMilliseconds: UInt64 = 86_400_000

    public enum Watchdog: Equatable, Sendable {
        /// `WATCHDOG=1`
        case alive
        /// `WATCHDOG=trigger`: it says itself that it is broken.
        case broken
    }

    public var isReady = false
    public var isReloading = false
    public var isStopping = false
    /// For people: valid UTF-8 without control characters, at most `statusLimit` bytes; may be empty.
    public var statusText: String?
    public var watchdog: Watchdog?
    /// A new interval; 0 turns the watchdog off.
    public var watchdogMicroseconds: UInt64?
    public var mainProcess: Int32?
    public var extensionMilliseconds: UInt64?
    /// `FDSTORE=1`: the descriptors that came along are to be kept.
    public var storesDescriptors = false
    /// `FDSTOREREMOVE=1`: those called `descriptorName` are to be dropped.
    public var removesDescriptors = false
    public var descriptorName: String?
    /// `BARRIER=1`: the sender waits until the descriptor that came along is closed.
    public var isBarrier = false
    /// Lines that have a known name and a value that it cannot have.
    public var malformedCount = 0

    public init() {}

    public init(parsing bytes: [UInt8]) { self.init(parsing: bytes.span) }

    public init(parsing bytes: Span<UInt8>) {
        guard bytes.count <= Self.sizeLimit else {
            malformedCount = 1
            return
        }
        var start = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != UInt8(ascii: "\n") { end += 1 }
            take(line: bytes.extracting(start..<end))
            start = end + 1
        }
    }

    private mutating func take(line: Span<UInt8>) {
        var nameEnd = 0
        while nameEnd < line.count, line[nameEnd] != UInt8(ascii: "=") { nameEnd += 1 }
        guard nameEnd < line.count else { return }
        let name = line.extracting(0..<nameEnd)
        let value = line.extracting((nameEnd + 1)..<line.count)
        if !take(name, value) { malformedCount += 1 }
    }

    /// False for a known name with a value that it cannot have.
    private mutating func take(_ name: Span<UInt8>, _ value: Span<UInt8>) -> Bool {
        if Self.equal(name, "READY") { return Self.set(&isReady, value) }
        if Self.equal(name, "RELOADING") { return Self.set(&isReloading, value) }
        if Self.equal(name, "STOPPING") { return Self.set(&isStopping, value) }
        if Self.equal(name, "FDSTORE") { return Self.set(&storesDescriptors, value) }
        if Self.equal(name, "FDSTOREREMOVE") { return Self.set(&removesDescriptors, value) }
        if Self.equal(name, "BARRIER") { return Self.set(&isBarrier, value) }
        if Self.equal(name, "STATUS") {
            statusText = Self.text(value)
        } else if Self.equal(name, "WATCHDOG") {
            return takeWatchdog(value)
        } else if Self.equal(name, "WATCHDOG_USEC") {
            guard let number = Decimal.number(value) else { return false }
            watchdogMicroseconds = number
        } else if Self.equal(name, "MAINPID") {
            guard let number = Decimal.number(value), number > 1, let process = Int32(exactly: number) else {
                return false
            }
            mainProcess = process
        } else if Self.equal(name, "EXTEND_TIMEOUT_USEC") {
            guard let number = Decimal.number(value), number > 0 else { return false }
            let whole = number / 1_000 + (number % 1_000 == 0 ? 0 : 1)
            extensionMilliseconds = min(whole, Supervisor.extensionLimitMilliseconds)
        } else if Self.equal(name, "FDNAME") {
            guard let text = Self.descriptorName(value) else { return false }
            descriptorName = text
        }
        return true
    }

    private mutating func takeWatchdog(_ value: Span<UInt8>) -> Bool {
        if Self.equal(value, "1") {
            // A service that has called itself broken in the same message stays broken.
            if watchdog == nil { watchdog = .alive }
            return true
        }
        guard Self.equal(value, "trigger") else { return false }
        watchdog = .broken
        return true
    }

    /// `NAME=1`; the protocol has no other value for these.
    private static func set(_ flag: inout Bool, _ value: Span<UInt8>) -> Bool {
        guard equal(value, "1") else { return false }
        flag = true
        return true
    }

    private static func equal(_ bytes: Span<UInt8>, _ text: String) -> Bool {
        let wanted = text.utf8.span
        guard bytes.count == wanted.count else { return false }
        for index in bytes.indices where bytes[index] != wanted[index] { return false }
        return true
    }

    /// What is no text becomes U+FFFD, a control character a space: it goes to a terminal.
    private static func text(_ bytes: Span<UInt8>) -> String {
        var end = min(bytes.count, statusLimit)
        // Not within a character: its later bytes are 10xxxxxx.
        if end < bytes.count { while end > 0, bytes[end] & 0xc0 == 0x80 { end -= 1 } }
        var clean: [UInt8] = []
        clean.reserveCapacity(end)
        for index in 0..<end {
            let byte = bytes[index]
            clean.append(byte < 0x20 || byte == 0x7f ? 0x20 : byte)
        }
        // U+0080 to U+009F are control characters, too: in UTF-8, C2 and one of 80 to 9F.
        for index in clean.indices.dropLast()
        where clean[index] == 0xc2 && clean[index + 1] >= 0x80 && clean[index + 1] < 0xa0 {
            (clean[index], clean[index + 1]) = (0x20, 0x20)
        }
        return String(decoding: clean, as: UTF8.self)
    }

    /// Printable ASCII without the colon that separates names in LISTEN_FDNAMES.
    private static func descriptorName(_ bytes: Span<UInt8>) -> String? {
        guard bytes.count > 0, bytes.count <= descriptorNameLimit else { return nil }
        var clean: [UInt8] = []
        clean.reserveCapacity(bytes.count)
        for index in bytes.indices {
            let byte = bytes[index]
            guard byte > 0x20, byte < 0x7f, byte != UInt8(ascii: ":") else { return nil }
            clean.append(byte)
        }
        return String(decoding: clean, as: UTF8.self)
    }
}
