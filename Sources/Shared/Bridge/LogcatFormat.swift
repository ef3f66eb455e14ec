import Wire

/// Lines of `logcat`, as Android's writes them.
public enum LogcatFormat {
    /// With its newline.
    public static func append(
        _ record: LogRecord, _ format: LogcatArguments.Format, to bytes: inout [UInt8]
    ) {
        let priority = LogcatArguments.Priority(record.head.level).letter
        let process = record.head.process
        switch format {
        case .json:
            bytes.append(contentsOf: record.json)
            bytes.append(0x0a)
            return
        case .threadTime:
            appendTime(record.head.unixNanoseconds, to: &bytes)
            append(process, width: 6, to: &bytes)
            append(process, width: 6, to: &bytes)
            bytes.append(contentsOf: [0x20, priority, 0x20])
            appendTag(record.service, to: &bytes)
            bytes.append(contentsOf: ": ".utf8)
        case .time:
            appendTime(record.head.unixNanoseconds, to: &bytes)
            bytes.append(contentsOf: [0x20, priority, 0x2f])
            appendTag(record.service, to: &bytes)
            appendProcess(process, to: &bytes)
        case .brief:
            bytes.append(contentsOf: [priority, 0x2f])
            appendTag(record.service, to: &bytes)
            appendProcess(process, to: &bytes)
        case .tag:
            bytes.append(contentsOf: [priority, 0x2f])
            appendTag(record.service, to: &bytes)
            bytes.append(contentsOf: ": ".utf8)
        case .raw: break
        }
        // Whatever a service printed must not steer the developer's terminal.
        LogText.appendVisible(record.text, to: &bytes)
        bytes.append(0x0a)
    }

    /// What `logcat` writes before the first line.
    public static func beginning(_ buffers: LogcatArguments.Buffers) -> [UInt8] {
        let name = buffers == .kernel ? "kernel" : "main"
        return Array(("--------- beginning of " + name + "\n").utf8)
    }

    /// Records are missing here.
    public static func gap(_ count: UInt64, _ format: LogcatArguments.Format) -> [UInt8] {
        format == .json
            ? Array(("{\"missing\":" + String(count) + "}\n").utf8)
            : Array(("--------- " + String(count) + " records are missing here\n").utf8)
    }

    /// `MM-DD HH:MM:SS.mmm`, UTC: the handset has no time zone.
    private static func appendTime(_ nanoseconds: UInt64, to bytes: inout [UInt8]) {
        // 2026-11-20T10:00:00.123456Z
        let text = Array(UTCTime(unixNanoseconds: nanoseconds).text.utf8)
        guard text.count >= 23 else { return bytes.append(contentsOf: text) }
        bytes.append(contentsOf: text[5..<10])
        bytes.append(0x20)
        bytes.append(contentsOf: text[11..<23])
    }

    private static func appendTag(_ tag: String, to bytes: inout [UInt8]) {
        LogText.appendVisible(tag, to: &bytes)
        for _ in tag.utf8.count..<max(8, tag.utf8.count) { bytes.append(0x20) }
    }

    private static func appendProcess(_ process: Int32, to bytes: inout [UInt8]) {
        bytes.append(0x28)
        append(process, width: 5, to: &bytes)
        bytes.append(contentsOf: "): ".utf8)
    }

    private static func append(_ number: Int32, width: Int, to bytes: inout [UInt8]) {
        let digits = Array(String(number).utf8)
        for _ in digits.count..<max(width, digits.count) { bytes.append(0x20) }
        bytes.append(contentsOf: digits)
    }
}
