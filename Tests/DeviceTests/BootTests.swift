import Assembly
import DeviceSpec
import DiskImage
import Emulator
import Foundation
import HostSystem
import Testing

extension DeviceTests {
    /// Both shipped devices in both variants: as they come.
    @Suite struct Boots {
        struct Sample: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let image: @Sendable () throws -> ImageBuilder.Result
        }

        static let samples = [
            Sample(testDescription: "virt-phone dev") { try Workshop.phone.get() },
            Sample(testDescription: "virt-phone user") { try Workshop.userPhone.get() },
            Sample(testDescription: "virt-phone-lite dev") { try Workshop.lite.get() },
            Sample(testDescription: "virt-phone-lite user") { try Workshop.userLite.get() },
        ]

        @Test(arguments: samples) func everyCheckHolds(sample: Sample) throws {
            let image = try sample.image()
            let disk = try TestDisk(image)
            let screenshot = Workshop.unusedPath("png")
            defer { unlink(screenshot) }
            let display = image.device.machine.display
            let checks = CheckEvaluator(
                image.device.checks, display: .init(width: display.width, height: display.height))
            let record = try disk.run {
                $0.goal = .untilReached { checks.isReached($0) }
                $0.afterReset = .fail
                $0.screenshot = screenshot
            }
            let results = checks.evaluate(record)
            for result in results {
                #expect(result.failure == nil, "\(result.name): \(record.console.text.suffix(2000))")
            }
            #expect(results.count == image.device.checks.count + 1)
            try Self.checkPicture(screenshot, display)
            try Self.checkReports(record, results)
            let metadata = try disk.metadata()
            #expect(metadata.a.isSuccessful && metadata.boot.phase == .none, "ended in order")
            let data = try disk.extract("data")
            defer { unlink(data) }
            // Not even a journal to replay.
            try Tool("e2fsck", package: "e2fsprogs").check(["-fn", data])
            let facts = try Tool("dumpe2fs", package: "e2fsprogs").check(["-h", data]).text
            #expect(!facts.contains("needs_recovery"))
        }

        /// The PNG's own header: signature, then the IHDR chunk with width and height.
        private static func checkPicture(_ path: String, _ display: Device.Machine.Display) throws {
            let picture = try InputFile(path)
            let head = try picture.bytes(at: 0, count: 24)
            #expect(Array(head[0..<8]) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
            func number(_ at: Int) -> Int { head[at..<at + 4].reduce(0) { $0 << 8 | Int($1) } }
            #expect(number(16) == display.width && number(20) == display.height)
        }

        private static func checkReports(_ record: HandsetRecord, _ results: [CheckResult]) throws {
            let report = BootReport(try #require(record.boots.last))
            let json = try #require(
                try JSONSerialization.jsonObject(with: Data(report.json().utf8)) as? [String: Any])
            #expect((json["ready_ns"] as? Int ?? 0) > 0)
            #expect((json["spans"] as? [Any] ?? []).count > 5)
            for xml in [
                report.svg(title: "<&>"), JUnitWriter.xml(suite: "boot", results, record),
            ] {
                let file = Workshop.unusedPath("xml")
                defer { unlink(file) }
                try Data(xml.utf8).write(to: URL(fileURLWithPath: file))
                let program = "import sys, xml.dom.minidom as m; m.parse(sys.argv[1])"
                try Tool("python3", package: "python3").check(["-c", program, file])
            }
        }

        /// Nobody who finds a `user` handset is offered anything.
        @Test func aUserImageHasNoShell() throws {
            let image = try Workshop.userPhone.get()
            let names = try ImageManifest.load(image.manifestFile).files.map {
                String($0.path.split(separator: "/").last ?? "")
            }
            let shells: Set = ["sh", "ash", "bash", "dash", "busybox", "toybox", "zsh", "login", "getty"]
            #expect(shells.isDisjoint(with: names), "\(shells.intersection(names))")
            #expect(names.contains("amos-init"))

            let disk = try TestDisk(image)
            let marker = "amos-was-here"
            let record = try disk.run {
                $0.debuggingWords = ["init=/bin/sh", marker]
                // Somebody at the serial port, from the first moment on.
                $0.typing = { _ in Array("\necho @$((6*7))=\n".utf8) }
                $0.goal = .untilCut { $0.boots.last?.isHealthy ?? false }
            }
            #expect(record.boots.count == 1 && record.boots[0].isHealthy)
            #expect(record.notes.contains { $0.contains("user image") && $0.contains(marker) })
            #expect(!record.console.text.contains("@42="))
            #expect(!record.console.text.contains(marker))
        }

        /// The same words reach a `dev` image.
        @Test func aDevImageTakesDebuggingWords() throws {
            let disk = try TestDisk(try Workshop.phone.get())
            let script = ConsoleScript("cat /proc/cmdline", "id -u")
            let record = try disk.run {
                $0.debuggingWords = ["amos-was-here"]
                $0.perform(script)
            }
            #expect(record.outcome == .stopped)
            #expect(script.answers().first?.text.hasSuffix("amos-was-here") == true)
            #expect(script.answers().last?.text == "0")
        }
    }
}
