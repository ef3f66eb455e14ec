import Emulator
import Foundation
import Testing

extension DeviceTests {
    /// Every command of the real adb, on a handset that was started once, and rebooted by it.
    @Suite struct Bridge {
        @Test func everyCommand() throws {
            let client = try AdbClient()
            defer { client.end() }
            let disk = try TestDisk(try Workshop.phone.get())
            let group = DispatchGroup()
            DispatchQueue.global().async(group: group) { Self.use(client) }
            let record = try disk.run(reachedBy: client) {
                $0.afterReset = .fail
                $0.goal = .untilPowerOff
                $0.timeoutSeconds = 600
            }
            group.wait()
            #expect("\(record.outcome)".contains("asked for: reboot"), "\(record.console.text.suffix(3000))")
        }

        private static func use(_ client: AdbClient) {
            #expect(client.connect())
            runCommands(client)
            moveFiles(client)
            readLog(client)
            forward(client)
            #expect(client.adb("install", client.folder + "/none.apk").status != 0)
            #expect(client.adb("uninstall", "org.example").text.contains("org.example is not installed"))
            // The end of this run: what comes back is the loader's business.
            #expect(client.adb("reboot").status == 0)
        }

        private static func runCommands(_ client: AdbClient) {
            #expect(client.adb("wait-for-device").status == 0)
            #expect(client.adb("shell", "id -u; exit 3").status == 3)
            #expect(client.adb("shell", "id -un").text == "shell\n")
            #expect(client.adb("shell", "grep CapBnd /proc/self/status").text.contains("0000000000000000"))
            #expect(client.adb("shell", "cat /proc/1/environ").status != 0)
            #expect(client.adb("shell", "-tt", "tty").text.contains("/dev/pts/"))
            #expect(client.adb("exec-out", "printf 'a\\r\\n'").bytes == Array("a\r\n".utf8))
            #expect(client.adb("root").status == 0)
            #expect(client.adb("shell", "id -u").text == "0\n")
            // Idle but for this: what the bridge itself costs.
            let kibibytes = client.adb(
                "shell", "awk '/^Private/ {n += $2} END {print n}' /proc/$(pidof amos-bridged)/smaps_rollup")
            let cost = Int(kibibytes.text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? .max
            #expect(cost < 2560, "\(kibibytes.text)")
            #expect(client.adb("shell", "amosctl bridge list").text.hasPrefix("allowed  "))
            #expect(client.adb("unroot").status == 0)
            #expect(client.adb("shell", "amosctl bridge list").status == 1)
        }

        private static func moveFiles(_ client: AdbClient) {
            let file = client.folder + "/file"
            _ = client.run(["sh", "-c", "head -c 200000000 /dev/urandom > \(file)"])
            let hash = client.sha256(file)
            #expect(client.adb("push", file, "/data/local/tmp/file").status == 0)
            #expect(client.adb("shell", "sha256sum /data/local/tmp/file").text.hasPrefix(hash))
            #expect(client.adb("pull", "/data/local/tmp/file", file + ".back").status == 0)
            #expect(client.sha256(file + ".back") == hash)
            #expect(client.adb("ls", "/data/local/tmp").text.contains("file"))
            #expect(client.adb("push", file, "/data/amos/stolen").status != 0)
            #expect(client.adb("shell", "rm /data/local/tmp/file; ls -A /data/local/tmp").text.isEmpty)
        }

        private static func readLog(_ client: AdbClient) {
            #expect(client.adb("logcat", "-d", "-b", "kernel").text.contains("Linux version"))
            let lines = client.adb("logcat", "-d", "-v", "brief").text.split(separator: "\n")
            #expect(lines.count > 1 && lines.dropFirst().allSatisfy { $0.contains("): ") })
            let json = client.adb("logcat", "-d", "-v", "json", "-t", "1").text
            let object = try? JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
            #expect(object?["service"] != nil, "\(json)")
            #expect(client.adb("logcat", "-d", "network:V", "*:S").text.contains("network"))
            #expect(client.adb("logcat", "-c").status == 0)
            #expect(!client.adb("logcat", "-d", "-b", "kernel").text.contains("Linux version"))
        }

        private static func forward(_ client: AdbClient) {
            let port = AdbClient.freePort()
            #expect(client.adb("forward", "tcp:\(port)", "tcp:7000").status == 0)
            #expect(client.adb("reverse", "tcp:7001", "tcp:\(port)").status == 0)
            // From the handset to this machine, and back into the handset.
            let text = client.adb(
                "shell",
                "(echo there and back | nc -l -p 7000 >/dev/null) & sleep 1; sleep 4 | nc 127.0.0.1 7001")
            #expect(text.text.contains("there and back"), "\(text.text)")
            #expect(client.adb("reverse", "--list").text.contains("tcp:7001 tcp:\(port)"))
        }
    }
}
