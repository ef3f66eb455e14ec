import DiskImage
import Emulator
import Foundation
import HostSystem
import Testing

extension DeviceTests {
    /// The `amos` program: exit statuses, messages, and what it leaves behind.
    @Suite struct CommandLine {
        struct Wrong: Sendable, CustomTestStringConvertible {
            let testDescription: String
            let lines: String
            var files: [String: String] = [:]
            /// `{}` is the device file's path.
            let errors: [String]
        }

        static let wrong = [
            Wrong(
                testDescription: "a program that is not in the image",
                lines: "services: [radio]\n",
                files: ["services/radio.yaml": "description: A radio\nprogram: /usr/bin/busybux\n"],
                errors: [
                    "services/radio.yaml:2:10: error: the program '/usr/bin/busybux' is not in the image",
                    "/usr/bin/busybox",
                ]),
            Wrong(
                testDescription: "a partition that is too small",
                lines: "storage:\n  boot: 16 MiB\n",
                errors: [
                    "devices/wrong.yaml:4:9: error: the boot partition is too small", "at least",
                ]),
            Wrong(
                testDescription: "an unknown key",
                lines: "storrage:\n  boot: 1 MiB\n",
                errors: ["devices/wrong.yaml:3:1: error: ", "storage"]),
        ]

        @Test(arguments: wrong) func aWrongFileIsExplained(sample: Wrong) throws {
            _ = try Workshop.phone.get()
            let source = try DeviceSource("wrong", sample.lines, files: sample.files)
            try source.takeLock(from: try Workshop.home.get().rootfs + "/devices/virt-phone.lock")
            let outcome = try CommandLineProgram.run(["build", "wrong"], folder: source.folder)
            #expect(outcome.status == 2, "\(outcome.errors)")
            for error in sample.errors { #expect(outcome.errors.contains(error), "\(outcome.errors)") }
            let image = source.folder + "/out/wrong/disk.img"
            #expect(!FileManager.default.fileExists(atPath: image))
        }

        /// What was built stays right, and so do errors, when the next build skips most of its steps.
        @Test func laterBuildsAreAsStrict() throws {
            _ = try Workshop.phone.get()
            let source = try DeviceSource("later", "")
            try source.takeLock(from: try Workshop.home.get().rootfs + "/devices/virt-phone.lock")
            let first = try CommandLineProgram.run(
                ["build", "later", "--format", "qcow2"], folder: source.folder)
            #expect(first.status == 0 && first.output.contains("disk.qcow2"), "\(first.errors)")
            let disk = source.folder + "/out/later/disk"
            try source.replace(lines: "model: Another\nrollback-index: 3\n")
            #expect(try CommandLineProgram.run(["build", "later"], folder: source.folder).status == 0)
            let referee = try Tool("qemu-img", package: "qemu-utils")
            let comparison = try referee.run(["compare", disk + ".img", disk + ".qcow2"])
            #expect(comparison.status == 0, "\(comparison.text)")
            for (lines, error) in [
                ("storage:\n  system: 8 MiB\n", "later.yaml:4:11: error: the system partition is too small"),
                ("signing-key: acme\n", "later.yaml:3:14: error: there is no signing key 'acme'"),
            ] {
                try source.replace(lines: lines)
                let outcome = try CommandLineProgram.run(["build", "later"], folder: source.folder)
                #expect(outcome.status == 2 && outcome.errors.contains(error), "\(outcome.errors)")
            }
        }

        @Test func aReleaseIsNoDevImage() throws {
            let outcome = try CommandLineProgram.run(["build", "virt-phone", "--release"])
            #expect(outcome.status == 2 && outcome.errors.contains("--variant user --release"))
        }

        /// Nothing that arrives nowhere looks like success.
        @Test(arguments: [["sbom", "virt-phone"], ["schema", "device"], ["doctor", "--json"]])
        func aFullDiskIsTold(arguments: [String]) throws {
            _ = try Workshop.phone.get()
            let outcome = try CommandLineProgram(arguments, output: "/dev/full").wait()
            #expect(outcome.status == 1 && !outcome.wasKilled, "\(outcome)")
            #expect(outcome.errors.contains("No space left on device"), "\(outcome.errors)")
        }

        @Test func theBillOfMaterialsIsOfThisImage() throws {
            _ = try Workshop.phone.get()
            let outcome = try CommandLineProgram.run(["sbom", "virt-phone", "--variant", "user"])
            let document = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any]
            let packages = try #require(document?["packages"] as? [[String: Any]])
            let names = Set(packages.compactMap { $0["name"] as? String })
            #expect(names.isSuperset(of: ["amos-init", "musl-dev", "libc6"]))
            #expect(!names.contains("amos-bridged"))
            let words = packages.compactMap { $0["licenseDeclared"] as? String }
                .flatMap { $0.split { " ()".contains($0) }.map(String.init) }
            let used = Set(words.filter { $0.hasPrefix("LicenseRef-") })
            let explained = document?["hasExtractedLicensingInfos"] as? [[String: Any]]
            #expect(Set(explained?.compactMap { $0["licenseId"] as? String } ?? []) == used)
        }

        /// With a lock nothing unlocked is used, so a package that nobody has shows up without network.
        @Test func anUnlockedPackageIsExplained() throws {
            _ = try Workshop.phone.get()
            let source = try DeviceSource("wrong", "packages: [busybux]\n")
            try source.takeLock(from: try Workshop.home.get().rootfs + "/devices/virt-phone.lock")
            let outcome = try CommandLineProgram.run(["build", "wrong"], folder: source.folder)
            #expect(outcome.status == 2, "\(outcome.errors)")
            let error = "devices/wrong.yaml:3:12: error: the package 'busybux' is not in wrong.lock"
            #expect(outcome.errors.contains(error), "\(outcome.errors)")
            #expect(outcome.errors.contains("--update"), "and what to do about it")
        }

        @Test(arguments: [
            ["biuld"], ["build"], ["build", "no-such-device"], ["run", "virt-phone", "--no-such-option"],
            ["build", "virt-phone", "--variant", "nonsense"],
        ]) func wrongUsageIsStatus2(arguments: [String]) throws {
            let outcome = try CommandLineProgram.run(arguments)
            #expect(outcome.status == 2)
            #expect(!outcome.errors.isEmpty && outcome.output.isEmpty)
        }

        /// Status 1 and one message where both boot images are damaged; 0 and a verdict where all is well.
        @Test func runTellsHowItWent() throws {
            let source = try DeviceSource("pocket")
            _ = try Workshop.build(source)
            let output = source.folder + "/out"
            let arguments = ["run", source.file, "-o", output, "--headless", "--timeout", "300"]
            let good = try CommandLineProgram.run(arguments)
            #expect(good.status == 0, "\(good.errors)")
            #expect(good.output.contains("slot a ready after"))
            #expect(good.output.contains("powered off in order"))
            // The program built it again, since it is another program; the state it keeps is a copy.
            let state = output + "/run.img"
            let layout = try GPTDisk(reading: InputFile(state))
            for label in ["boot_a", "boot_b"] {
                let offset = try #require(layout[label]).offset + 5000
                let descriptor = open(state, O_RDWR)
                defer { close(descriptor) }
                var byte = try InputFile(state).bytes(at: offset, count: 1)[0] ^ 1
                #expect(pwrite(descriptor, &byte, 1, off_t(offset)) == 1)
            }
            let bad = try CommandLineProgram.run(arguments)
            #expect(bad.status == 1)
            #expect(bad.output.components(separatedBy: "This handset cannot start").count == 2)
            // And --fresh is the way out.
            #expect(try CommandLineProgram.run(arguments + ["--fresh"]).status == 0)
        }

        /// A boot that cannot become healthy: status 1, the check that failed, and JUnit that says so.
        @Test func testNamesWhatFailed() throws {
            let stuck = try Failures.stuck.get()
            let output = stuck.source.folder + "/out"
            let outcome = try CommandLineProgram.run(
                ["test", stuck.source.file, "-o", output, "--timeout", "300"])
            #expect(outcome.status == 1)
            #expect(
                outcome.errors.contains("check 'boot' failed") && outcome.errors.contains("stuck"),
                "\(outcome.errors)")
            let xml = try String(contentsOfFile: output + "/test/junit.xml", encoding: .utf8)
            #expect(xml.contains("<failure") && xml.contains("name=\"boot\""))
            let console = try String(contentsOfFile: output + "/test/console.log", encoding: .utf8)
            #expect(!console.isEmpty)
        }

        /// Whether asked to end or killed: no QEMU stays behind, and what it ran from boots again.
        @Test(arguments: [SIGINT, SIGTERM, SIGKILL]) func noGuestStaysBehind(signal: Int32) throws {
            let source = try DeviceSource("pocket")
            _ = try Workshop.build(source)
            let arguments = ["run", source.file, "-o", source.folder + "/out", "--headless"]
            let program = try CommandLineProgram(arguments)
            var guest: pid_t?
            while program.isRunning, guest == nil {
                usleep(50_000)
                guest = ProcessList.descendants(of: program.id).first { $0.name.hasPrefix("qemu-system") }?.id
            }
            let id = try #require(guest, "it ended before it had started QEMU")
            sleep(1)
            program.signal(signal)
            let outcome = try program.wait()
            #expect(outcome.wasKilled == (signal == SIGKILL) && outcome.status != 0, "\(outcome)")
            // The kernel kills it when its parent dies; that is soon, but not at once.
            for _ in 0..<100 where ProcessList.isAlive(id) { usleep(50_000) }
            #expect(!ProcessList.isAlive(id))
            let left = try FileManager.default.contentsOfDirectory(atPath: source.folder + "/out")
            #expect(!left.contains { $0.hasSuffix(".partial") })
        }
    }
}
