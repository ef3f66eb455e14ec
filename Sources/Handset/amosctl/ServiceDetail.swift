import LinuxSystem
import Services
import Wire

/// `amosctl status SERVICE` and `amosctl why SERVICE`.
enum ServiceDetail {
    /// Enough to see how it ended; `amosctl log` has the rest.
    private static let logLines: UInt32 = 5

    static func explain(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        let rows = try client.rows(arguments.subject)
        guard let row = rows.first else { ControlClient.unexpected() }
        try client.ask(ControlRequest(.explain, text: row.name))
        guard case .explanation(let why) = try client.next() else { ControlClient.unexpected() }
        Amosctl.write(headline(row) + "\n" + (why.isEmpty ? "" : why + "\n"))
    }

    /// `logd is ready, for 3 min 20 s (since 12.3 s after the start)`
    private static func headline(_ row: ServiceStatus) -> String {
        row.name + " is " + row.state.name + ", for "
            + StatusTable.ago(row.sinceMilliseconds, Clock.monotonicMilliseconds) + " (since "
            + TextFormat.duration(milliseconds: row.sinceMilliseconds) + " after the start of the machine)"
    }

    static func print(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        let about = try client.about()
        guard let row = try client.rows(arguments.subject).first else { ControlClient.unexpected() }
        if arguments.isJSON {
            var json = JSONWriter()
            json.beginArray()
            StatusTable.write(row, about, to: &json)
            json.endArray()
            return Amosctl.write(json.bytes + [0x0a])
        }
        let plan = try client.plan()
        guard let index = plan.index(of: row.name) else { ControlClient.unexpected() }
        var lines = [headline(row)]
        lines += state(row) + usage(ServiceUsage(of: row, about), row)
        if about.cgroupRoot.isEmpty {
            lines += line("held by", StatusTable.holder(about) + " (no cgroup v2)")
        }
        lines += definition(plan.services[index])
        var text = ""
        for line in lines { text += line + "\n" }
        let log = LogPrinter.newest(logLines, of: row.name, arguments.runDirectory)
        Amosctl.write(Array(text.utf8) + (log.isEmpty ? [] : [0x0a] + log))
    }

    private static func line(_ label: String, _ value: String) -> [String] {
        value.isEmpty
            ? [] : ["  " + label + String(repeating: " ", count: max(1, 12 - label.utf8.count)) + value]
    }

    private static func state(_ row: ServiceStatus) -> [String] {
        let now = Clock.monotonicMilliseconds
        let end =
            switch row.lastEnd {
            case .never: ""
            case .exited(let code): "exit status " + String(code)
            case .killed(let signal): "signal " + String(signal)
            }
        return line("why", StatusTable.remark(row, now)) + line("says", row.note)
            + line("process", row.pid == 0 ? "" : String(row.pid))
            + line("restarts", row.restarts == 0 ? "" : String(row.restarts))
            + line(
                "last end",
                end.isEmpty ? "" : end + ", " + StatusTable.ago(row.lastEndMilliseconds, now) + " ago")
    }

    private static func usage(_ usage: ServiceUsage, _ row: ServiceStatus) -> [String] {
        guard row.pid != 0 else { return [] }
        let time = usage.processorMicroseconds.map { TextFormat.duration(milliseconds: $0 / 1000) }
        var lines = line("memory", usage.memoryBytes.map(TextFormat.bytes) ?? "")
        lines += line("processor", time ?? "")
        lines += line("processes", usage.processes.map { String($0) } ?? "")
        if let read = usage.readBytes, let written = usage.writtenBytes {
            lines += line("I/O", TextFormat.bytes(read) + " read, " + TextFormat.bytes(written) + " written")
        }
        return lines
    }

    private static func definition(_ service: ServiceDefinition) -> [String] {
        var command = service.program
        for argument in service.arguments { command += " " + argument }
        var lines = line("runs", command)
        lines += line("user", service.userID == 0 ? "" : String(service.userID))
        lines += line("requires", list(service.requires)) + line("milestones", list(service.milestones))
        lines += line("wants", list(service.wants)) + line("after", list(service.after))
        lines += line("conflicts", list(service.conflicts))
        for socket in service.sockets { lines += line("socket", socket.name + " at " + address(socket)) }
        let limit = service.resources.memoryMaxBytes
        return lines + line("memory max", limit == 0 ? "" : TextFormat.bytes(limit))
    }

    private static func list(_ names: [String]) -> String {
        var text = ""
        for name in names { text += (text.isEmpty ? "" : ", ") + name }
        return text
    }

    private static func address(_ socket: ListeningSocket) -> String {
        guard case .internet(let bytes, let port) = socket.address else {
            if case .unix(let path) = socket.address { return path }
            return ""
        }
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if bytes.count == 4 {
                text += (index == 0 ? "" : ".") + String(byte)
            } else {
                let digits = String(byte, radix: 16)
                text += (index % 2 == 0 && index > 0 ? ":" : "") + (byte < 16 ? "0" : "") + digits
            }
        }
        return (bytes.count == 4 ? text : "[" + text + "]") + ":" + String(port)
    }
}
