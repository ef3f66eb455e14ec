import LinuxSystem
import Wire

/// `amosctl start`, `stop` and `restart`: asks, and waits until it is done or has failed.
enum ServiceOperation {
    /// The exit status when the time was over.
    static let timedOut: Int32 = 3

    private enum Verdict { case goesOn, done, failed(String) }

    static func run(_ arguments: Arguments) throws(SystemCallError) {
        let client = try ControlClient(arguments)
        let request: ControlRequest.Command =
            switch arguments.command {
            case .start: .start
            case .stop: .stop
            default: .restart
            }
        try client.ask(ControlRequest(request, text: arguments.subject))
        try client.expectEnd()
        guard arguments.waits else { return Amosctl.write(arguments.subject + ": asked for\n") }
        let end = arguments.timeoutMilliseconds.map { Clock.monotonicMilliseconds + $0 }
        var last = ""
        while true {
            let now = Clock.monotonicMilliseconds
            guard let answer = try client.answer(within: end.map { $0 > now ? $0 - now : 0 }) else {
                let state = last.isEmpty ? "" : "; it is " + last
                Amosctl.fail(
                    "amosctl: not done within the time" + state + "; see `amosctl why " + arguments.subject
                        + "`", status: timedOut)
            }
            guard case .row(let row) = answer.reply else { ControlClient.unexpected() }
            last = row.state.name
            switch request == .stop ? stopping(row) : starting(row) {
            case .goesOn: continue
            case .done: return Amosctl.write(done(row) + "\n")
            case .failed(let why): Amosctl.fail("amosctl: " + why)
            }
        }
    }

    private static func starting(_ row: ServiceStatus) -> Verdict {
        switch row.state {
        case .ready, .done: .done
        case .failed, .stopped: .failed(row.name + " has not started: " + row.reason)
        // It died and will be tried again, or something that it requires is down.
        case .waiting where !row.reason.isEmpty: .failed(row.name + " is waiting: " + row.reason)
        case .waiting, .starting, .stopping: .goesOn
        }
    }

    private static func stopping(_ row: ServiceStatus) -> Verdict {
        row.state == .stopped || row.state == .failed ? .done : .goesOn
    }

    private static func done(_ row: ServiceStatus) -> String {
        let text = row.name + ": " + row.state.name
        if row.pid != 0 { return text + ", process " + String(row.pid) }
        return row.reason.isEmpty ? text : text + ", " + row.reason
    }
}
