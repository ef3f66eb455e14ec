import LinuxSystem
import Wire

/// `amosctl log`.
enum LogPrinter {
    static func run(_ common: Arguments) throws(SystemCallError) {
        let arguments = common.log
        let hasColours =
            !arguments.isJSON && Terminal.isAt(1) && ProcessArguments.environment("NO_COLOR") == nil
        let socket = try connect(common.runDirectory + "/log.sock")
        do throws(SystemCallError) {
            _ = try socket.send(arguments.request.encode(), waiting: true)
        } catch  where error.code == SystemCallError.brokenPipe {
            // Turned away; why stands in the answer.
        }
        while let packet = try receive(socket), !packet.bytes.isEmpty {
            switch try? LogReply(decoding: packet.bytes) {
            case .record(let record):
                Amosctl.write(arguments.isJSON ? record.json + [0x0a] : line(record, hasColours))
            case .gap(let count): Amosctl.write(gap(count, arguments.isJSON))
            case .endOfStored: if !arguments.request.follow { return }
            case .refused(let reason): Amosctl.fail("amosctl: " + reason)
            case nil: Amosctl.fail("amosctl: the answer is not understood; amosctl and amos-logd differ")
            }
        }
        Amosctl.fail("amosctl: the logger has gone; `amosctl status logd` says why")
    }

    private static func connect(_ path: String) throws(SystemCallError) -> LocalSocket {
        do throws(SystemCallError) {
            return try LocalSocket(connectingTo: path)
        } catch  where error.code == SystemCallError.accessDenied {
            Amosctl.fail("amosctl: only root may read the log")
        }
    }

    /// Who was turned away before the request had been read is told of that first, and then why.
    private static func receive(
        _ socket: borrowing LocalSocket
    ) throws(SystemCallError) -> LocalSocket.Packet? {
        do throws(SystemCallError) {
            return try socket.receive(limit: LogReply.limit)
        } catch  where error.code == SystemCallError.connectionReset {
            return try socket.receive(limit: LogReply.limit)
        }
    }

    /// The last lines of one service, for its status; nothing where there is no logger, or not for this user.
    static func newest(_ count: UInt32, of service: String, _ runDirectory: String) -> [UInt8] {
        var request = LogRequest()
        (request.lines, request.services) = (count, [service])
        guard let socket = try? LocalSocket(connectingTo: runDirectory + "/log.sock"),
            (try? socket.send(request.encode(), waiting: true)) == true
        else { return [] }
        var text: [UInt8] = []
        // A logger that hangs must not keep a status from being seen.
        while (try? socket.descriptor.waitUntilReadable(milliseconds: 1_000)) == true,
            let packet = try? socket.receive(limit: LogReply.limit), !packet.bytes.isEmpty,
            case .record(let record)? = try? LogReply(decoding: packet.bytes)
        {
            text += line(record, false)
        }
        return text
    }

    /// `2026-11-20T10:00:00.123456Z clock[71] warning: text`
    private static func line(_ record: LogRecord, _ hasColours: Bool) -> [UInt8] {
        let head = record.head
        var text = UTCTime(unixNanoseconds: head.unixNanoseconds).text + " " + record.service
        if head.process > 0 { text += "[" + String(head.process) + "]" }
        if head.level.rawValue < LogRecord.Level.notice.rawValue { text += " " + head.level.name }
        var bytes = Array((text + ": ").utf8)
        let colour = hasColours ? colour(head.level) : ""
        bytes.append(contentsOf: colour.utf8)
        LogText.appendVisible(record.text, to: &bytes)
        if head.isUnfinished { bytes.append(contentsOf: "…".utf8) }
        if !colour.isEmpty { bytes.append(contentsOf: "\u{1b}[0m".utf8) }
        bytes.append(0x0a)
        return bytes
    }

    private static func colour(_ level: LogRecord.Level) -> String {
        switch level {
        case .emergency, .alert, .critical, .error: "\u{1b}[31m"
        case .warning: "\u{1b}[33m"
        case .notice: "\u{1b}[1m"
        case .information: ""
        case .debug: "\u{1b}[2m"
        }
    }

    private static func gap(_ count: UInt64, _ isJSON: Bool) -> [UInt8] {
        guard isJSON else {
            return Array(
                ("-- " + String(count) + " records are missing here: overwritten before they could be read, "
                    + "or damaged\n").utf8)
        }
        var json = JSONWriter()
        json.beginObject()
        json.field("missing", count)
        json.endObject()
        return json.bytes + [0x0a]
    }
}
