import Bridge
import LinuxSystem

/// The device bridge: lets a developer's own `adb` in, once the owner has allowed its key.
///
///     amos-bridged [--policy dev|user] [--developer-mode] [--data DIR] [--run DIR] [--shell PROGRAM]
///                  [--home DIR] [--user ID] [--group ID] [--product NAME] [--model NAME] [--port N]
///                  [--trust FILE] [--idle SECONDS]
///
/// PID 1 passes its sockets (LISTEN_FDS): `adb` for clients, `control` for `amosctl bridge`. `--port` is for
/// running it without PID 1, on loopback.
///
/// It must never let a peer reach anything before AUTH but a token, a signature check and a waiting list; run
/// a program, open a file or a socket for a peer as root unless the image is a developer's and the peer asked
/// for it; keep more of a peer than `BridgeLimits` says; wait for a peer; sign anything; or listen on another
/// address than the one it was given.
@main
enum AmosBridged {
    static func main() {
        var options = Options()
        guard options.parse(ProcessArguments.read()) else {
            Output.say("<3>amos-bridged: wrong arguments; they stand at the top of AmosBridged.swift")
            ChildProcess.exit(2)
        }
        do throws(SystemCallError) {
            let bridge = try BridgeLoop(options)
            try bridge.run()
        } catch {
            Output.say("<3>amos-bridged: " + error.description)
            ChildProcess.exit(1)
        }
        ChildProcess.exit(0)
    }
}

struct Options {
    var policy = BridgePolicy(.dev)
    var dataDirectory = "/data/amos/bridge"
    var runDirectory = "/run/amos"
    var shell = "/usr/bin/sh"
    /// Also where developers put files.
    var home = "/data/local/tmp"
    /// Who shells and file transfers are.
    var user: UInt32 = 2000
    var group: UInt32 = 2000
    /// As PID 1 has named the handset.
    var product = Options.hostname
    var model = Options.hostname
    /// nil: sockets come from PID 1.
    var port: UInt16?
    /// A key that the emulator hands over; believed by `dev` policies only.
    var trustedKeyFile = "/sys/firmware/qemu_fw_cfg/by_name/opt/amos/adbkey/raw"
    /// Without connections for this long, it ends; the next connection starts it again.
    var idleMilliseconds: UInt64 = 60_000

    private static var hostname: String {
        let text = contents(of: "/proc/sys/kernel/hostname", limit: 64) ?? []
        return String(decoding: text.prefix { $0 != 0x0a }, as: UTF8.self)
    }

    mutating func parse(_ arguments: [String]) -> Bool {
        var isUser = false
        var isDeveloperMode = false
        var rest = arguments[...]
        while let name = rest.popFirst() {
            if UTF8.same(name, "--developer-mode") {
                isDeveloperMode = true
                continue
            }
            guard let value = rest.popFirst() else { return false }
            if UTF8.same(name, "--policy") {
                guard UTF8.same(value, "dev") || UTF8.same(value, "user") else { return false }
                isUser = UTF8.same(value, "user")
            } else if !take(name, value) {
                return false
            }
        }
        if isUser { policy = BridgePolicy(.user(isDeveloperMode: isDeveloperMode)) }
        return true
    }

    private mutating func take(_ name: String, _ value: String) -> Bool {
        if UTF8.same(name, "--data") {
            dataDirectory = value
        } else if UTF8.same(name, "--run") {
            runDirectory = value
        } else if UTF8.same(name, "--shell") {
            shell = value
        } else if UTF8.same(name, "--home") {
            home = value
        } else if UTF8.same(name, "--product") {
            product = value
        } else if UTF8.same(name, "--model") {
            model = value
        } else if UTF8.same(name, "--trust") {
            trustedKeyFile = value
        } else {
            guard let number = Decimal.number(Array(value.utf8)[...]), number < 1 << 31 else { return false }
            return take(name, number)
        }
        return true
    }

    private mutating func take(_ name: String, _ number: UInt64) -> Bool {
        if UTF8.same(name, "--user") {
            user = UInt32(number)
        } else if UTF8.same(name, "--group") {
            group = UInt32(number)
        } else if UTF8.same(name, "--port") {
            port = UInt16(truncatingIfNeeded: number)
        } else if UTF8.same(name, "--idle") {
            idleMilliseconds = number * 1000
        } else {
            return false
        }
        return true
    }
}

extension UTF8 {
    /// Comparing strings as such would bring the Unicode tables in.
    static func same(_ left: String, _ right: String) -> Bool { left.utf8.elementsEqual(right.utf8) }
}
