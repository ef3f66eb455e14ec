import Wire

/// One transfer, from the request to the last byte: when to connect where, what to ask for, what of the
/// answer is wanted, when to try again and when to give up. Events in, effects out; it knows no socket.
///
/// ```
///   resolving ─▶ connecting ─▶ receiving ─▶ finished
///       ▲            │  │ next address  │
///       ╰─ waiting ◀─┴──┴───────────────╯   a failure: pause, then go on where it stopped
/// ```
/// Bytes are counted from the beginning of the file. `next` is the first one that the caller has not got,
/// `cursor` the next one that comes from the server: it lies before `next` when a server knows no ranges, and
/// what is in between is thrown away.
public struct FetchMachine: Sendable {
    enum State: Sendable {
        case idle, resolving, connecting, receiving, waiting, finished
    }

    public let request: FetchRequest
    let limits: FetchLimits
    /// Who is connected to instead of the target's host, and finds that by itself.
    let proxyHost: String?
    var state = State.idle
    var target: WebAddress
    var addresses: [String] = []
    var redirects = 0

    public private(set) var next: UInt64
    var cursor: UInt64 = 0
    /// Where the caller's part ends; nil: where the file does, and that is not known.
    var end: UInt64?
    /// Where this answer's body ends.
    var bodyEnd: UInt64?
    /// Of the whole file.
    var length: UInt64?
    var entityTag = ""
    var hasToldHead = false

    var failures = 0
    var allFailures = 0
    var nextAtFailure: UInt64
    var random: UInt64

    var startedAt: UInt64 = 0
    /// Of connecting, of waiting for the answer, of the window in which speed is measured, of a pause.
    var stateDeadline: UInt64?
    var windowBytes: UInt64 = 0
    var rate: RateLimit?

    /// - Parameter seed: anything; decides the pauses.
    public init(
        _ request: FetchRequest, limits: FetchLimits = FetchLimits(), proxyHost: String? = nil, seed: UInt64
    ) throws(TransferError) {
        target = try WebAddress(request.address)
        (self.request, self.limits, self.proxyHost) = (request, limits, proxyHost)
        (next, nextAtFailure) = (request.first, request.first)
        end = request.count.map { request.first + $0 }
        random = seed | 1
        rate = request.bytesPerSecond.map { RateLimit(bytesPerSecond: UInt64($0)) }
    }

    public var isFinished: Bool { state == .finished }

    /// When `.time` is wanted, in the clock of `now`.
    public var deadline: UInt64? {
        let whole = request.seconds.map { startedAt + UInt64($0) * 1000 }
        guard let state = stateDeadline else { return whole }
        return min(state, whole ?? .max)
    }

    public mutating func start(now: UInt64) -> [FetchEffect] {
        startedAt = now
        return begin(now: now)
    }

    public mutating func handle(_ event: FetchEvent, now: UInt64) -> [FetchEffect] {
        switch (event, state) {
        case (.time, _): return time(now)
        case (.resolved(let found), .resolving): return resolved(found, now)
        case (.unresolved(let reason), .resolving):
            return retry("cannot find " + searchedHost + ": " + reason, nil, now)
        case (.answered(let answer), .connecting): return answered(answer, now)
        case (.ended(_, let reason), .connecting): return nextAddress(reason, now)
        case (.ended(let isWhole, let reason), .receiving): return ended(isWhole, reason, now)
        default: return []
        }
    }

    /// What to do with the `available` bytes that come next of the body: throw some away, deliver some; the
    /// rest is for later.
    public mutating func take(_ available: Int, now: UInt64) -> (
        skipped: Int, delivered: Int, effects: [FetchEffect]
    ) {
        guard state == .receiving, available > 0 else { return (0, 0, []) }
        if let end, next >= end { return (0, 0, finish(nil)) }
        let skipped = Int(clamping: min(UInt64(available), next - min(cursor, next)))
        cursor += UInt64(skipped)
        var wanted = UInt64(available - skipped)
        if let end { wanted = min(wanted, end - next) }
        let room = request.byteLimit - (next - request.first)
        let isTooLong = wanted > room
        wanted = min(wanted, room, rate?.allowance(now) ?? .max)
        rate?.use(wanted, now)
        cursor += wanted
        next += wanted
        windowBytes += wanted + UInt64(skipped)
        var effects: [FetchEffect] = []
        if isTooLong, next - request.first == request.byteLimit {
            effects = finish(.tooLong(limit: request.byteLimit))
        } else if let end, next == end, bodyEnd != end {
            // The server goes on, or may.
            effects = finish(nil)
        }
        return (skipped, Int(wanted), effects)
    }

    /// When a rate limit lets the next bytes through; nil: at once.
    public func pausedUntil(now: UInt64) -> UInt64? { rate?.pausedUntil(now) }

    /// The caller takes nothing at the moment: that is not the server's fault.
    public mutating func holdBack(now: UInt64) {
        guard state == .receiving else { return }
        windowBytes = 0
        stateDeadline = now + limits.stall
    }
}

// Ways to an answer.
extension FetchMachine {
    private var searchedHost: String { proxyHost ?? target.host }

    private mutating func begin(now: UInt64) -> [FetchEffect] {
        // What a name means behind a proxy only the proxy knows.
        if request.publicOnly, NetworkAddress(target.host)?.isPublic == false {
            return finish(.privateAddress(target.host))
        }
        state = .resolving
        stateDeadline = now + limits.connect
        return [.resolve(host: searchedHost)]
    }

    private mutating func resolved(_ found: [String], _ now: UInt64) -> [FetchEffect] {
        addresses = found
        if request.publicOnly, proxyHost == nil {
            // One private address among others is how names are made to point inside.
            for address in found where NetworkAddress(address)?.isPublic != true {
                return finish(.privateAddress(address))
            }
        }
        return nextAddress("it has no address", now)
    }

    private mutating func nextAddress(_ reason: String, _ now: UInt64) -> [FetchEffect] {
        guard !addresses.isEmpty else {
            return retry(
                "cannot reach " + target.hostField + (reason.isEmpty ? "" : ": " + reason), nil, now)
        }
        return connect(addresses.removeFirst(), now)
    }

    private mutating func connect(_ address: String, _ now: UInt64) -> [FetchEffect] {
        state = .connecting
        stateDeadline = now + limits.connect + limits.answer
        var range: String?
        if next > 0 || end != nil {
            range = "bytes=" + String(next) + "-" + (end.map { String($0 - 1) } ?? "")
        }
        let hasTag = next > request.first && !entityTag.isEmpty
        return [
            .connect(
                FetchConnection(
                    target: target, address: address, range: range, validator: hasTag ? entityTag : nil))
        ]
    }

    mutating func redirect(_ location: String, _ now: UInt64) -> [FetchEffect] {
        redirects += 1
        guard redirects <= limits.redirects else {
            return finish(.tooManyRedirects(limit: limits.redirects))
        }
        do throws(TransferError) {
            target = try target.redirected(to: location)
        } catch {
            return finish(error)
        }
        return [.disconnect] + begin(now: now)
    }
}

// Ends.
extension FetchMachine {
    private mutating func ended(_ isWhole: Bool, _ reason: String, _ now: UInt64) -> [FetchEffect] {
        if let end, next >= end { return finish(nil) }
        if end == nil, isWhole, cursor >= next, bodyEnd == nil || cursor == bodyEnd { return finish(nil) }
        return retry(
            reason.isEmpty ? "the connection broke after byte " + String(next) : reason, nil, now)
    }

    private mutating func time(_ now: UInt64) -> [FetchEffect] {
        guard state != .finished, state != .idle else { return [] }
        if let seconds = request.seconds, now >= startedAt + UInt64(seconds) * 1000 {
            return finish(.deadline(seconds: seconds))
        }
        guard let stateDeadline, now >= stateDeadline else { return [] }
        switch state {
        case .resolving: return retry("cannot find " + searchedHost + ": no answer", nil, now)
        case .connecting: return [.disconnect] + nextAddress("no answer", now)
        case .receiving:
            let wanted = limits.minimumBytesPerSecond * limits.stall / 1000
            guard windowBytes < max(wanted, 1) else {
                holdBack(now: now)
                return []
            }
            return retry(
                "slower than " + String(limits.minimumBytesPerSecond) + " bytes a second", nil, now)
        case .waiting: return begin(now: now)
        case .idle, .finished: return []
        }
    }

    /// A pause, unless there were too many failures.
    mutating func retry(_ reason: String, _ asked: UInt64?, _ now: UInt64) -> [FetchEffect] {
        if next - nextAtFailure >= limits.progress { failures = 0 }
        nextAtFailure = next
        failures += 1
        allFailures += 1
        guard failures < limits.attempts, allFailures < limits.attemptsAltogether else {
            return finish(.unreachable(reason: reason, attempts: allFailures))
        }
        var pause = limits.firstPause
        for _ in 1..<failures { pause = min(pause * 2, limits.pauseLimit) }
        // xorshift64: any spread will do.
        random ^= random << 13
        random ^= random >> 7
        random ^= random << 17
        pause = pause / 2 + random % (pause / 2 + 1)
        if let asked { pause = max(pause, min(asked, limits.longestAskedPause)) }
        redirects = 0
        if let original = try? WebAddress(request.address) { target = original }
        state = .waiting
        stateDeadline = now + pause
        return [.disconnect]
    }

    mutating func finish(_ error: TransferError?) -> [FetchEffect] {
        state = .finished
        stateDeadline = nil
        return [.disconnect, .finish(error)]
    }
}
