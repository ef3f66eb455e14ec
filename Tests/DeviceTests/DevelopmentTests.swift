import Emulator
import Foundation
import Testing

extension DeviceTests {
    /// What `amos screenshot` and `amos dev` do with a handset that runs.
    @Suite struct Development {
        @Test func anAppIsDevelopedOnAHandset() throws {
            let client = try AdbClient()
            defer { client.end() }
            let image = try Workshop.phone.get()
            let project = try Self.newApp(in: client.folder)
            let none = try CommandLineProgram.run(["screenshot", "virt-phone", "--images", image.folder])
            #expect(none.status == 1 && none.errors.contains("no handset of virt-phone is running"))
            let disk = try TestDisk(image)
            let note = image.folder + "/.amos/bridge"
            // As `amos run` leaves it.
            try "127.0.0.1:\(client.port)\n".write(toFile: note, atomically: true, encoding: .utf8)
            defer { unlink(note) }
            let group = DispatchGroup()
            DispatchQueue.global().async(group: group) {
                #expect(client.connect())
                Self.takeScreenshot(image.folder, client.folder)
                #expect(throws: Never.self) { try Self.develop(project, client, images: image.folder) }
                #expect(client.adb("reboot").status == 0)
            }
            let record = try disk.run(reachedBy: client) {
                $0.afterReset = .fail
                $0.goal = .untilPowerOff
                $0.timeoutSeconds = 600
                $0.controlNote = RunningHandset.note(in: image.folder)
            }
            group.wait()
            #expect("\(record.outcome)".contains("asked for: reboot"), "\(record.outcome)")
            #expect(access(RunningHandset.note(in: image.folder), F_OK) != 0)
        }

        private static func newApp(in folder: String) throws -> String {
            let made = try CommandLineProgram.run(["new", "app", "counter"], folder: folder)
            #expect(made.status == 0, "\(made)")
            // So that what is measured beside it is the way to the handset.
            try AppWorkshop.build(folder + "/counter")
            return folder + "/counter"
        }

        /// A PNG of the display's size (PNG specification, 11.2.1: IHDR comes first).
        private static func takeScreenshot(_ images: String, _ folder: String) {
            let file = folder + "/screen.png"
            let taken = try? CommandLineProgram.run(
                ["screenshot", "virt-phone", "--images", images, "-o", file])
            #expect(taken?.status == 0, "\(taken?.errors ?? "")")
            let bytes = [UInt8]((try? Data(contentsOf: URL(fileURLWithPath: file))) ?? Data())
            #expect(bytes.starts(with: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]))
            #expect(bytes.dropFirst(16).prefix(8).elementsEqual([0, 0, 2, 208, 0, 0, 5, 0]))
        }

        private static func develop(_ project: String, _ client: AdbClient, images: String) throws {
            let program = try CommandLineProgram(
                ["dev", project, "--images", images, "--sdks", try AppWorkshop.sdks.get()],
                environment: client.environment)
            defer {
                program.signal(SIGINT)
                _ = try? program.wait()
            }
            #expect(
                program.waitForOutput { $0.contains("com.example.counter 0.1.0") }, "\(program.outputSoFar)")
            #expect(program.waitForOutput { $0.contains("waiting for changes") })
            let file = project + "/package.yaml"
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let newer = text.replacingOccurrences(of: "version: 0.1.0", with: "version: 0.2.0")
                .replacingOccurrences(of: "version-code: 1", with: "version-code: 2")
            try newer.write(toFile: file, atomically: true, encoding: .utf8)
            #expect(
                program.waitForOutput { $0.contains("com.example.counter 0.2.0") }, "\(program.outputSoFar)")
            #expect(client.adb("root").status == 0)
            let list = client.adb("shell", "amosctl pkg list").text
            #expect(list.contains("com.example.counter") && list.contains("0.2.0"), "\(list)")
        }
    }
}
