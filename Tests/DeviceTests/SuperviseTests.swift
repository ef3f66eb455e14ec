import Foundation
import HostSystem
import Testing

extension DeviceTests {
    /// `amos supervise`: the handset's init as a service manager of this machine, and in a container.
    @Suite struct Supervise {
        /// Below /tmp, because a socket's path must be short; goes with the value.
        private final class Place {
            let path = "/tmp/amos-supervise-\(getpid())-\(Int.random(in: 0..<1_000_000))"

            init() throws {
                try FileManager.default.createDirectory(
                    atPath: path + "/services", withIntermediateDirectories: true)
            }

            deinit { try? FileManager.default.removeItem(atPath: path) }

            func write(_ service: String, _ text: String) throws {
                try Data(text.utf8).write(to: URL(fileURLWithPath: "\(path)/services/\(service).yaml"))
            }
        }

        private struct Row: Decodable {
            var name: String
            var state: String
        }

        @discardableResult
        private static func ask(_ amosctl: String, _ run: String, _ words: String...) throws -> Tool.Output {
            let shell = try Tool("sh", package: "dash")
            return try shell.run(["-c", "exec \"$0\" \"$@\"", amosctl] + words + ["--run", run])
        }

        /// What amosctl says within a minute and a half: the services that are up.
        private static func names(_ amosctl: String, _ run: String, until isDone: ([String]) -> Bool)
            -> [String]
        {
            var names: [String] = []
            for _ in 0..<900 where !isDone(names) {
                usleep(100_000)
                guard let outcome = try? ask(amosctl, run, "status", "--json"),
                    let rows = try? JSONDecoder().decode([Row].self, from: Data(outcome.text.utf8))
                else { continue }
                names = rows.filter { $0.state == "ready" }.map(\.name).sorted()
            }
            return names
        }

        @Test func aFolderOnThisMachine() throws {
            let place = try Place()
            try place.write("calm", "program: /bin/sleep\narguments: [\"1000\"]\n")
            let run = place.path + "/run"
            let program = try CommandLineProgram(["supervise", place.path + "/services", "--run", run])
            // The first use compiles the programs.
            while program.isRunning, access(run + "/control.sock", F_OK) != 0 { usleep(100_000) }
            let names = Self.names(run + "/amosctl", run) { $0.count == 2 }
            #expect(names == ["calm", "logd"])
            program.signal(SIGTERM)
            let outcome = try program.wait()
            #expect(outcome.status == 0 && !outcome.wasKilled, "\(outcome)")
        }

        /// Its root has nothing but what `-o` has written: the programs need no library and no shell.
        @Test func aContainer() throws {
            let place = try Place()
            try place.write("goal", "kind: target\n")
            let root = place.path + "/root"
            for folder in ["etc", "dev", "proc", "tmp", "var/lib"] {
                try FileManager.default.createDirectory(
                    atPath: "\(root)/\(folder)", withIntermediateDirectories: true)
            }
            let written = try CommandLineProgram.run(
                ["supervise", place.path + "/services", "--root", root, "-o", root])
            let command = try #require(written.output.split(separator: ":").last, "\(written)")
            let script = """
                mount --rbind /dev \(root)/dev && mount -t proc proc \(root)/proc
                exec chroot \(root) \(command)
                """
            let user = getuid() == 0 ? [] : ["--user", "--map-root-user"]
            let container = Process()
            container.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
            container.arguments =
                user + ["--mount", "--pid", "--fork", "--kill-child", "/bin/sh", "-c", script]
            container.standardInput = FileHandle.nullDevice
            try container.run()
            defer { if container.isRunning { container.terminate() } }
            let paths = ["usr/bin/amosctl", "usr/sbin/amosctl"].map { "\(root)/\($0)" }
            let amosctl: String = try #require(paths.first { access($0, X_OK) == 0 }, "\(written)")
            let names = Self.names(amosctl, root + "/run/amos") { $0.count == 2 || !container.isRunning }
            #expect(names == ["goal", "logd"])
            try Self.ask(amosctl, root + "/run/amos", "poweroff")
            container.waitUntilExit()
            #expect(container.terminationStatus == 0)
        }
    }
}
