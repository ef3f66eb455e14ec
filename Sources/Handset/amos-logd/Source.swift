import LinuxSystem
import Wire

/// What arrives from one service.
final class Source {
    let name: String
    let nameBytes: [UInt8]
    var pipe: FileDescriptor
    /// Whose lines they are; 0: nobody's at the moment.
    var process: Int32
    var limit: RateLimit
    /// More is in the pipe than one turn takes.
    var hasMore = true
    /// How many bytes of a line without end are in the pipe, and since when.
    var restCount = 0
    var restSince: UInt64 = 0
    /// The level of a line that was cut: that of its beginning.
    var cutLevel: LogRecord.Level?
    /// Records that an earlier logger made of the next bytes already.
    var repeatedRecords: UInt64 = 0
    var isClosed = false

    init(_ news: LogSource, _ pipe: consuming FileDescriptor) {
        name = news.service
        nameBytes = Array(news.service.utf8)
        self.pipe = pipe
        process = news.process
        limit = RateLimit(linesPerSecond: news.linesPerSecond, burst: news.burst)
    }
}

extension Logger {
    /// Bytes per turn and pipe: one babbler must not starve the others.
    static let readLimit = 16 * 1024
    /// How long a line may wait for its end: a prompt, the last words of a program.
    static let restNanoseconds: UInt64 = 1_000_000_000

    /// PID 1 hands over the reading ends of the services' outputs, and says whose lines they are.
    func takeNews(_ bytes: [UInt8], _ pipe: consuming FileDescriptor?) throws(SystemCallError) {
        guard case .source(let news)? = try? ControlReply(decoding: bytes) else { return }
        let known = sources.firstIndex { $0.map { UTF8Text.equal($0.name, news.service) } ?? false }
        if let known, let source = sources[known] {
            // What is in the pipe was still written by the one before.
            if source.process != news.process { finish(source) }
            source.process = news.process
            source.limit.change(linesPerSecond: news.linesPerSecond, burst: news.burst)
        }
        guard let pipe = consume pipe else { return }
        let source = Source(news, pipe)
        if let known {
            source.limit = sources[known]?.limit ?? source.limit
            sources[known] = nil
        }
        let slot = known ?? sources.firstIndex { $0 == nil } ?? sources.count
        if slot == sources.count { sources.append(nil) }
        sources[slot] = source
        try epoll.add(source.pipe, tag: Self.tag(.service, slot), for: [.reading, .edge])
        resumeInterrupted(source)
    }

    /// Everything that the process wrote, its unfinished last line included.
    func finish(_ source: Source) {
        for _ in 0..<Self.pipeTurns {
            guard takeLines(source, takesRest: true) else { return }
        }
    }

    /// A pipe has 64 KiB by default.
    private static let pipeTurns = 64 * 1024 / readLimit

    /// One turn: copies what is in the pipe, makes records of its lines, and only then takes these lines out
    /// of the pipe. What has no end yet stays there, where no death of this process can reach it. false:
    /// nothing was there.
    @discardableResult
    func takeLines(_ source: Source, takesRest: Bool = false, exactly count: Int? = nil) -> Bool {
        source.hasMore = false
        let limit = count ?? Self.readLimit
        guard let bytes = peek(source, limit), !bytes.isEmpty else { return false }
        // Where the turn ends, the line goes on with the next one.
        let isAll = bytes.count < limit || count != nil
        let (lines, consumed) = LogLines.cut(bytes.span, takesRest: takesRest && isAll)
        source.hasMore = !isAll || takesRest
        if bytes.count - consumed != source.restCount {
            source.restCount = bytes.count - consumed
            source.restSince = Machine.bootTimeNanoseconds
            scheduleFlush()
        }
        guard consumed > 0 else { return false }
        progress.begin(source.name, bytes: consumed, ring: ring)
        for line in lines { store(bytes[line.range], line.isUnfinished, of: source) }
        ring.write()
        progress.consume(source.pipe, consumed)
        scheduleFlush()
        return true
    }

    /// nil: the pipe is at its end, which happens when PID 1 has dropped the service.
    private func peek(_ source: Source, _ limit: Int) -> [UInt8]? {
        do throws(SystemCallError) {
            guard let count = try source.pipe.tee(into: copy.writing, limit: limit) else { return nil }
            source.isClosed = count == 0
            return count == 0 ? [] : try copy.reading.read(upTo: count)
        } catch {
            return nil
        }
    }

    private func store(_ line: ArraySlice<UInt8>, _ isUnfinished: Bool, of source: Source) {
        let now = Machine.bootTimeNanoseconds
        noteDropped(&source.limit, source.nameBytes, now)
        guard source.limit.admit(nanoseconds: now) else { return }
        var (level, text) = LogRecord.Level.split(line)
        if let before = source.cutLevel { (level, text) = (before, line) }
        source.cutLevel = isUnfinished ? level : nil
        guard source.repeatedRecords == 0 else {
            source.repeatedRecords -= 1
            return
        }
        var head = self.head(now)
        head.process = source.process
        head.level = level
        head.isUnfinished = isUnfinished
        ring.append(head, service: source.nameBytes, text: LogText.clean(text))
    }

    /// A logger that died between writing records and taking their bytes out of the pipe, or between the one
    /// half and the other, left word of it.
    private func resumeInterrupted(_ source: Source) {
        guard let before = interrupted, UTF8Text.equal(before.service, source.name) else { return }
        interrupted = nil
        let left = Int(before.byteCount) - progress.interruptedConsumed
        guard left > 0 else { return }
        if progress.interruptedConsumed > 0 {
            // Its records were complete before the first byte went.
            progress.rest(ring: ring)
            return progress.consume(source.pipe, left)
        }
        source.repeatedRecords = ring.nextSequence - min(before.firstRecord, ring.nextSequence)
        takeLines(source, takesRest: true, exactly: left)
        source.repeatedRecords = 0
        source.hasMore = true
    }

    /// "N lines dropped", once there is room for it.
    func noteDropped(_ limit: inout RateLimit, _ service: [UInt8], _ now: UInt64) {
        guard let count = limit.takeDropped(nanoseconds: now) else { return }
        var head = self.head(now)
        head.level = .warning
        head.droppedLines = count
        let text = String(count) + " lines dropped: more than " + String(limit.linesPerSecond) + " per second"
        ring.append(head, service: service, text: Array(text.utf8)[...])
    }

    func head(_ now: UInt64) -> LogHead {
        var head = LogHead()
        head.unixNanoseconds = UInt64(max(0, WallClock.unixNanoseconds))
        head.bootNanoseconds = now
        head.boot = progress.now.boot
        return head
    }
}
