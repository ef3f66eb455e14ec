/// What is kept of a crash: text for people, sorted so that the cause comes first.
public struct CrashReport: Sendable {
    /// One report; the newest `reportLimit` are kept, so crashes take a megabyte of `data` at most.
    public static let byteLimit = 64 * 1024
    public static let reportLimit = 16
    public static let logLineLimit = 40

    public var program: String
    public var service: String
    public var processID: Int32
    public var signal: Int32
    public var unixSeconds: Int64
    /// nil: the dump could not be read.
    public var core: CoreDump?
    public var logLines: [String]

    public init(
        program: String, service: String, processID: Int32, signal: Int32, unixSeconds: Int64,
        core: CoreDump?, logLines: [String]
    ) {
        self.program = program
        self.service = service
        self.processID = processID
        self.signal = signal
        self.unixSeconds = unixSeconds
        self.core = core
        self.logLines = logLines
    }

    public var text: [UInt8] {
        var lines = "program " + program + "\n"
        if !service.utf8.isEmpty { lines += "service " + service + "\n" }
        lines += "process " + String(processID) + "\nsignal " + String(signal) + " " + Self.name(signal)
        if let core, core.signalCode != 0 { lines += " code " + String(core.signalCode) }
        if let address = core?.faultAddress { lines += " address " + Self.hex(address) }
        lines += "\ntime " + String(unixSeconds) + "\n"
        if let core {
            lines += "registers\n"
            for register in core.registers { lines += line(register, core) }
        } else {
            lines += "the dump could not be read\n"
        }
        if !logLines.isEmpty { lines += "log\n" }
        for line in logLines.suffix(Self.logLineLimit) { lines += "  " + line + "\n" }
        return Array(lines.utf8.prefix(Self.byteLimit))
    }

    /// Names that sort by time: seconds in twelve digits, then the process.
    public var fileName: String {
        let digits = String(max(0, unixSeconds))
        return String(repeating: "0", count: max(0, 12 - digits.utf8.count)) + digits + "-"
            + String(processID) + ".txt"
    }

    private func line(_ register: CoreDump.Register, _ core: CoreDump) -> String {
        let text = "  " + register.name + " " + Self.hex(register.value)
        guard let place = core.location(of: register.value) else { return text + "\n" }
        return text + " " + place.path + "+" + Self.hex(place.offset) + "\n"
    }

    static func hex(_ value: UInt64) -> String { "0x" + String(value, radix: 16) }

    static func name(_ signal: Int32) -> String {
        switch signal {
        case 3: "SIGQUIT"
        case 4: "SIGILL"
        case 5: "SIGTRAP"
        case 6: "SIGABRT"
        case 7: "SIGBUS"
        case 8: "SIGFPE"
        case 11: "SIGSEGV"
        case 24: "SIGXCPU"
        case 25: "SIGXFSZ"
        case 31: "SIGSYS"
        default: "signal"
        }
    }
}
