import LinuxSystem
import Wire

/// `amosctl log`.
enum LogPrinter {
    static func run(_ arguments: Arguments) throws(SystemCallError) {
        let socket = try LocalSocket(connectingTo: arguments.runDirectory + "/log.sock")
        let request = LogRequest(
            follow: arguments.isFollowing, lines: arguments.lines ?? 50,
            service: arguments.service.isEmpty ? arguments.subject : arguments.service)
        _ = try socket.send(request.encode(), waiting: true)
        while let packet = try socket.receive(limit: LogRequest.replyLimit), !packet.bytes.isEmpty {
            if packet.bytes == LogRequest.endOfStored {
                if arguments.isFollowing { continue }
                return
            }
            guard let (record, _) = LogSegment.record(at: 0, in: packet.bytes.span) else {
                Amosctl.fail("amosctl: the logger sent something else than a record; restart it")
            }
            Amosctl.write(arguments.isJSON ? record.json + [0x0a] : line(record))
        }
        Amosctl.fail("amosctl: the logger has gone")
    }

    /// `   12.345678 logd warning: text`, with the time since the kernel started.
    private static func line(_ record: LogRecord) -> [UInt8] {
        let microseconds = String(record.bootNanoseconds / 1000 % 1_000_000)
        let seconds = String(record.bootNanoseconds / 1_000_000_000)
        var text = String(repeating: " ", count: max(0, 5 - seconds.utf8.count)) + seconds + "."
        text += String(repeating: "0", count: 6 - microseconds.utf8.count) + microseconds
        text += " " + record.service
        if record.level.rawValue < LogRecord.Level.notice.rawValue { text += " " + record.level.name }
        return Array((text + ": " + record.text + "\n").utf8)
    }
}
