import LinuxSystem
import Wire

/// `amosctl status`.
enum StatusTable {
    static func print(_ arguments: Arguments) throws(SystemCallError) {
        let rows = try fetch(arguments)
        guard arguments.service.isEmpty || !rows.isEmpty else {
            Amosctl.fail(
                "amosctl: there is no service '" + arguments.service + "'; `amosctl status` lists them")
        }
        if arguments.isJSON { return Amosctl.write(json(rows)) }
        let cells = [["SERVICE", "STATE", "PID", "RESTARTS", "SINCE", "REASON"]] + rows.map(cells)
        Amosctl.write(table(cells))
    }

    private static func fetch(_ arguments: Arguments) throws(SystemCallError) -> [ServiceStatus] {
        let socket = try LocalSocket(connectingTo: arguments.runDirectory + "/control.sock")
        _ = try socket.send(ControlRequest(.status).encode(), waiting: true)
        var rows: [ServiceStatus] = []
        while true {
            switch try Amosctl.receive(socket) {
            case .row(let row):
                if arguments.service.isEmpty || UTF8Text.equal(row.name, arguments.service) {
                    rows.append(row)
                }
            case .end: return rows
            case .refused(let reason): Amosctl.fail("amosctl: " + reason)
            default: Amosctl.fail("amosctl: PID 1 broke off its answer")
            }
        }
    }

    private static func cells(_ row: ServiceStatus) -> [String] {
        let seconds = row.sinceMilliseconds / 1000
        let thousandths = String(row.sinceMilliseconds % 1000)
        let padded = String(repeating: "0", count: 3 - thousandths.utf8.count) + thousandths
        return [
            row.name, row.state.name, row.pid == 0 ? "-" : String(row.pid), String(row.restarts),
            String(seconds) + "." + padded + " s", row.reason,
        ]
    }

    /// Columns as wide as their widest cell; the last one is not padded.
    private static func table(_ rows: [[String]]) -> [UInt8] {
        var widths = [Int](repeating: 0, count: 6)
        for row in rows {
            for (column, cell) in row.enumerated() { widths[column] = max(widths[column], cell.utf8.count) }
        }
        var text: [UInt8] = []
        for row in rows {
            for (column, cell) in row.enumerated() {
                text.append(contentsOf: cell.utf8)
                guard column < row.count - 1 else { continue }
                text.append(contentsOf: repeatElement(0x20, count: widths[column] + 2 - cell.utf8.count))
            }
            while text.last == 0x20 { text.removeLast() }
            text.append(0x0a)
        }
        return text
    }

    private static func json(_ rows: [ServiceStatus]) -> [UInt8] {
        var json = JSONWriter()
        json.beginArray()
        for row in rows {
            json.beginObject()
            json.field("name", row.name)
            json.field("state", row.state.name)
            json.field("pid", row.pid)
            json.field("restarts", row.restarts)
            json.field("since_ms", row.sinceMilliseconds)
            json.field("reason", row.reason)
            json.endObject()
        }
        json.endArray()
        return json.bytes + [0x0a]
    }
}
