import Bridge
import LinuxSystem
import Wire

/// `adb logcat`: reads the logger's records, and writes them as Android's logcat would.
final class LogcatEndpoint: Endpoint {
    private static let lineLimit = 16 * 1024

    private let arguments: LogcatArguments
    /// nil: everything may be seen.
    private let packages: [[UInt8]]?
    private let isFramed: Bool
    private var parser = ShellParser()
    private var socket: LocalSocketHolder?
    private var mayRead = true
    private var hasBegun = false
    private var left: UInt64
    /// Nothing up to this record is shown (`-c`).
    private let cleared: UInt64
    private var newest: UInt64 = 0
    private var lines: [UInt8] = []
    private var exitCode: UInt8?

    init(
        _ arguments: LogcatArguments, packages: [[UInt8]]?, isFramed: Bool, _ stream: UInt32,
        _ bridge: BridgeLoop
    ) {
        self.arguments = arguments
        self.packages = packages
        self.isFramed = isFramed
        left = arguments.count ?? .max
        cleared = ClearedLog.last(bridge)
        super.init(stream, bridge)
        ask()
    }

    private func ask() {
        var request = LogRequest()
        request.follow = !arguments.isDump && !arguments.clears
        if let newest = arguments.newest { request.lines = newest }
        let before = bridge.identity.become(.root)
        defer { bridge.identity.become(before) }
        do throws(SystemCallError) {
            let made = try LocalSocket(connectingTo: bridge.options.runDirectory + "/log.sock")
            try made.descriptor.setBlocking(false)
            _ = try made.send(request.encode())
            let holder = LocalSocketHolder(made)
            try bridge.watch(number: holder.socket.descriptor.rawValue, self)
            socket = holder
        } catch { fail("logcat: the log cannot be read: " + error.description) }
    }

    private func fail(_ reason: String) {
        lines += Array((reason + "\n").utf8)
        exitCode = 1
        socket = nil
    }

    override func ready() { mayRead = true }

    override func receive(_ bytes: Span<UInt8>) throws(BridgeError) {
        guard isFramed else { return }
        var offset = 0
        while try parser.next(bytes, from: &offset) != nil {}
    }

    override func produce(into packet: inout [UInt8], limit: Int) {
        let room = limit - packet.count - 2 * ShellFrame.headSize - 1
        while lines.count < min(room, Self.lineLimit), exitCode == nil, readRecord() {}
        let count = min(lines.count, room)
        if count > 0 {
            if isFramed {
                ShellFrame.append(.output, lines[..<count], to: &packet)
            } else {
                packet.append(contentsOf: lines[..<count])
            }
            lines.removeFirst(count)
        }
        guard lines.isEmpty, let exitCode, !isFinished else { return }
        if isFramed { ShellFrame.append(.exit, [exitCode], to: &packet) }
        isFinished = true
    }

    /// False: there is none at the moment.
    private func readRecord() -> Bool {
        guard mayRead, let socket else { return false }
        guard let packet = try? socket.socket.receive(limit: LogReply.limit) else {
            mayRead = false
            return false
        }
        guard !packet.bytes.isEmpty else {
            fail("logcat: the logger has gone")
            return false
        }
        switch try? LogReply(decoding: packet.bytes) {
        case .record(let record): show(record)
        case .gap(let count): if !arguments.clears { lines += LogcatFormat.gap(count, arguments.format) }
        case .endOfStored: if arguments.isDump || arguments.clears { finish() }
        case .refused(let reason): fail("logcat: " + reason)
        case nil: fail("logcat: the logger's answer is not understood")
        }
        return true
    }

    private func show(_ record: LogRecord) {
        newest = max(newest, record.head.sequence)
        guard !arguments.clears, record.head.sequence > cleared, arguments.admits(record) else { return }
        if let packages, !packages.contains(where: { record.service.utf8.elementsEqual($0) }) { return }
        if !hasBegun, arguments.format != .json, arguments.format != .raw {
            lines += LogcatFormat.beginning(arguments.buffers)
        }
        hasBegun = true
        LogcatFormat.append(record, arguments.format, to: &lines)
        left -= 1
        if left == 0 { finish() }
    }

    private func finish() {
        if arguments.clears { ClearedLog.note(max(newest, cleared), bridge) }
        socket = nil
        exitCode = 0
    }

    override func end() {
        socket = nil
        super.end()
    }
}

final class LocalSocketHolder {
    let socket: LocalSocket

    init(_ socket: consuming LocalSocket) { self.socket = socket }
}

/// `logcat -c`: the log is the owner's, too, and is kept; a developer sees only what came later.
enum ClearedLog {
    static func last(_ bridge: BridgeLoop) -> UInt64 {
        let before = bridge.identity.become(.root)
        defer { bridge.identity.become(before) }
        let text = contents(of: path(bridge), limit: 32) ?? []
        return Decimal.number(text.prefix { $0 != 0x0a }) ?? 0
    }

    static func note(_ sequence: UInt64, _ bridge: BridgeLoop) {
        let before = bridge.identity.become(.root)
        defer { bridge.identity.become(before) }
        let text = Array((String(sequence) + "\n").utf8)
        do throws(SystemCallError) {
            try Directory.replaceFile(path(bridge), with: text, permissions: 0o600, durable: false)
        } catch { Output.say("<4>cannot remember where the log was cleared: " + error.description) }
    }

    private static func path(_ bridge: BridgeLoop) -> String {
        bridge.options.dataDirectory + "/logcat-cleared"
    }
}
