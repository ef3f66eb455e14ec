import Emulator
import Foundation
import FoundationXML
import HostSystem
import Testing

extension DeviceTests {
    /// What amosctl can do on a handset that it cannot on the build machine.
    @Suite struct Control {
        private static let commands = [
            "amosctl status --json",
            // PID 1 itself, twice.
            "amosctl exec-self && amosctl exec-self",
            "amosctl status --json",
            // A program that would be the end of PID 1.
            "amosctl exec-self /bin/busybox",
            "amosctl reload",
            "amosctl chart",
            "amosctl blame --json",
            "amosctl top --json",
            "amosctl why clock",
            "amosctl restart clock",
            "amosctl status clock",
            "ls /sys/fs/cgroup/amos",
        ]

        @Test func everythingGoesOn() throws {
            let disk = try TestDisk(try Workshop.phone.get())
            let script = ConsoleScript([Self.commands])
            let record = try disk.run { $0.perform(script, thenPowerOff: true) }
            #expect(record.outcome == .poweredOff, "\(record.console.text.suffix(3000))")
            let answers = script.answers()
            try #require(answers.count == Self.commands.count)
            #expect(answers[1].status == 0, "\(answers[1].text)")
            let before = try Self.rows(answers[0])
            let after = try Self.rows(answers[2])
            #expect(!before.isEmpty && Self.processes(before) == Self.processes(after))
            #expect(after.allSatisfy { ($0["memory_bytes"] as? Int ?? 0) > 0 || $0["pid"] as? Int == 0 })
            #expect(answers[3].status == 1 && answers[3].text.contains("cannot take over"))
            #expect(answers[4].text == "\(before.count) services are as before", "\(answers[4].text)")
            try Self.checkChart(answers[5].text)
            // One that waits for somebody to need it has taken no time.
            let started = before.filter { ["ready", "done"].contains($0["state"] as? String) }
            #expect(try started.count > 3 && Self.rows(answers[6]).count >= started.count)
            #expect(try !Self.rows(answers[7]).isEmpty)
            #expect(answers[8].text.hasPrefix("clock is ready, for "))
            #expect(answers[9].status == 0 && answers[10].text.contains("runs        /usr/"))
            #expect(answers[11].text.contains("clock"))
            // The event port went along, and the end is as orderly as any.
            let events = record.boots[0].events.map(\.event)
            #expect(events.filter { $0 == .stage(name: "init-resumed") }.count == 2)
            #expect(events.contains(.unmounted(path: "/data")))
        }

        private static func rows(_ answer: ConsoleScript.Answer) throws -> [[String: Any]] {
            try JSONSerialization.jsonObject(with: Data(answer.text.utf8)) as? [[String: Any]] ?? []
        }

        private static func processes(_ rows: [[String: Any]]) -> [String] {
            rows.map { "\($0["name"] ?? "") \($0["pid"] ?? "") \($0["since_ms"] ?? "")" }
        }

        /// It begins with the kernel, which PID 1 knows of through stage 1 only.
        private static func checkChart(_ svg: String) throws {
            let document = try XMLDocument(xmlString: svg)
            let texts = try document.nodes(forXPath: "//*[local-name()='text']").compactMap(\.stringValue)
            for name in ["kernel", "stage 1", "ext4", "shell", "ready", "what ready waited for"] {
                #expect(texts.contains(name), "\(name)")
            }
            // From the kernel through stage 1, its modules and mounts to the services that health names.
            let bold = try document.nodes(forXPath: "//*[local-name()='text'][@font-weight='bold']")
                .compactMap(\.stringValue)
            for name in ["kernel", "stage 1", "ext4", "mount /data (ext4)"] {
                #expect(bold.contains(name), "\(name) in \(bold)")
            }
            #expect(bold.contains("logd") || bold.contains("network"), "\(bold)")
        }
    }
}
