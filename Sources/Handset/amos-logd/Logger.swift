import LinuxSystem
import Wire

/// The logger's loop.
final class Logger {
    enum Origin: UInt32 { case control, kernel, socket, service, client, signal }

    /// How long stored lines may wait for the disk.
    static let flushNanoseconds: UInt64 = 1_000_000_000
    /// How often a disk that takes nothing is tried again.
    static let retryNanoseconds: UInt64 = 5_000_000_000
    /// A complaint about the disk goes to the kernel's log, which comes back as a line to store: said every
    /// time, it would never end.
    static let complaintNanoseconds: UInt64 = 60_000_000_000
    /// PID 1 hands the connection over when it executes itself anew. Should it be lost all the same, it is
    /// tried again after this time, and so often.
    static let reconnectNanoseconds: UInt64 = 100_000_000
    static let reconnectLimit = 50

    let options: Options
    var storage: Storage
    var ring: LogRing { storage.ring }
    var epoll: Epoll
    private var control: LocalSocket?
    private var reconnects = 0
    var kernel: KernelLog?
    let socket: LocalSocket
    /// For copies of what is in the services' pipes.
    let copy: Pipe
    private let signals: SignalDescriptor
    let progress: Progress
    /// What an earlier logger had under way in the pipe of a service that has not been announced yet.
    var interrupted: LogProgress?
    var sources: [Source?] = []
    var clients: [Client?] = []
    private var flushDue: UInt64?
    private var isDone = false

    init(_ options: Options) throws(SystemCallError) {
        self.options = options
        let storage = try Storage(options)
        self.storage = storage
        epoll = try Epoll()
        signals = try SignalDescriptor()
        copy = try Pipe()
        progress = try Progress(options.runDirectory + "/logd.progress", ring: storage.ring)
        interrupted = progress.interrupted
        socket = try LocalSocket(
            listeningAt: options.runDirectory + "/log.sock", .connections, permissions: 0o660)
        try epoll.add(socket.descriptor, tag: Self.tag(.socket, 0))
        try epoll.add(signals.descriptor, tag: Self.tag(.signal, 0))
        try connect()
        openKernelLog()
        if interrupted.map({ $0.service.isEmpty || UTF8Text.equal($0.service, "kernel") }) ?? false {
            interrupted = nil
        }
        if interrupted != nil { scheduleFlush() }
    }

    private func connect() throws(SystemCallError) {
        let socket = try LocalSocket(connectingTo: options.runDirectory + "/control.sock")
        _ = try socket.send(ControlRequest(.attachLog).encode(), waiting: true)
        try epoll.add(socket.descriptor, tag: Self.tag(.control, 0))
        control = consume socket
    }

    /// Who may not read the kernel's log (an ordinary user) goes without it.
    private func openKernelLog() {
        guard let log = try? FileDescriptor.open("/dev/kmsg", [.readOnly, .nonBlocking]) else { return }
        let kernel = KernelLog(log, next: progress.now.kernelSequence)
        if let before = interrupted, UTF8Text.equal(before.service, "kernel") {
            kernel.repeatedRecords = ring.nextSequence - min(before.firstRecord, ring.nextSequence)
        }
        guard (try? epoll.add(kernel.descriptor, tag: Self.tag(.kernel, 0))) != nil else { return }
        self.kernel = kernel
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
            try epoll.wait(milliseconds: timeUntilWork(), tags: &tags)
            for tag in tags { try react(to: tag) }
            takeAllLines()
            if let due = flushDue, due <= Machine.bootTimeNanoseconds { flush() }
            serveClients()
        }
        interrupted = nil
        for source in sources { if let source { finish(source) } }
        if kernel != nil { takeKernelMessages() }
        flush()
    }

    /// nil: until something happens.
    private func timeUntilWork() -> UInt64? {
        if clients.contains(where: { $0?.isBusy ?? false }) { return 0 }
        if interrupted == nil, sources.contains(where: { $0?.hasMore ?? false }) { return 0 }
        guard let due = flushDue else { return nil }
        let now = Machine.bootTimeNanoseconds
        return due > now ? (due - now) / 1_000_000 + 1 : 0
    }

    private func react(to tag: UInt64) throws(SystemCallError) {
        let index = Int(truncatingIfNeeded: tag & 0xffff_ffff)
        switch Origin(rawValue: UInt32(tag >> 32)) {
        case .control: try takeControl()
        case .kernel: if interrupted == nil { takeKernelMessages() }
        case .socket: acceptClients()
        case .service: sources[index]?.hasMore = true
        case .client: serve(index)
        case .signal:
            while let signal = signals.next() { isDone = isDone || signal != ChildProcess.childSignal }
        case nil: break
        }
    }

    private func takeControl() throws(SystemCallError) {
        let packet: LocalSocket.Packet
        do throws(SystemCallError) {
            guard let received = try control?.receive(limit: ControlReply.limit) else { return }
            packet = received
        } catch {
            return loseControl()
        }
        let bytes = packet.bytes
        let pipe = packet.takePassed()
        if bytes.isEmpty { return loseControl() }
        reconnects = 0
        try takeNews(bytes, consume pipe)
    }

    private func loseControl() {
        control = nil
        scheduleFlush(in: Self.reconnectNanoseconds)
    }

    private func reconnect() {
        guard control == nil else { return }
        reconnects += 1
        if (try? connect()) != nil { return }
        if reconnects > Self.reconnectLimit { isDone = true }
        scheduleFlush(in: Self.reconnectNanoseconds)
    }

    private func takeAllLines() {
        // First things first: the interrupted ones must be dealt with before others are under way.
        guard interrupted == nil else { return }
        for slot in sources.indices {
            guard let source = sources[slot], source.hasMore else { continue }
            takeLines(source)
            if source.isClosed { sources[slot] = nil }
        }
    }

    func scheduleFlush(in delay: UInt64 = Logger.flushNanoseconds) {
        let due = Machine.bootTimeNanoseconds + delay
        flushDue = min(flushDue ?? due, due)
    }

    private func flush() {
        flushDue = nil
        interrupted = nil
        reconnect()
        let now = Machine.bootTimeNanoseconds
        for source in sources {
            guard let source else { continue }
            if source.restCount > 0 {
                if now - source.restSince >= Self.restNanoseconds {
                    takeLines(source, takesRest: true)
                } else {
                    scheduleFlush(in: source.restSince + Self.restNanoseconds - now)
                }
            }
            noteDropped(&source.limit, source.nameBytes, now)
            if source.limit.droppedCount > 0 { scheduleFlush() }
        }
        if let kernel {
            noteDropped(&kernel.limit, KernelLog.name, now)
            if kernel.limit.droppedCount > 0 { scheduleFlush() }
        }
        synchronize(now)
    }

    private func synchronize(_ now: UInt64) {
        ring.write()
        ring.synchronize()
        if storage.returnToDisk(now, progress) {
            for client in clients { client?.restart(ring) }
        }
        if let note = storage.judge(now) {
            var head = self.head(now)
            head.level = .warning
            head.droppedLines = note.lost
            ring.append(head, service: Array("logd".utf8), text: Array(note.text.utf8)[...])
            ring.write()
        }
        if ring.failure != nil { scheduleFlush(in: Self.retryNanoseconds) }
    }
}
