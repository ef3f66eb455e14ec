import LinuxSystem
import Slots
import Wire

/// Keeps the clock: first from the hardware clock, then from time servers, and the hardware clock from those.
///
///     amos-clockd [--allow-command-line] SERVER[:PORT]…
///
/// `AMOS_TIME_SERVER` replaces the servers; with `--allow-command-line` so does `amos.time-server=` on the
/// kernel command line. An answer is not authenticated, so nothing that outlasts the boot rests on it: a
/// floor that it could raise would let one forged answer keep every true one out.
@main
enum AmosClockd {
    /// A quartz loses about a second a day; an hour keeps the handset well within a second.
    static let pollMilliseconds: UInt64 = 3_600_000
    static let firstRetryMilliseconds: UInt64 = 1_000
    static let retryLimitMilliseconds: UInt64 = 512_000
    /// 2024: earlier than this software. No clock shows less, and no server may.
    static let oldestSeconds: Int64 = 1_704_067_200

    static func main() {
        startFromHardware()
        let servers = timeServers()
        guard !servers.isEmpty else {
            Output.say("amos-clockd: no time servers; the hardware clock has to do")
            while true { Machine.sleep(milliseconds: pollMilliseconds) }
        }
        var next = 0
        var retryMilliseconds = firstRetryMilliseconds
        while true {
            if synchronize(servers[next]) {
                retryMilliseconds = firstRetryMilliseconds
                Machine.sleep(milliseconds: pollMilliseconds)
            } else {
                // The next server at once, and a pause after each round.
                next = (next + 1) % servers.count
                guard next == 0 else { continue }
                Machine.sleep(milliseconds: retryMilliseconds)
                retryMilliseconds = min(retryMilliseconds * 2, retryLimitMilliseconds)
            }
        }
    }

    /// The kernel has set the clock from the hardware at boot if it could; an RTC driver that comes later is
    /// read here, and a clock that shows an impossible time is set to the oldest possible one.
    private static func startFromHardware() {
        var source = "rtc"
        var now = WallClock.unixNanoseconds / 1_000_000_000
        if now < oldestSeconds {
            now = WallClock.hardwareSeconds ?? 0
            if now < oldestSeconds { (now, source) = (oldestSeconds, "none") }
            guard set(now * 1_000_000_000) else { return }
        }
        announce(source, now)
    }

    private static func synchronize(_ server: TimeServer) -> Bool {
        do throws(TimeServer.Failure) {
            let time = try server.ask(floorSeconds: oldestSeconds)
            guard set(time) else { return false }
            let seconds = time / 1_000_000_000
            do throws(SystemCallError) {
                try WallClock.saveToHardware(unixSeconds: seconds)
            } catch  where error.code != SystemCallError.notFound {
                Output.say("amos-clockd: " + error.description)
            } catch {}
            announce("sntp", seconds)
            return true
        } catch {
            Output.say("amos-clockd: " + server.host + ": " + error.text)
            return false
        }
    }

    private static func set(_ unixNanoseconds: Int64) -> Bool {
        do throws(SystemCallError) {
            try WallClock.set(unixNanoseconds: unixNanoseconds)
            return true
        } catch {
            Output.say("amos-clockd: " + error.description)
            return false
        }
    }

    private static func announce(_ source: String, _ seconds: Int64) {
        let event = BootEvent.clock(source: source, unixSeconds: seconds)
        let line = String(decoding: event.line(nanoseconds: Machine.bootTimeNanoseconds), as: UTF8.self)
        ControlSocket.tell(ControlRequest(.announce, text: line).encode())
    }

    private static func timeServers() -> [TimeServer] {
        var servers: [TimeServer] = []
        var mayAskCommandLine = false
        for argument in ProcessArguments.read() {
            if argument.utf8.elementsEqual("--allow-command-line".utf8) {
                mayAskCommandLine = true
            } else {
                servers.append(TimeServer(Array(argument.utf8)))
            }
        }
        if let server = ProcessArguments.environment("AMOS_TIME_SERVER") {
            return [TimeServer(Array(server.utf8))]
        }
        if mayAskCommandLine, let line = contents(of: "/proc/cmdline", limit: 4096),
            let server = BootArguments.value(of: "amos.time-server=", in: line)
        {
            return [TimeServer(server)]
        }
        return servers
    }
}
