import LinuxSystem
import Wire

/// Talks to PID 1 and the logger. It decides nothing: who may do what is PID 1's business.
@main
enum Amosctl {
    static let usage = """
        usage: amosctl status [SERVICE] [--json]        what runs, since when, and why not
               amosctl log [--service NAME] [--lines N] [-f] [--json]
               amosctl start|stop|restart SERVICE
               amosctl events                           one JSON line per event, until interrupted
               amosctl poweroff | reboot
               amosctl factory-reset --yes              erases everything on data, then restarts
        """

    static func main() {
        var arguments = Arguments()
        guard arguments.parse(ProcessArguments.read()) else { fail(usage, status: 2) }
        do throws(SystemCallError) {
            try run(arguments)
        } catch {
            fail("amosctl: " + hint(error))
        }
    }

    private static func run(_ arguments: Arguments) throws(SystemCallError) {
        let name = arguments.service
        switch arguments.command {
        case .status: try StatusTable.print(arguments)
        case .log: try LogPrinter.run(arguments)
        case .events: try printEvents(arguments)
        case .start: try command(.start, arguments, done: name + ": start asked for")
        case .stop: try command(.stop, arguments, done: name + ": stop asked for")
        case .restart: try command(.restart, arguments, done: name + ": restart asked for")
        case .powerOff: try command(.powerOff, arguments, done: "powering off")
        case .reboot: try command(.reboot, arguments, done: "restarting")
        case .factoryReset:
            guard arguments.isSure else {
                fail(
                    "amosctl: this erases everything on data; if you mean it: `amosctl factory-reset --yes`"
                )
            }
            try command(.factoryReset, arguments, done: "restarting to erase data")
        }
    }

    private static func command(
        _ command: ControlRequest.Command, _ arguments: Arguments, done: String
    ) throws(SystemCallError) {
        let socket = try LocalSocket(connectingTo: arguments.runDirectory + "/control.sock")
        _ = try socket.send(ControlRequest(command, text: arguments.service).encode(), waiting: true)
        switch try receive(socket) {
        case .end: write(done + "\n")
        case .refused(let reason): fail("amosctl: " + reason)
        default: fail("amosctl: no answer from PID 1; is the handset shutting down?")
        }
    }

    private static func printEvents(_ arguments: Arguments) throws(SystemCallError) {
        let socket = try LocalSocket(connectingTo: arguments.runDirectory + "/control.sock")
        _ = try socket.send(ControlRequest(.events).encode(), waiting: true)
        while case .event(let line)? = try receive(socket) { write(line) }
        fail("amosctl: PID 1 has closed the connection; this reader was too slow or the handset goes down")
    }

    /// nil: the other side has gone, or speaks another version.
    static func receive(_ socket: borrowing LocalSocket) throws(SystemCallError) -> ControlReply? {
        guard let packet = try socket.receive(limit: ControlReply.limit) else { return nil }
        return try? ControlReply(decoding: packet.bytes)
    }

    static func write(_ text: String) { write(Array(text.utf8)) }

    static func write(_ bytes: [UInt8]) {
        let stream = FileDescriptor(owning: 1)
        let written: ()? = try? stream.write(bytes)
        _ = stream.release()
        // The reader of a pipe has gone (`amosctl log | head`): there is nobody to tell.
        if written == nil { ChildProcess.exit(0) }
    }

    static func fail(_ text: String, status: Int32 = 1) -> Never {
        let stream = FileDescriptor(owning: 2)
        try? stream.write(Array((text + "\n").utf8))
        _ = stream.release()
        ChildProcess.exit(status)
    }

    private static func hint(_ error: SystemCallError) -> String {
        if error.code == SystemCallError.notFound || error.code == SystemCallError.refused {
            return error.description + "; is the service behind it running? (`amosctl status`, as root)"
        }
        return error.description
    }
}
