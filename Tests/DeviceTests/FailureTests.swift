import Emulator
import Foundation
import HostSystem
import Slots
import Testing

extension DeviceTests {
    /// What goes wrong on a handset is noticed at once, named, and answered.
    @Suite struct Failures {
        /// A virt-phone on which a health service never gets ready.
        static let stuck = Result {
            let source = try DeviceSource(
                "stuck", "services: [stuck]\nhealth:\n  services: [logd, stuck]\n  deadline: 6 s\n",
                files: [
                    "services/stuck.yaml": """
                    description: Never says that it is ready
                    program: /usr/bin/busybox
                    arguments: [sleep, "1000000"]
                    ready: {descriptor: 3}
                    after: [logd]
                    """
                ])
            return (source: source, image: try Workshop.build(source))
        }

        /// The last attempt of a slot that does not become healthy: reported, and the other slot comes up.
        @Test func anUnhealthySystemFailsOver() throws {
            let disk = try TestDisk(try Self.stuck.get().image)
            let good = try TestDisk(try Workshop.phone.get())
            for label in ["boot_b", "system_b"] { try disk.take(label, from: good) }
            try disk.setMetadata { $0.a.attemptsLeft = 1 }
            let record = try disk.run()
            #expect(record.boots.map(\.slot) == [.a, .b])
            #expect(record.boots.last?.isReady == true)
            #expect(record.boots.first?.reportedFailure?.contains("stuck") == true)
            let failure = try disk.metadata().a.lastFailure
            #expect(failure.reason == .notHealthyInTime)
            #expect(String(decoding: failure.detail, as: UTF8.self).contains("stuck"))
        }

        struct Sample: Sendable, CustomTestStringConvertible {
            let command: String
            let outcome: @Sendable (HandsetFailure) -> Bool
            var testDescription: String { command }
        }

        static let samples = [
            Sample(command: "echo c > /proc/sysrq-trigger") {
                if case .panicked(let text) = $0 { text.contains("sysrq") } else { false }
            },
            Sample(command: "amosctl reboot; sleep 60") {
                if case .reset(let reason) = $0 { reason.contains("reboot") } else { false }
            },
            Sample(command: "echo b > /proc/sysrq-trigger") {
                if case .reset(let reason) = $0 { reason.contains("without a report") } else { false }
            },
            Sample(command: "amosctl poweroff; sleep 60") {
                if case .poweredOffEarly(let reason) = $0 { reason.contains("poweroff") } else { false }
            },
        ]

        /// As `amos test` watches a boot: the goal is never reached, the timeout is far away.
        @Test func itIsNoticedAndNamed() throws {
            let image = try Workshop.phone.get()
            let records = try inParallel(Self.samples.count) { index in
                let disk = try TestDisk(image)
                let script = ConsoleScript(Self.samples[index].command)
                return try disk.run(cpus: 1) {
                    $0.typing = { script.type($0) }
                    $0.goal = .untilReached { _ in false }
                    $0.afterReset = .fail
                }
            }
            for (sample, record) in zip(Self.samples, records) {
                guard case .failed(let failure) = record.outcome, sample.outcome(failure) else {
                    Issue.record("\(sample.command): \(record.outcome)")
                    continue
                }
                #expect(record.boots.count == 1)
            }
        }

        /// A panic is the loader's business as well: it starts again.
        @Test func aPanicIsAnsweredByAnotherBoot() throws {
            let disk = try TestDisk(try Workshop.phone.get())
            let script = ConsoleScript([["echo c > /proc/sysrq-trigger"], ["true"]])
            let record = try disk.run { $0.perform(script) }
            #expect(record.boots.map(\.slot) == [.a, .a])
            let metadata = try disk.metadata()
            #expect(metadata.a.lastFailure.reason == .resetUnreported)
            #expect(metadata.a.attemptsLeft == 1)
        }
    }
}
