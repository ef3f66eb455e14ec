import LinuxSystem
import Wire

/// Talks to PID 1, the logger and the package service. It decides nothing: who may do what is their business.
@main
enum Amosctl {
    static func main() {
        var arguments = Arguments()
        switch arguments.parse(ProcessArguments.read()) {
        case .run: break
        case .help: return write((arguments.command.map(Help.text) ?? Help.overview) + "\n")
        case .wrong(let what):
            let help = arguments.command.map { "amosctl " + $0.name + " --help" } ?? "amosctl --help"
            fail("amosctl: " + what + "; see `" + help + "`", status: 2)
        }
        do throws(SystemCallError) {
            try run(arguments)
        } catch {
            fail("amosctl: " + hint(error))
        }
    }

    private static func run(_ arguments: Arguments) throws(SystemCallError) {
        switch arguments.command {
        case .status, nil:
            if arguments.subject.isEmpty {
                try StatusTable.print(arguments)
            } else {
                try ServiceDetail.print(arguments)
            }
        case .log: try LogPrinter.run(arguments)
        case .why: try ServiceDetail.explain(arguments)
        case .tree: try DependencyTree.print(arguments)
        case .events: try EventPrinter.run(arguments)
        case .start, .stop, .restart: try ServiceOperation.run(arguments)
        case .powerOff: try command(.powerOff, arguments, done: "powering off")
        case .reboot: try command(.reboot, arguments, done: "restarting")
        case .factoryReset:
            guard arguments.isSure else {
                fail(
                    "amosctl: this erases everything on data; if you mean it: `amosctl factory-reset --yes`"
                )
            }
            try command(.factoryReset, arguments, done: "restarting to erase data")
        case .reload: try ReloadCommand.run(arguments)
        case .execSelf: try handOver(arguments)
        case .blame: try BootAnalysis.blame(arguments)
        case .chart: try BootAnalysis.chart(arguments)
        case .top: try UsageMonitor.run(arguments)
        case .bridge: try BridgeCommand.run(arguments)
        case .pkg: try PackageCommand.run(arguments)
        case .developerMode: try PackageCommand.developerMode(arguments)
        }
    }

    private static func command(
        _ command: ControlRequest.Command, _ arguments: Arguments, done: String
    ) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        try client.ask(ControlRequest(command))
        try client.expectEnd()
        write(done + "\n")
    }

    private static func handOver(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        let before = try client.about()
        try client.ask(ControlRequest(.execSelf, text: arguments.subject))
        // From the new image, by the same connection.
        try client.expectEnd()
        let after = try client.about()
        guard after.handovers == before.handovers &+ 1, after.pid == before.pid else {
            fail("amosctl: process " + String(after.pid) + " answers, and it is not the one that was asked")
        }
        write("process " + String(after.pid) + " goes on as a new program\n")
    }

    static func write(_ text: String) { write(Array(text.utf8)) }

    static func write(_ bytes: [UInt8]) {
        let stream = FileDescriptor(owning: 1)
        let written: ()? = try? stream.write(bytes)
        _ = stream.release()
        // The reader of a pipe has gone (`amosctl log | head`): there is nobody to tell.
        if written == nil {
            UsageMonitor.leaveScreen()
            ChildProcess.exit(0)
        }
    }

    static func fail(_ text: String, status: Int32 = 1) -> Never {
        // No `defer` of a caller is run any more.
        UsageMonitor.leaveScreen()
        complain(text)
        ChildProcess.exit(status)
    }

    static func complain(_ text: String) { Output.complain(text + "\n") }

    private static func hint(_ error: SystemCallError) -> String {
        if error.code == SystemCallError.notFound || error.code == SystemCallError.refused {
            return error.description + "; is the service behind it running? (`amosctl status`, as root)"
        }
        return error.description
    }
}
