import LinuxSystem
import Wire

/// What arrives from one service.
final class Source {
    let name: String
    let pipe: FileDescriptor
    var lines = LineBuffer()
    var limit = RateLimit()

    init(_ name: String, _ pipe: consuming FileDescriptor) {
        self.name = name
        self.pipe = pipe
    }
}

/// The logger's loop.
final class Logger {
    enum Origin: UInt32 { case control, kernel, socket, service, client, signal }

    /// Reads per wake-up and pipe: one babbler must not starve the others.
    static let readLimit = 16 * 1024
    /// How long stored lines may wait for the disk, and unfinished ones for their end.
    static let flushNanoseconds: UInt64 = 1_000_000_000
    /// A complaint about the disk goes to the kernel's log, which comes back as a line to store: said every
    /// time, it would never end.
    static let complaintNanoseconds: UInt64 = 60_000_000_000

    private let options: Options
    let ring: LogRing
    var epoll: Epoll
    private let control: LocalSocket
    private let kernel: FileDescriptor
    let socket: LocalSocket
    private let signals: SignalDescriptor
    private var sources: [Source] = []
    var clients: [Client?] = []
    private var flushDue: UInt64?
    private var kernelSequence: UInt64 = 0
    private var isDone = false
    private var nextComplaint: UInt64 = 0

    init(_ options: Options) throws(SystemCallError) {
        self.options = options
        ring = try Self.openRing(options)
        epoll = try Epoll()
        signals = try SignalDescriptor()
        control = try LocalSocket(connectingTo: options.runDirectory + "/control.sock")
        kernel = try Self.openKernelLog()
        socket = try LocalSocket(
            listeningAt: options.runDirectory + "/log.sock", .connections, permissions: 0o660)
        _ = try control.send(ControlRequest(.attachLog).encode(), waiting: true)
        try epoll.add(control.descriptor, tag: Self.tag(.control, 0))
        try epoll.add(socket.descriptor, tag: Self.tag(.socket, 0))
        try epoll.add(signals.descriptor, tag: Self.tag(.signal, 0))
        kernelSequence = readKernelPosition()
        try? epoll.add(kernel, tag: Self.tag(.kernel, 0))
    }

    /// Without `data` the log lives as long as the boot: better than none.
    private static func openRing(_ options: Options) throws(SystemCallError) -> LogRing {
        do throws(SystemCallError) {
            try Directory.makeAll(options.directory)
            return try LogRing(in: options.directory)
        } catch {
            AmosLogd.complain(error.description + "; logging to memory only")
            let directory = options.runDirectory + "/log"
            try Directory.makeAll(directory)
            return try LogRing(in: directory)
        }
    }

    /// Who may not read the kernel's log (a test) goes without it.
    private static func openKernelLog() throws(SystemCallError) -> FileDescriptor {
        if let log = try? FileDescriptor.open("/dev/kmsg", [.readOnly, .nonBlocking]) { return log }
        return try .open("/dev/null")
    }

    static func tag(_ origin: Origin, _ index: Int) -> UInt64 {
        UInt64(origin.rawValue) << 32 | UInt64(index)
    }

    func run() throws(SystemCallError) {
        if options.readyDescriptor >= 0 {
            let ready = FileDescriptor(owning: options.readyDescriptor)
            try? ready.write([0x0a])
        }
        var tags: [UInt64] = []
        while !isDone {
            try epoll.wait(milliseconds: timeUntilFlush(), tags: &tags)
            for tag in tags { try react(to: tag) }
            if let due = flushDue, due <= Machine.bootTimeNanoseconds { try flush() }
            for slot in clients.indices where clients[slot]?.isFollowing == true { proceed(slot) }
        }
        for source in sources { takeLines(source) }
        try flush()
    }

    private func timeUntilFlush() -> UInt64? {
        guard let due = flushDue else { return nil }
        let now = Machine.bootTimeNanoseconds
        return due > now ? (due - now) / 1_000_000 + 1 : 0
    }

    private func react(to tag: UInt64) throws(SystemCallError) {
        let index = Int(truncatingIfNeeded: tag & 0xffff_ffff)
        switch Origin(rawValue: UInt32(tag >> 32)) {
        case .control: try takePipes()
        case .kernel: takeKernelMessages()
        case .socket: acceptClients()
        case .service: takeLines(sources[index])
        case .client: serve(index)
        case .signal:
            while let signal = signals.next() { isDone = isDone || signal != ChildProcess.childSignal }
        case nil: break
        }
    }

    /// PID 1 hands over the reading ends of the services' outputs.
    private func takePipes() throws(SystemCallError) {
        guard let packet = try control.receive(limit: ControlReply.limit) else { return }
        let bytes = packet.bytes
        let pipe = packet.takePassed()
        guard !bytes.isEmpty else { throw SystemCallError("receive", "PID 1 has closed", code: 0) }
        guard case .source(let news)? = try? ControlReply(decoding: bytes), let pipe = consume pipe else {
            return
        }
        let source = Source(news.service, pipe)
        sources.append(source)
        try epoll.add(source.pipe, tag: Self.tag(.service, sources.count - 1))
    }

    private func takeLines(_ source: Source) {
        guard let bytes = try? source.pipe.read(upTo: Self.readLimit), !bytes.isEmpty else { return }
        for line in source.lines.append(bytes) { store(line, of: source) }
        scheduleFlush()
    }

    private func store(_ line: [UInt8], of source: Source) {
        let now = Machine.bootTimeNanoseconds
        if let dropped = source.limit.takeDropped(nanoseconds: now) {
            let note = String(dropped) + " lines dropped: more than this service may log"
            append(.warning, source.name, Array(note.utf8), now)
        }
        guard source.limit.admit(nanoseconds: now) else { return }
        let (level, text) = LogRecord.Level.split(line)
        append(level, source.name, text, now)
    }

    private func append(_ level: LogRecord.Level, _ service: String, _ text: [UInt8], _ now: UInt64) {
        let record = LogRecord(
            sequence: 0, unixNanoseconds: UInt64(max(0, WallClock.unixNanoseconds)), bootNanoseconds: now,
            level: level, service: service, text: printable(text))
        // A full or broken disk must not stop the services: their lines are lost, and the kernel's log says
        // so.
        do throws(SystemCallError) { try ring.append(record) } catch { complain(error) }
        scheduleFlush()
    }

    private func complain(_ error: SystemCallError) {
        let now = Machine.bootTimeNanoseconds
        guard now >= nextComplaint else { return }
        nextComplaint = now + Self.complaintNanoseconds
        AmosLogd.complain(error.description + "; lines are lost until the disk takes them again")
    }

    /// Repairs what is not UTF-8, and keeps to the limit even if that made it longer.
    private func printable(_ text: [UInt8]) -> String {
        let repaired = String(decoding: text, as: UTF8.self)
        if repaired.utf8.count <= LogRecord.textLimit { return repaired }
        return String(decoding: text.prefix(LogRecord.textLimit / 3), as: UTF8.self)
    }

    private func takeKernelMessages() {
        // One message per read(2). EPIPE: some were overwritten before they were read; the next read goes on.
        for _ in 0..<256 {
            guard let bytes = try? kernel.read(upTo: 8192), let message = KernelMessage(bytes) else {
                return
            }
            guard message.sequence >= kernelSequence else { continue }
            kernelSequence = message.sequence + 1
            append(message.level, "kernel", message.text, message.bootNanoseconds)
        }
    }

    private func scheduleFlush() {
        if flushDue == nil { flushDue = Machine.bootTimeNanoseconds + Self.flushNanoseconds }
    }

    private func flush() throws(SystemCallError) {
        flushDue = nil
        let now = Machine.bootTimeNanoseconds
        for source in sources {
            if !source.lines.isEmpty { store(source.lines.take(), of: source) }
            if let dropped = source.limit.takeDropped(nanoseconds: now) {
                append(.warning, source.name, Array((String(dropped) + " lines dropped").utf8), now)
            }
        }
        do throws(SystemCallError) { try ring.synchronize() } catch { complain(error) }
        flushDue = nil
        writeKernelPosition()
    }

    /// Which kernel messages a restarted logger has already stored; in memory, because so is the kernel's
    /// log.
    private var kernelPositionPath: String { options.runDirectory + "/logd.kmsg" }

    private func readKernelPosition() -> UInt64 {
        guard let bytes = contents(of: kernelPositionPath, limit: 32) else { return 0 }
        return UInt64(String(decoding: bytes, as: UTF8.self)) ?? 0
    }

    private func writeKernelPosition() {
        try? Directory.replaceFile(
            kernelPositionPath, with: Array(String(kernelSequence).utf8), durable: false)
    }
}
