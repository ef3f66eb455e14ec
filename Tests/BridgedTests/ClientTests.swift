import Foundation
import Testing

/// The real adb against the real daemon.
@Suite struct ClientTests {
    private func withBridge(
        _ options: [String] = [], trustsKey: Bool = true, _ body: (RunningBridge) throws -> Void
    ) throws {
        let bridge = try RunningBridge(options, trustsKey: trustsKey)
        defer { bridge.end() }
        try body(bridge)
        #expect(bridge.isAlive, "\(bridge.log)")
    }

    private func connected(
        _ options: [String] = [], _ body: (RunningBridge) throws -> Void
    ) throws {
        try withBridge(options) { bridge in
            let outcome = bridge.connect()
            #expect(outcome.output.hasPrefix("connected to"), "\(outcome.output) \(bridge.log)")
            try body(bridge)
        }
    }

    @Test func runsCommands() throws {
        try connected { bridge in
            let devices = bridge.run("adb", ["devices", "-l"], bridge.environment("home")).output
            #expect(devices.contains("device product:test model:Test device:test"), "\(devices)")
            #expect(bridge.adb(["get-state"]).output == "device\n")
            #expect(bridge.adb(["wait-for-device"]).status == 0)
            let shell = bridge.adb(["shell", "echo out; echo err >&2; exit 7"])
            #expect(shell.status == 7 && shell.output == "out\n" && shell.errors == "err\n")
            #expect(bridge.adb(["exec-out", "printf 'a\\r\\n\\0b'"]).bytes == Array("a\r\n\0b".utf8))
            let input = bridge.run(
                "adb", ["-s", "127.0.0.1:\(bridge.port)", "shell", "wc -c"], bridge.environment("home"),
                input: [UInt8](repeating: 0x61, count: 300_000))
            #expect(input.output == "300000\n")
            #expect(bridge.adb(["shell", "kill -9 $$"]).status == 137)
            let long = bridge.adb(["shell", "head -c 5000000 /dev/zero | tr '\\0' x"])
            #expect(long.bytes.count == 5_000_000 && long.bytes.allSatisfy { $0 == 0x78 })
        }
    }

    /// In a terminal of 33 by 77; what is typed is echoed, and Ctrl-D ends it.
    @Test func opensTerminals() throws {
        try connected { bridge in
            let command =
                "stty rows 33 cols 77; adb -s 127.0.0.1:\(bridge.port) shell -t "
                + "'until stty size | grep -q 77; do sleep 0.1; done; tty; stty size; exit 5'; "
                + "echo status $?"
            let outcome = bridge.run("script", ["-qec", command, "/dev/null"], bridge.environment("home"))
            #expect(
                outcome.output.contains("/dev/pts/") && outcome.output.contains("33 77"), "\(outcome.output)")
            #expect(outcome.output.contains("status 5"))
            let forced = bridge.run(
                "adb", ["-s", "127.0.0.1:\(bridge.port)", "shell", "-tt"], bridge.environment("home"),
                input: Array("echo $((40+2))\nexit 4\n".utf8))
            #expect(forced.status == 4 && forced.output.contains("42"), "\(forced.output)")
        }
    }

    @Test func nobodyIsRootUnlessAsked() throws {
        try connected { bridge in
            let isRoot = getuid() == 0
            let user = isRoot ? "65534" : "\(getuid())"
            #expect(bridge.adb(["shell", "id -u"]).output == user + "\n")
            #expect(bridge.adb(["root"]).status == 0)
            if isRoot {
                #expect(bridge.adb(["shell", "id -u"]).output == "0\n")
                #expect(bridge.adb(["unroot"]).output.contains("from now on"))
                #expect(bridge.adb(["shell", "id -u"]).output == "65534\n")
                let private_ = bridge.folder + "/private"
                _ = FileManager.default.createFile(
                    atPath: private_, contents: Data("x".utf8), attributes: [.posixPermissions: 0o600])
                #expect(bridge.adb(["pull", private_, bridge.unused("stolen")]).status != 0)
                let status = "/proc/\(bridge.processID)/status"
                let text = try String(contentsOfFile: status, encoding: .utf8)
                #expect(text.contains("CapEff:\t0000000000000000"), "\(text)")
            }
        }
    }

    /// 200 MB there and back, folders, names, times, permissions.
    @Test func movesFiles() throws {
        try connected { bridge in
            let big = bridge.unused("big")
            _ = bridge.run(
                "sh", ["-c", "head -c 200000000 /dev/urandom > \(big); touch -d @1700000000 \(big)"])
            let hash = bridge.sha256(big)
            #expect(bridge.adb(["push", big, bridge.files + "/big"]).status == 0)
            #expect(bridge.sha256(bridge.files + "/big") == hash)
            let back = bridge.unused("back")
            #expect(bridge.adb(["pull", "-a", bridge.files + "/big", back]).status == 0)
            #expect(bridge.sha256(back) == hash)
            #expect(bridge.run("stat", ["-c", "%Y", back]).output == "1700000000\n")
            let tree = bridge.unused("tree")
            _ = bridge.run(
                "sh", ["-c", "mkdir -p \(tree)/a/b; cd \(tree); seq 500 | split -l 1 - a/b/f; : > e"])
            #expect(bridge.adb(["push", tree, bridge.files + "/new/deep"]).status == 0)
            #expect(bridge.run("diff", ["-r", tree, bridge.files + "/new/deep"]).status == 0)
            let list = bridge.adb(["ls", bridge.files + "/new/deep/a/b"]).output
            #expect(list.split(separator: "\n").count == 500)
            let missing = bridge.adb(["pull", bridge.files + "/none", back])
            #expect((missing.output + missing.errors).contains("No such file"))
            #expect(bridge.adb(["push", big, "/proc/none/x"]).status != 0)
            #expect(bridge.adb(["shell", "echo still here"]).output == "still here\n")
        }
    }

    @Test func forwardsBothWays() throws {
        try connected { bridge in
            let serve =
                "import socket,threading\ns=socket.socket()\ns.bind(('127.0.0.1',%d))\ns.listen()\n"
                + "c,_=s.accept()\nd=b''\nwhile len(d)<1000000:\n d+=c.recv(65536)\n"
                + "c.sendall(d[::-1])\nc.close()\n"
            let ask =
                "import socket,os\nc=socket.create_connection(('127.0.0.1',%d))\nd=os.urandom(1000000)\n"
                + "import threading\nthreading.Thread(target=lambda:c.sendall(d)).start()\ng=b''\n"
                + "while True:\n p=c.recv(65536)\n if not p: break\n g+=p\nassert g==d[::-1]\nprint('same')\n"
            for isReverse in [false, true] {
                let (server, client) = (RunningBridge.freePort(), RunningBridge.freePort())
                let arguments = [isReverse ? "reverse" : "forward", "tcp:\(client)", "tcp:\(server)"]
                #expect(bridge.adb(arguments).status == 0)
                let process = Process()
                process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
                process.arguments = ["timeout", "60", "python3", "-c", String(format: serve, server)]
                try process.run()
                let isServing = bridge.wait {
                    bridge.run("sh", ["-c", "grep -qi ':\(String(server, radix: 16)) ' /proc/net/tcp"]).status
                        == 0
                }
                #expect(isServing)
                #expect(bridge.run("python3", ["-c", String(format: ask, client)]).output == "same\n")
                process.waitUntilExit()
                let list = bridge.adb([arguments[0], "--list"]).output
                #expect(list.contains("tcp:\(client) tcp:\(server)"), "\(list)")
                #expect(bridge.adb([arguments[0], "--remove", "tcp:\(client)"]).status == 0)
            }
            let chosen = bridge.adb(["reverse", "tcp:0", "tcp:1"]).output
            #expect(Int(chosen.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0 > 0)
        }
    }

    /// Without a package service the client is told so, and nothing else breaks.
    @Test func saysThatNothingInstalls() throws {
        try connected { bridge in
            let package = try bridge.write([UInt8](repeating: 1, count: 3_000_000), "x") + ".apk"
            try Data([UInt8](repeating: 1, count: 3_000_000)).write(to: URL(fileURLWithPath: package))
            let install = bridge.adb(["install", package])
            #expect((install.output + install.errors).contains("Failure [no package service]"))
            #expect(bridge.adb(["uninstall", "org.example"]).output.contains("Failure [no package service]"))
            #expect(
                bridge.adb(["sideload", package]).status != 0 || bridge.log.contains("sideload: Failure"))
            #expect(bridge.adb(["logcat", "-d"]).output.contains("the log cannot be read"))
        }
    }

    @Test func confinesUserImages() throws {
        try withBridge(["--policy", "user", "--developer-mode"]) { bridge in
            // The emulator's key does not count here: the owner's word does.
            _ = bridge.connect()
            #expect(bridge.wait { bridge.log.contains("a developer wants in") })
            #expect(allowFirst(bridge) == 0)
            #expect(bridge.wait { bridge.connect().output.contains("connected") && isOnline(bridge) })
            let shell = bridge.adb(["shell", "id"])
            #expect(shell.status == 1 && shell.errors.contains("no shell"), "\(shell)")
            #expect(bridge.adb(["root"]).output.contains("cannot run as root"))
            #expect(bridge.adb(["pull", "/etc/passwd", bridge.unused("p")]).status != 0)
            let file = try bridge.write([1, 2, 3], "own")
            #expect(bridge.adb(["push", file, "/own"]).status == 0)
            #expect(bridge.adb(["pull", "/own", bridge.unused("p")]).status == 0)
            #expect(bridge.adb(["push", file, "/../escaped"]).status != 0)
        }
    }

    private func allowFirst(_ bridge: RunningBridge) -> Int32 {
        let control = RunningBridge.programs + "/amosctl"
        let list = bridge.run(control, ["--run", bridge.folder + "/run", "bridge", "list"]).output
        guard let match = list.firstMatch(of: /waits +([0-9a-f]{64})/) else { return -1 }
        let fingerprint = String(match.1.prefix(8))
        return bridge.run(control, ["--run", bridge.folder + "/run", "bridge", "allow", fingerprint]).status
    }

    private func isOnline(_ bridge: RunningBridge) -> Bool { bridge.adb(["get-state"]).output == "device\n" }

    @Test func unknownKeysWaitForTheOwner() throws {
        try withBridge(trustsKey: false) { bridge in
            _ = bridge.connect()
            #expect(bridge.wait { bridge.log.contains("a developer wants in") })
            #expect(!isOnline(bridge))
            let key = bridge.folder + "/home/.android/adbkey.pub"
            let digest = bridge.run(
                "sh", ["-c", "cut -d' ' -f1 \(key) | base64 -d | sha256sum | cut -c1-64"]
            ).output.trimmingCharacters(in: .whitespacesAndNewlines)
            let control = RunningBridge.programs + "/amosctl"
            let run = ["--run", bridge.folder + "/run", "bridge"]
            #expect(bridge.run(control, run + ["list"]).output.contains("waits    \(digest)"))
            #expect(bridge.run(control, run + ["allow", "00000000"]).errors.contains("no key waits"))
            #expect(bridge.run(control, run + ["allow", String(digest.prefix(10))]).status == 0)
            #expect(bridge.wait { bridge.connect().output.contains("connected") && isOnline(bridge) })
            #expect(bridge.adb(["shell", "echo in"]).output == "in\n")
            #expect(bridge.run(control, run + ["deny", digest]).status == 0)
            #expect(bridge.wait { !isOnline(bridge) })
            let kept = try String(contentsOfFile: bridge.folder + "/data/adb_keys", encoding: .utf8)
            #expect(kept.isEmpty)
        }
    }
}
