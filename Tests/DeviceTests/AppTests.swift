import Foundation
import Testing

extension DeviceTests {
    /// An app runs: as whom, on what, and what becomes of its data.
    @Suite struct Apps {
        private static let id = "com.example.probe"

        @Test func anAppRunsByItselfAndKeepsItsData() throws {
            let client = try AdbClient()
            defer { client.end() }
            let packages = try (1...2).map { code in
                try client.pack(Self.id, version: "1.\(code).0", code: code) {
                    try Self.script.write(toFile: $0, atomically: true, encoding: .utf8)
                }
            }
            try client.session(on: try TestDisk(try Workshop.phone.get())) {
                #expect(client.adb("install", packages[0]).text.contains("Success"))
                Self.confinement(client)
                Self.data(client, packages[1])
                Self.seals(client)
            }
        }

        /// A script says what an app sees.
        private static let script = """
            #!/usr/bin/sh
            echo "user $(id -u):$(id -g)"
            echo "arguments $*"
            grep -E '^(CapPrm|CapBnd|NoNewPrivs)' /proc/self/status
            for place in /etc /run /run/app /usr /dev /sys /var; do
                echo x 2>/dev/null > $place/probe && echo "wrote into $place"
            done
            echo "run: $(ls /run)"
            echo "data: $(ls -a /data | tr '\\n' ' ')"
            echo "interfaces: $(tail -n +3 /proc/net/dev | cut -d: -f1)"
            echo line >> /data/log
            echo "lines $(wc -l < /data/log)"
            exit 7

            """

        private static func run(_ client: AdbClient, _ arguments: String = "") -> AdbClient.Answer {
            client.adb("shell", "amosctl pkg run \(id) \(arguments)")
        }

        private static func confinement(_ client: AdbClient) {
            let folder = client.adb("shell", "ls -ldn /data/amos/apps/\(id)/1").text
            #expect(folder.hasPrefix("drwx------") && folder.contains(" 100000 "), "\(folder)")
            let answer = run(client, "--json 'a b'")
            #expect(answer.status == 7, "\(answer.text)")
            for line in [
                "user 100000:100000\n", "arguments --json a b\n", "CapPrm:\t0000000000000000\n",
                "CapBnd:\t0000000000000000\n", "NoNewPrivs:\t1\n", "run: app\n", "data: . .. \n", "lines 1\n",
            ] { #expect(answer.text.contains(line), "\(line): \(answer.text)") }
            #expect(!answer.text.contains("wrote into"), "\(answer.text)")
            let interfaces = answer.text.split(separator: "\n").first { $0.hasPrefix("interfaces:") }
            #expect(interfaces?.hasSuffix(" lo") == true, "\(answer.text)")
            // What it mounts is its own business.
            #expect(!client.adb("shell", "cat /proc/mounts").text.contains("/run/app"))
            #expect(client.adb("shell", "amosctl pkg run org.not.here").text.contains("is not installed"))
        }

        private static func data(_ client: AdbClient, _ upgrade: String) {
            #expect(client.adb("install", upgrade).text.contains("Success"))
            #expect(run(client).text.contains("lines 2\n"))
            let back = client.adb("shell", "amosctl pkg rollback")
            #expect(back.text == "downgraded \(id) 1.2.0 → 1.1.0\n", "\(back.text)")
            // As it was before the upgrade, and one more.
            #expect(run(client).text.contains("lines 2\n"))
        }

        /// The same bytes, in files that are not sealed.
        private static func seals(_ client: AdbClient) {
            let copy = "for f in *; do cp $f /data/copy && rm $f && mv /data/copy $f; done"
            #expect(client.adb("shell", "cd /data/amos/packages/payloads && \(copy)").status == 0)
            let refused = run(client)
            #expect(refused.status == 1 && refused.text.contains("measure"), "\(refused.text)")
            #expect(client.adb("shell", "amosctl pkg verify").status == 1)
            let repair = client.adb("shell", "amosctl pkg repair")
            #expect(repair.status == 0 && repair.text.contains("sealed again"), "\(repair.text)")
            #expect(run(client).status == 7)
            #expect(client.adb("uninstall", id).text.contains("Success"))
            #expect(client.adb("shell", "ls /data/amos/apps").text == "")
        }
    }
}
