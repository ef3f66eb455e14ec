import LinuxSystem
import Transfer
import Wire

/// The transfer service: the one process that speaks HTTP to the outside, for those who ask.
///
///     amos-fetchd [--authorities FILE] [--proxy [USER:PASSWORD@]HOST:PORT] [--no-proxy NAME,…]
///                 [--user ID]… [--run DIR] [--listen] [--patience MILLISECONDS]
///
///     program ──▶ /run/amos/ipc/fetchd ──▶ FetchMachine ──▶ libwebsockets ──▶ network
///             ◀── frames of the body ◀────      │
///                                               ╰─▶ a child process that looks names up
///
/// PID 1 passes the socket (LISTEN_FDS); `--listen` makes one in the run directory instead. Root, this
/// program's own user and those that `--user` names may ask. `--patience` is for tests: pauses and time-outs
/// that are this long.
///
/// It must never open a file for whoever asks, or write one; deliver a byte beyond what was asked for, or one
/// of a file that changed in between; believe a server that the authorities do not vouch for; follow https to
/// http; keep more of a body in memory than its two buffers; or wait for a name, a server or a client while
/// others have something to do.
@main
enum AmosFetchd {
    static func main() {
        var options = Options()
        guard options.parse(ProcessArguments.read()) else {
            Output.say("<3>amos-fetchd: wrong arguments; they stand at the top of AmosFetchd.swift")
            ChildProcess.exit(2)
        }
        do throws(SystemCallError) {
            try FetchService(options).run()
        } catch {
            Output.say("<3>amos-fetchd: " + error.description)
            ChildProcess.exit(1)
        }
        ChildProcess.exit(0)
    }
}

struct Options {
    var authorities = "/etc/ssl/certs/ca-certificates.crt"
    var proxy: ProxySettings?
    var users: [UInt32] = []
    var runDirectory = "/run/amos"
    var listens = false
    var limits = FetchLimits()

    mutating func parse(_ arguments: [String]) -> Bool {
        var rest = arguments[...]
        var (proxy, direct) = ("", "")
        while let name = rest.popFirst() {
            if UTF8Text.equal(name, "--listen") {
                listens = true
                continue
            }
            guard let value = rest.popFirst() else { return false }
            if UTF8Text.equal(name, "--authorities") {
                authorities = value
            } else if UTF8Text.equal(name, "--proxy") {
                proxy = value
            } else if UTF8Text.equal(name, "--no-proxy") {
                direct = value
            } else if UTF8Text.equal(name, "--run") {
                runDirectory = value
            } else if UTF8Text.equal(name, "--user"), let user = UInt32(value) {
                users.append(user)
            } else if UTF8Text.equal(name, "--patience"), let milliseconds = UInt64(value) {
                limits.setPatience(milliseconds)
            } else {
                return false
            }
        }
        guard !proxy.utf8.isEmpty else { return true }
        self.proxy = ProxySettings(proxy, except: direct)
        return self.proxy != nil
    }
}

extension FetchLimits {
    mutating func setPatience(_ milliseconds: UInt64) {
        (connect, answer, stall) = (milliseconds, milliseconds, milliseconds)
        (firstPause, pauseLimit) = (milliseconds / 10, milliseconds)
    }
}
