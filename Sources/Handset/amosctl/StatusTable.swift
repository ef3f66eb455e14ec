import LinuxSystem
import Wire

/// `amosctl status`: one line per service.
enum StatusTable {
    static func print(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        let about = try client.about()
        let rows = try client.rows()
        if arguments.isJSON { return Amosctl.write(json(rows, about)) }
        let now = Clock.monotonicMilliseconds
        var cells = [["SERVICE", "STATE", "PID", "SINCE", "RESTARTS", "MEMORY", "STATUS"]]
        for row in rows { cells.append(self.cells(row, about, now)) }
        let note = about.cgroupRoot.isEmpty ? "\n" + withoutGroups + "\n" : ""
        Amosctl.write(TextFormat.table(cells, numbers: [2, 3, 4, 5]) + Array(note.utf8))
    }

    private static let withoutGroups =
        "There is no cgroup v2 here: services run without limits of memory, processes and processor, and what"
        + "\nthey leave behind is found by its session and environment."

    /// By what PID 1 knows which processes are a service's.
    static func holder(_ about: SupervisionStatus) -> String {
        about.cgroupRoot.isEmpty ? "session and environment" : "cgroup"
    }

    private static func cells(_ row: ServiceStatus, _ about: SupervisionStatus, _ now: UInt64) -> [String] {
        let usage = ServiceUsage(of: row, about)
        let isKnown = row.pid != 0 && usage.memoryBytes != nil
        return [
            row.name, row.state.name, row.pid == 0 ? "-" : String(row.pid), ago(row.sinceMilliseconds, now),
            String(row.restarts), isKnown ? TextFormat.bytes(usage.memoryBytes ?? 0) : "-",
            remark(row, now),
        ]
    }

    static func ago(_ moment: UInt64, _ now: UInt64) -> String {
        TextFormat.duration(milliseconds: now - min(now, moment))
    }

    /// Why it is so, or what the service says about itself.
    static func remark(_ row: ServiceStatus, _ now: UInt64) -> String {
        if row.reason.isEmpty { return row.note }
        guard row.nextStartMilliseconds > now else { return row.reason }
        return row.reason + "; next start in "
            + TextFormat.duration(
                milliseconds: row.nextStartMilliseconds - now)
    }

    private static func json(_ rows: [ServiceStatus], _ about: SupervisionStatus) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for row in rows { write(row, about, to: &json) }
        json.endArray()
        return json.bytes + [0x0a]
    }

    static func write(_ row: ServiceStatus, _ about: SupervisionStatus, to json: inout JSONWriter) {
        let usage = ServiceUsage(of: row, about)
        json.beginObject()
        json.field("name", row.name)
        json.field("state", row.state.name)
        json.field("pid", row.pid)
        json.field("restarts", row.restarts)
        json.field("since_ms", row.sinceMilliseconds)
        if row.nextStartMilliseconds > 0 { json.field("next_start_ms", row.nextStartMilliseconds) }
        switch row.lastEnd {
        case .never: break
        case .exited(let code): json.field("last_exit_status", code)
        case .killed(let signal): json.field("last_signal", signal)
        }
        if row.lastEndMilliseconds > 0 { json.field("last_end_ms", row.lastEndMilliseconds) }
        if let bytes = usage.memoryBytes { json.field("memory_bytes", bytes) }
        if let time = usage.processorMicroseconds { json.field("cpu_us", time) }
        json.field("held_by", holder(about))
        json.field("reason", row.reason)
        json.field("note", row.note)
        json.endObject()
    }
}
