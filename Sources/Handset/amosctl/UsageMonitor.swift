import LinuxSystem
import Wire

/// `amosctl top`: what the services use, live on a terminal, once into a pipe.
struct UsageMonitor {
    /// Shorter, and a service's 10 ms ticks would show as steps.
    private static let intervalMilliseconds: UInt64 = 1_000

    private struct Sample {
        var rows: [ServiceStatus]
        var usages: [ServiceUsage]
        var milliseconds: UInt64
    }

    private struct Line {
        var name: String
        var pid: Int32
        /// Tenths of a percent of one processor.
        var processor: UInt64
        var usage: ServiceUsage
        var readPerSecond: UInt64
        var writtenPerSecond: UInt64
    }

    static func run(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        let about = try client.about()
        let isLive = Terminal.isAt(0) && Terminal.isAt(1) && !arguments.isJSON
        var before = try sample(client, about)
        if isLive {
            Terminal.setKeyMode(true)
            Amosctl.write("\u{1b}[?1049h\u{1b}[?25l")
        }
        defer { leaveScreen() }
        repeat {
            if try !pause(isLive) { return }
            let now = try sample(client, about)
            let lines = lines(before, now)
            before = now
            if arguments.isJSON { return Amosctl.write(json(lines)) }
            let room = isLive && Terminal.rows > 4 ? Terminal.rows - 3 : lines.count
            let shown = min(lines.count, min(Int(arguments.lines ?? .max), room))
            let table = table(lines.prefix(shown))
            Amosctl.write(isLive ? screen(table, lines.count) : table)
        } while isLive
    }

    /// The terminal as it was; nothing where it has not been changed. Whoever ends the program calls it.
    static func leaveScreen() {
        guard Terminal.isInKeyMode else { return }
        Terminal.setKeyMode(false)
        Amosctl.write("\u{1b}[?25h\u{1b}[?1049l")
    }

    /// Whether to go on.
    private static func pause(_ isLive: Bool) throws(SystemCallError) -> Bool {
        guard isLive else {
            Machine.sleep(milliseconds: intervalMilliseconds)
            return true
        }
        let keys = FileDescriptor(owning: 0)
        let goesOn = try pause(keys)
        _ = keys.release()
        return goesOn
    }

    private static func pause(_ keys: borrowing FileDescriptor) throws(SystemCallError) -> Bool {
        let end = Clock.monotonicMilliseconds + intervalMilliseconds
        while true {
            let now = Clock.monotonicMilliseconds
            guard now < end, try keys.waitUntilReadable(milliseconds: end - now) else { return true }
            let typed = try keys.read(upTo: 16)
            // q, Ctrl-C, or the terminal has gone.
            if typed.isEmpty || typed.contains(UInt8(ascii: "q")) || typed.contains(3) { return false }
        }
    }

    private static func sample(
        _ client: borrowing ControlClient, _ about: SupervisionStatus
    ) throws(SystemCallError) -> Sample {
        let rows = try client.rows().filter { $0.pid != 0 }
        return Sample(
            rows: rows, usages: rows.map { ServiceUsage(of: $0, about) },
            milliseconds: Clock.monotonicMilliseconds)
    }

    private static func lines(_ before: Sample, _ now: Sample) -> [Line] {
        let passed = max(1, now.milliseconds - before.milliseconds)
        var lines: [Line] = []
        for (index, row) in now.rows.enumerated() {
            let usage = now.usages[index]
            let old = before.rows.firstIndex { UTF8Text.equal($0.name, row.name) }.map { before.usages[$0] }
            // A new process counts from its own beginning.
            func grown(_ new: UInt64?, _ old: UInt64?) -> UInt64 {
                guard let new, let old, new >= old else { return 0 }
                return new - old
            }
            lines.append(
                Line(
                    name: row.name, pid: row.pid,
                    processor: grown(usage.processorMicroseconds, old?.processorMicroseconds) / passed,
                    usage: usage, readPerSecond: grown(usage.readBytes, old?.readBytes) * 1000 / passed,
                    writtenPerSecond: grown(usage.writtenBytes, old?.writtenBytes) * 1000 / passed))
        }
        lines.sort { one, other in
            if one.processor != other.processor { return one.processor > other.processor }
            return (one.usage.memoryBytes ?? 0) > (other.usage.memoryBytes ?? 0)
        }
        return lines
    }

    private static func table(_ lines: ArraySlice<Line>) -> [UInt8] {
        var rows = [["SERVICE", "PID", "CPU", "MEMORY", "READ/S", "WRITE/S"]]
        for line in lines {
            let (memory, knowsIO) = (line.usage.memoryBytes, line.usage.readBytes != nil)
            rows.append([
                line.name, String(line.pid), TextFormat.decimal(line.processor, places: 1) + " %",
                memory.map(TextFormat.bytes) ?? "-", knowsIO ? TextFormat.bytes(line.readPerSecond) : "-",
                knowsIO ? TextFormat.bytes(line.writtenPerSecond) : "-",
            ])
        }
        return TextFormat.table(rows, numbers: [1, 2, 3, 4, 5])
    }

    /// From the top left corner, each line cleared to its end: nothing flickers.
    private static func screen(_ table: [UInt8], _ count: Int) -> [UInt8] {
        var text = Array(("\u{1b}[H" + String(count) + " services run; q quits\u{1b}[K\r\n\u{1b}[K\r\n").utf8)
        for byte in table {
            if byte == 0x0a { text.append(contentsOf: "\u{1b}[K\r".utf8) }
            text.append(byte)
        }
        if text.last == 0x0a { text.removeLast(2) }
        return text + Array("\u{1b}[J".utf8)
    }

    private static func json(_ lines: [Line]) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for line in lines {
            json.beginObject()
            json.field("name", line.name)
            json.field("pid", line.pid)
            json.field("cpu_permille", line.processor)
            if let bytes = line.usage.memoryBytes { json.field("memory_bytes", bytes) }
            if let time = line.usage.processorMicroseconds { json.field("cpu_us", time) }
            if let bytes = line.usage.readBytes { json.field("read_bytes", bytes) }
            if let bytes = line.usage.writtenBytes { json.field("written_bytes", bytes) }
            json.endObject()
        }
        json.endArray()
        return json.bytes + [0x0a]
    }
}
