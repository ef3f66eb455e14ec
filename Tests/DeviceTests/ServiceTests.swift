import Emulator
import Foundation
import HostSystem
import Testing

extension DeviceTests {
    /// PID 1 and its services, seen from the shell of one boot.
    @Suite struct Services {
        private static let commands = [
            // Every service, as a table and as JSON.
            "amosctl status",
            "amosctl status --json",
            // Killed twice: restarted, the second time later.
            "kill -9 $(pidof amos-clockd); sleep 2; amosctl status clock --json",
            "kill -9 $(pidof amos-clockd); sleep 3; amosctl status clock --json",
            // A stopped one stays stopped.
            "amosctl stop clock; sleep 1; pidof amos-clockd; amosctl status clock --json",
            "amosctl start clock; sleep 1; amosctl status clock --json",
            "amosctl start nonsense",
            // Its parent has gone; PID 1 reaps it: no zombie is left.
            "sh -c '(sleep 1; exit 3) & exit 0'; sleep 3; ps -o pid,stat,comm | grep ' Z'",
            // A program that crashes leaves a report.
            "sh -c 'kill -SEGV $$'; sleep 2; cat /data/amos/crash/*.txt",
            "amosctl log --lines 200",
            "amosctl log --service clock --lines 5",
            // The system cannot be written to, and data has no devices and no set-user-ID programs.
            "touch /usr/x",
            "grep ' /data ' /proc/mounts",
            // Nothing can be written any more: the logger says so once, and does not log its own complaint.
            "echo u > /proc/sysrq-trigger; sleep 3; echo; dmesg | grep -c 'amos-logd: '",
            // What is shipped gave up what it does not need.
            "grep -E '^(NoNewPrivs|Seccomp|CapBnd):' /proc/$(pidof amos-clockd)/status",
            "grep -E '^(NoNewPrivs|Seccomp|CapBnd):' /proc/$(pidof amos-logd)/status",
            "grep -E ' /data ' /proc/$(pidof amos-clockd)/mounts",
        ]

        /// CAP_SYS_TIME is 25, CAP_SYSLOG 34 (linux/capability.h); 2 is a seccomp filter.
        private static func checkConfinement(_ answers: [ConsoleScript.Answer]) {
            for (answer, capability) in [(answers[14].text, UInt64(1) << 25), (answers[15].text, 1 << 34)] {
                let set = String(capability, radix: 16)
                #expect(answer.contains("0\(set)") && answer.contains("NoNewPrivs:\t1"), "\(answer)")
                #expect(answer.contains("Seccomp:\t2"), "\(answer)")
            }
            // The last mount is the one that is seen: an empty one that cannot be entered.
            let mounts = answers[16].text.split(separator: "\n")
            #expect(mounts.last?.contains("mode=000") == true, "\(mounts)")
        }

        @Test func theyAreSupervised() throws {
            let disk = try TestDisk(try Workshop.phone.get())
            let script = ConsoleScript([Self.commands])
            let record = try disk.run { $0.perform(script, thenPowerOff: true) }
            #expect(record.outcome == .poweredOff, "\(record.console.text.suffix(3000))")
            let answers = script.answers()
            try #require(answers.count == Self.commands.count)
            try Self.checkRestarts(answers)
            Self.checkReports(answers, record)
            Self.checkConfinement(answers)
            #expect(answers[11].status != 0 && answers[11].text.contains("Read-only"))
            #expect(answers[12].text.contains("nosuid") && answers[12].text.contains("nodev"))
            #expect(answers[13].text.hasSuffix("\n1"), "\(answers[13].text)")
            #expect(
                record.boots[0].events.contains { $0.event == .unmounted(path: "/data") })
            let data = try disk.extract("data")
            defer { unlink(data) }
            let facts = try Tool("dumpe2fs", package: "e2fsprogs").check(["-h", data]).text
            #expect(!facts.contains("needs_recovery"), "nothing to replay after an ordered end")
            try Tool("e2fsck", package: "e2fsprogs").check(["-fn", data])
        }

        private struct Status: Decodable {
            var name: String
            var state: String
            var pid: Int
            var restarts: Int
        }

        private static func status(_ answer: ConsoleScript.Answer) throws -> [Status] {
            try JSONDecoder().decode([Status].self, from: Data(answer.text.utf8))
        }

        private static func checkRestarts(_ answers: [ConsoleScript.Answer]) throws {
            let all = try status(answers[1])
            let planned = try Workshop.phone.get().device.services.map(\.definition.name)
            #expect(planned.contains("shell") && all.map(\.name).sorted() == planned.sorted())
            for service in all { #expect(answers[0].text.contains(service.name)) }
            let before = try #require(all.first { $0.name == "clock" })
            let once = try #require(try status(answers[2]).first)
            let twice = try #require(try status(answers[3]).first)
            #expect(once.state == "ready" && once.pid != before.pid && once.restarts == before.restarts + 1)
            #expect(twice.state == "ready" && twice.pid != once.pid && twice.restarts == once.restarts + 1)
            #expect(answers[4].text.contains("\"stopped\""))
            #expect(answers[5].text.contains("\"ready\""))
            #expect(answers[6].status == 1 && answers[6].text.contains("nonsense"))
        }

        private static func checkReports(_ answers: [ConsoleScript.Answer], _ record: HandsetRecord) {
            // grep found nothing.
            #expect(answers[7].status == 1 && answers[7].text.isEmpty, "\(answers[7].text)")
            for word in ["SIGSEGV", "busybox", "registers", "pc 0x"] {
                #expect(answers[8].text.contains(word), "\(word) in: \(answers[8].text)")
            }
            let crashed = record.boots[0].events.contains {
                if case .crash(_, 11) = $0.event { true } else { false }
            }
            #expect(crashed)
            #expect(answers[9].status == 0 && answers[9].text.contains("network"))
            #expect(answers[10].status == 0)
        }
    }
}
