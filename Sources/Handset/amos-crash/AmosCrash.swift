import LinuxSystem
import Wire

/// The kernel's core dump helper (core(5)): `amos-crash PID SIGNAL TIME EXECUTABLE`, the dump on standard
/// input.
///
/// It keeps a short report and never the dump itself: memory holds secrets, and `data` is small. It runs as
/// root on input that the dying program has shaped, so every offset in it is checked (`CoreDump`).
@main
enum AmosCrash {
    static let folder = "/data/amos/crash"

    static func main() {
        let arguments = ProcessArguments.read()
        guard arguments.count >= 4 else {
            Output.say("amos-crash: called by the kernel with PID SIGNAL TIME EXECUTABLE")
            return
        }
        let process = Int32(truncatingIfNeeded: Decimal.number(arguments[0]) ?? 0)
        let signal = Int32(truncatingIfNeeded: Decimal.number(arguments[1]) ?? 0)
        // The kernel writes the path with '!' for '/'.
        let program = String(
            decoding: arguments[3].utf8.map { $0 == UInt8(ascii: "!") ? UInt8(ascii: "/") : $0 },
            as: UTF8.self)
        let service = serviceName(process)
        let report = CrashReport(
            program: program, service: service, processID: process, signal: signal,
            unixSeconds: Int64(clamping: Decimal.number(arguments[2]) ?? 0), core: readCore(),
            logLines: LogTail.lines(of: service, limit: CrashReport.logLineLimit))
        keep(report)
        let event = BootEvent.crash(program: program, signal: signal)
        let line = String(decoding: event.line(nanoseconds: Machine.bootTimeNanoseconds), as: UTF8.self)
        ControlSocket.tell(ControlRequest(.announce, text: line).encode())
    }

    /// The beginning of the dump, where the notes are; the kernel stops writing when nobody reads on.
    private static func readCore() -> CoreDump? {
        let input = FileDescriptor(owning: 0)
        do throws(SystemCallError) {
            let start = try input.readToEnd(limit: CoreDump.readLimit)
            do throws(WireError) { return try CoreDump(start: start) } catch { return nil }
        } catch {
            return nil
        }
    }

    /// The last component of the process's cgroup: PID 1 gives every service its own.
    private static func serviceName(_ process: Int32) -> String {
        guard let text = contents(of: "/proc/" + String(process) + "/cgroup", limit: 4096) else { return "" }
        let line = text.prefix { $0 != UInt8(ascii: "\n") }
        guard let slash = line.lastIndex(of: UInt8(ascii: "/")) else { return "" }
        return String(decoding: line[(slash + 1)...], as: UTF8.self)
    }

    private static func keep(_ report: CrashReport) {
        do throws(SystemCallError) {
            try Directory.make("/data/amos")
            try Directory.make(folder, permissions: 0o750)
            let names = try Directory.names(in: folder)
            for name in names.prefix(max(0, names.count - CrashReport.reportLimit + 1)) {
                try Directory.unlink(folder + "/" + String(decoding: name, as: UTF8.self))
            }
            try Directory.replaceFile(folder + "/" + report.fileName, with: report.text, permissions: 0o640)
        } catch {
            Output.say("amos-crash: " + error.description)
        }
    }
}
