import Crypto
import LinuxSystem
import Transfer
import Web

/// One request: does what its machine decides.
final class ActiveFetch {
    /// What waits for a client that does not read; then the server has to wait.
    static let outputLimit = 128 << 10

    private let origins: OriginTable
    private let proxy: ProxySettings?
    private var machine: FetchMachine
    private var transfer: WebTransfer?
    private var origin: String?
    private var hasAnswered = false
    /// A rate keeps bytes back until then.
    private var resumesAt: UInt64?
    private(set) var search: NameSearch?
    private var digest: SHA256?
    private(set) var isFinished = false
    /// Called with a search that begins, and with one that is over.
    private let watch: (NameSearch, Bool) -> Void

    init(
        _ request: FetchRequest, _ options: Options, _ origins: OriginTable, seed: UInt64,
        watch: @escaping (NameSearch, Bool) -> Void
    ) throws(TransferError) {
        let address = try WebAddress(request.address)
        // A redirection goes the way of the address that was asked for.
        let isProxied = options.proxy?.isUsed(for: address) ?? false
        proxy = isProxied ? options.proxy : nil
        machine = try FetchMachine(request, limits: options.limits, proxyHost: proxy?.host, seed: seed)
        digest = request.sha256 == nil ? nil : SHA256()
        (self.origins, self.watch) = (origins, watch)
    }

    deinit { disconnect() }

    /// Bytes are here that nothing keeps back.
    var hasBytes: Bool {
        guard let transfer, transfer.waiting > 0 else { return false }
        return resumesAt == nil
    }

    /// When it wants to be asked again at the latest.
    var deadline: UInt64? {
        guard let resumesAt else { return machine.deadline }
        return min(resumesAt, machine.deadline ?? .max)
    }

    func start(_ now: UInt64, _ output: inout OutputBuffer) {
        perform(machine.start(now: now), now, &output)
    }

    /// Goes on until nothing more can be done.
    func proceed(_ now: UInt64, _ output: inout OutputBuffer) {
        while !isFinished, step(now, &output) {}
        guard !isFinished, let deadline = machine.deadline, now >= deadline else { return }
        perform(machine.handle(.time, now: now), now, &output)
    }

    private func step(_ now: UInt64, _ output: inout OutputBuffer) -> Bool {
        if let search, let outcome = search.outcome() {
            endSearch()
            switch outcome {
            case .found(let addresses): perform(machine.handle(.resolved(addresses), now: now), now, &output)
            case .failed(let reason):
                perform(machine.handle(.unresolved(reason: reason), now: now), now, &output)
            }
            return true
        }
        guard let transfer else { return false }
        if !hasAnswered, transfer.status != 0 {
            hasAnswered = true
            perform(machine.handle(.answered(Self.answer(transfer)), now: now), now, &output)
            return true
        }
        if transfer.waiting > 0 { return deliver(transfer, now, &output) }
        let state = transfer.state
        guard state == .complete || state == .failed else { return false }
        let reason = transfer.reason
        release()
        perform(
            machine.handle(.ended(isWhole: state == .complete, reason: reason), now: now), now, &output)
        return true
    }

    private static func answer(_ transfer: WebTransfer) -> FetchAnswer {
        var answer = FetchAnswer()
        answer.status = transfer.status
        answer.contentLength = transfer.field(.contentLength)
        answer.contentRange = transfer.field(.contentRange)
        answer.entityTag = transfer.field(.entityTag)
        answer.location = transfer.field(.location)
        answer.retryAfter = transfer.field(.retryAfter)
        return answer
    }

    /// Whether anything moved.
    private func deliver(_ transfer: WebTransfer, _ now: UInt64, _ output: inout OutputBuffer) -> Bool {
        resumesAt = nil
        let room = min(Self.outputLimit - min(output.count, Self.outputLimit), FetchReply.frameLimit)
        guard room > 0 else {
            machine.holdBack(now: now)
            return false
        }
        let (skipped, delivered, effects) = machine.take(min(transfer.waiting, room), now: now)
        if skipped > 0 { _ = transfer.take(skipped) }
        if delivered > 0 {
            let bytes = transfer.take(delivered)
            digest?.add(bytes.span)
            output.append(FetchReply.body(bytes).encode())
        }
        perform(effects, now, &output)
        let hasMoved = skipped + delivered > 0 || !effects.isEmpty
        resumesAt = hasMoved ? nil : machine.pausedUntil(now: now) ?? now
        return hasMoved
    }

    private func perform(_ effects: [FetchEffect], _ now: UInt64, _ output: inout OutputBuffer) {
        for effect in effects {
            switch effect {
            case .disconnect: disconnect()
            case .head(let length): output.append(FetchReply.head(length: length).encode())
            case .finish(let error): finish(error, &output)
            case .connect(let connection): connect(connection, now, &output)
            case .resolve(let host): resolve(host, now, &output)
            }
        }
    }

    private func resolve(_ host: String, _ now: UInt64, _ output: inout OutputBuffer) {
        // Also of a numeric one, which costs no question: one way for all.
        do throws(SystemCallError) {
            let search = try NameSearch(host)
            self.search = search
            watch(search, true)
        } catch {
            perform(machine.handle(.unresolved(reason: error.description), now: now), now, &output)
        }
    }

    private func connect(_ connection: FetchConnection, _ now: UInt64, _ output: inout OutputBuffer) {
        disconnect()
        guard let (begun, name) = origins.begin(connection, through: proxy) else {
            let reason = "no memory for a connection"
            return perform(
                machine.handle(.ended(isWhole: false, reason: reason), now: now), now, &output)
        }
        (transfer, origin, hasAnswered) = (begun, name, false)
    }

    private func finish(_ error: TransferError?, _ output: inout OutputBuffer) {
        isFinished = true
        var error = error
        if error == nil, let wanted = machine.request.sha256, digest?.finish() != wanted {
            error = .wrongHash
        }
        output.append(
            FetchReply.end(code: error?.code ?? FetchReply.done, reason: error?.description ?? "").encode())
    }

    private func disconnect() {
        release()
        endSearch()
    }

    private func release() {
        transfer = nil
        if let origin { origins.release(origin) }
        origin = nil
    }

    private func endSearch() {
        if let search { watch(search, false) }
        search = nil
    }
}

/// Bytes on their way to a client.
struct OutputBuffer {
    private var bytes: [UInt8] = []
    private var start = 0

    var count: Int { bytes.count - start }

    mutating func append(_ more: [UInt8]) { bytes += more }

    /// Writes what the socket takes.
    mutating func flush(to socket: borrowing FileDescriptor) throws(SystemCallError) {
        while count > 0 {
            let written = try socket.writeIfReady(bytes.span.extracting(start..<bytes.count))
            if written == 0 { return }
            start += written
        }
        bytes.removeAll(keepingCapacity: true)
        start = 0
    }
}
