import Foundation
import Services
import Testing

@testable import LinuxSystem

extension SpawnTests {
    /// Seen from inside, by programs of others.
    @Suite struct NamespacesAndMounts {
        private static let kinds: [(String, Isolation.Namespaces)] = [
            ("mnt", .mount), ("pid", .pid), ("ipc", .ipc), ("uts", .uts), ("net", .network), ("user", .user),
        ]
        private static let script = "for n in mnt pid ipc uts net user; do readlink /proc/self/ns/$n; done"

        @Test(arguments: Self.kinds.map(\.0))
        func aServiceHasTheNamespacesThatItAsksFor(name: String) throws {
            let wanted = try #require(Self.kinds.first { $0.0 == name }).1
            let answer = try run(Self.script) { $0.isolation.namespaces = wanted }
            try #require(answer.lines.count == Self.kinds.count)
            for (index, kind) in Self.kinds.enumerated() {
                let outside = try FileManager.default.destinationOfSymbolicLink(
                    atPath: "/proc/self/ns/\(kind.0)")
                // A new /proc needs a mount namespace; an ordinary user's namespaces need one of users.
                let isNew =
                    kind.0 == name || (kind.0 == "mnt" && name == "pid") || (kind.0 == "user" && !isRoot)
                #expect((answer.lines[index] != outside) == isNew, "\(kind.0) for \(name)")
            }
        }

        @Test func aServiceThatAsksForNothingHasNothingOfItsOwn() throws {
            let outside = try Self.kinds.map {
                try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/\($0.0)")
            }
            #expect(try run(Self.script).lines == outside)
        }

        @Test func inAPidNamespaceItIsAlone() throws {
            let answer = try run("echo $$; ls -d /proc/[0-9]*") { $0.isolation.namespaces = .pid }
            #expect(answer.lines == ["1", "/proc/1"], "\(answer)")
            let listening = try FileDescriptor.open("/dev/null")
            let listens = try run("echo $LISTEN_PID", { $0.isolation.namespaces = .pid }) {
                $0.descriptors = [listening.rawValue]
            }
            #expect(listens.lines == ["1"])
        }

        @Test func theLoopbackOfANetworkNamespaceIsUpAndAlone() throws {
            let answer = try run("cat /proc/net/dev; grep -c . /proc/net/if_inet6; cat /proc/net/route") {
                $0.isolation.namespaces = .network
            }
            let devices = answer.lines.filter { $0.contains(":") && !$0.contains("|") }
            #expect(devices.count >= 1 && devices.allSatisfy { !$0.contains("eth") }, "\(answer)")
            // An address appears when the interface comes up.
            #expect(answer.lines.contains("1"), "\(answer)")
        }

        @Test func onlyItsOwnUserIsKnownInAUserNamespace() throws {
            let user: UInt32 = isRoot ? 4321 : geteuid()
            let answer = try run("id -u; cat /proc/self/uid_map; stat -c %u /; cat /proc/self/status") {
                $0.isolation.namespaces = .user
                $0.userID = user
                $0.groupID = isRoot ? 4322 : getegid()
            }
            let map = answer.lines.dropFirst().first?.split(separator: " ").map(String.init)
            #expect(answer.lines.first == "\(user)" && map == ["\(user)", "\(user)", "1"], "\(answer)")
            // Root's files are nobody's.
            #expect(isRoot ? answer.lines[2] == "65534" : true)
            #expect(answer["CapEff"] == "0000000000000000")
        }

        @Test func temporaryFilesAreItsOwn() throws {
            let file = "/tmp/amos-spawn-\(UUID().uuidString)"
            try Data().write(to: URL(fileURLWithPath: file))
            defer { try? FileManager.default.removeItem(atPath: file) }
            let answer = try run("ls -A /tmp; stat -f -c %T /tmp; touch \(file).inside && stat -c %a /tmp") {
                $0.isolation.hasPrivateTemporaryFiles = true
            }
            #expect(answer.lines == ["tmpfs", "1777"], "\(answer)")
            #expect(!FileManager.default.fileExists(atPath: file + ".inside"))
        }

        @Test func devicesAreFew() throws {
            let script = """
                ls /dev; echo x > /dev/null; head -c 4 /dev/zero | od -An -tx1; head -c 3 /dev/urandom | wc -c
                touch /dev/shm/x && echo shm; echo y > /dev/more; test -c /dev/pts/ptmx && echo pts
                """
            let answer = try run(script) { $0.isolation.hasPrivateDevices = true }
            let names = ["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout"]
            // A container may have no terminal.
            let devices = names + ["tty", "urandom", "zero"]
            #expect(Array(answer.lines.prefix(13)) == devices, "\(answer)")
            for line in [" 00 00 00 00", "3", "shm", "pts"] {
                #expect(answer.lines.contains(line), "\(answer)")
            }
            #expect(answer.text.contains("Read-only file system"))
        }
    }
}
