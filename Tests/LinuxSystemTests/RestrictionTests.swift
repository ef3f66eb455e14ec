import Foundation
import Services
import Testing

@testable import LinuxSystem

extension SpawnTests {
    /// Limits, privileges, system calls; read from /proc, or tried and refused.
    @Suite struct Restrictions {
        private static let status = "cat /proc/self/status"

        @Test func nothingIsRestrictedThatNobodyAskedFor() throws {
            let (inside, outside) = (try run(Self.status), try Self.ownStatus())
            for name in ["CapBnd", "CapAmb", "CapEff", "NoNewPrivs", "Seccomp", "Groups"] {
                #expect(inside[name] == outside[name], "\(name)")
            }
            #expect(inside["SigBlk"] == "0000000000000000" && inside["SigCgt"] == "0000000000000000")
        }

        private static func ownStatus() throws -> Answer {
            Answer(status: 0, text: try String(contentsOfFile: "/proc/self/status", encoding: .utf8))
        }

        @Test func theBoundingSetIsWhatStays() throws {
            // CAP_NET_BIND_SERVICE and CAP_KILL.
            let answer = try run(Self.status) { $0.isolation.boundingCapabilities = 1 << 10 | 1 << 5 }
            #expect(answer["CapBnd"] == "0000000000000420")
            if isRoot { #expect(answer["CapEff"] == "0000000000000420") }
        }

        @Test func ambientCapabilitiesOutliveTheIdentity() throws {
            let answer = try run(Self.status) {
                if isRoot { ($0.userID, $0.groupID) = (4321, 4321) }
                $0.isolation.ambientCapabilities = 1 << 10
                $0.isolation.boundingCapabilities = 1 << 10 | 1 << 5
            }
            for name in ["CapAmb", "CapEff", "CapPrm", "CapInh"] {
                #expect(answer[name] == "0000000000000400", "\(name)")
            }
            #expect(answer["CapBnd"] == "0000000000000420")
        }

        @Test(.enabled(if: SpawnTests.isRoot, "only root can become somebody else"))
        func identityIsComplete() throws {
            let answer = try run(Self.status) {
                ($0.userID, $0.groupID, $0.supplementaryGroupIDs) = (4321, 4322, [4400, 4401])
            }
            #expect(answer["Uid"] == "4321\t4321\t4321\t4321" && answer["Gid"] == "4322\t4322\t4322\t4322")
            #expect(answer["Groups"] == "4400 4401" && answer["CapEff"] == "0000000000000000")
        }

        @Test func limitsAreSet() throws {
            let answer = try run("ulimit -n; ulimit -Hn; ulimit -c; cat /proc/self/limits") {
                $0.resources.limits = [
                    .init(resource: 7, soft: 77, hard: 88), .init(resource: 4, soft: 0, hard: 0),
                ]
            }
            #expect(Array(answer.lines.prefix(3)) == ["77", "88", "0"], "\(answer)")
            #expect(try run("ulimit -n").lines == ["1024"])
        }

        @Test func schedulingIsSet() throws {
            let script = "cat /proc/self/oom_score_adj; cut -d' ' -f19,41 /proc/self/stat; pwd"
            let answer = try run(script) {
                $0.resources.outOfMemoryScore = 321
                $0.resources.nice = 7
                $0.resources.scheduling = .batch
                $0.workingDirectory = "/usr"
            }
            #expect(answer.lines == ["321", "7 3", "/usr"], "\(answer)")
            let own = try String(contentsOfFile: "/proc/self/oom_score_adj", encoding: .utf8)
            #expect(own.trimmingCharacters(in: .newlines) != "321", "it is the child's, not PID 1's")
        }

        /// Written by hand from seccomp(2): load the number, refuse mkdir with EXDEV, allow the rest.
        private static func filter() -> [UInt8] {
            #if arch(x86_64)
                let numbers: [UInt32] = [83, 258]
            #else
                let numbers: [UInt32] = [34, 34]
            #endif
            var program: [(UInt16, UInt8, UInt8, UInt32)] = [(0x20, 0, 0, 0)]
            program.append((0x15, 2, 0, numbers[0]))
            program.append((0x15, 1, 0, numbers[1]))
            program.append((0x06, 0, 0, 0x7fff_0000))
            program.append((0x06, 0, 0, 0x0005_0000 | 18))
            return program.flatMap { code, yes, no, value in
                withUnsafeBytes(of: code.littleEndian, Array.init) + [yes, no]
                    + withUnsafeBytes(of: value.littleEndian, Array.init)
            }
        }

        @Test(arguments: [true, false]) func systemCallsAreFiltered(noNewPrivileges: Bool) throws {
            // Without no-new-privileges only an administrator may install a filter.
            guard noNewPrivileges || isRoot else { return }
            let answer = try run("mkdir /tmp/amos-filtered; cat /proc/self/status") {
                $0.isolation.systemCallFilter = Self.filter()
                $0.isolation.noNewPrivileges = noNewPrivileges
                $0.isolation.boundingCapabilities = 1 << 5
                if isRoot { ($0.userID, $0.groupID) = (4321, 4321) }
            }
            #expect(answer.text.contains("cross-device"), "\(answer)")
            #expect(answer["Seccomp"] == "2" && answer["NoNewPrivs"] == (noNewPrivileges ? "1" : "0"))
            #expect(answer["CapEff"] == "0000000000000000" && answer["CapPrm"] == "0000000000000000")
        }

        @Test(.enabled(if: Landlock.version > 0, "this kernel has no Landlock"))
        func landlockAllowsWhatIsListed() throws {
            let folder = try TestFolder()
            for name in ["read", "write", "neither"] {
                try FileManager.default.createDirectory(
                    atPath: folder.path + "/" + name, withIntermediateDirectories: true)
                try folder.write(name + "/f", name)
            }
            let script = """
                cd \(folder.path); cat read/f; echo; cat write/f
                echo x > read/g; echo x > write/g && echo wrote
                rm write/f && echo removed; cat neither/f; ls /home; cp /bin/true write/true && write/true
                """
            let answer = try run(script) {
                $0.workingDirectory = folder.path
                $0.isolation.noNewPrivileges = !isRoot
                $0.isolation.landlock =
                    ["/usr", "/bin", "/lib", "/lib64", "/etc"].filter(FileManager.default.fileExists).map {
                        .init(path: $0, access: [.read, .execute])
                    } + [
                        .init(path: folder.path + "/read", access: .read),
                        .init(path: folder.path + "/write", access: [.read, .write]),
                        // A single file takes only the rights that mean something for one.
                        .init(path: "/dev/null", access: [.read, .write, .execute]),
                    ]
            }
            #expect(answer.lines.first == "read" && answer.text.contains("wrote\nremoved"), "\(answer)")
            #expect(answer.text.components(separatedBy: "ermission denied").count == 5, "\(answer)")
            #expect(answer.status == 126, "the copied program may not be executed: \(answer)")
        }

        /// Each of these takes away what another one needs to be set up.
        @Test func allOfItTogether() throws {
            let answer = try run("touch /data-or-not; cat /proc/self/status; ls -d /proc/[0-9]*") {
                if isRoot { ($0.userID, $0.groupID) = (4321, 4321) }
                $0.resources.outOfMemoryScore = 10
                $0.resources.limits = [.init(resource: 7, soft: 16, hard: 16)]
                $0.isolation.namespaces = [.mount, .pid, .ipc, .uts, .network, .user]
                $0.isolation.noNewPrivileges = true
                $0.isolation.boundingCapabilities = 0
                $0.isolation.hasPrivateTemporaryFiles = true
                $0.isolation.hasPrivateDevices = true
                $0.isolation.isFileSystemReadOnly = true
                $0.isolation.paths = [.init(path: "/sys", kind: .hidden), .init(path: "/run", kind: .hidden)]
                $0.isolation.systemCallFilter = Self.filter()
            }
            #expect(answer.text.contains("Read-only file system") || !isRoot, "\(answer)")
            #expect(answer["CapBnd"] == "0000000000000000" && answer["Seccomp"] == "2", "\(answer)")
            #expect(answer["NoNewPrivs"] == "1" && answer.lines.last == "/proc/1", "\(answer)")
        }

        @Test func failuresNameTheStep() {
            #expect(
                failure("true") { $0.workingDirectory = "/nonexistent" }
                    == "cannot enter /nonexistent: No such file or directory")
            #expect(
                failure("true") { $0.program = "/nonexistent/program" }
                    == "cannot execute /nonexistent/program: No such file or directory")
            #expect(
                failure("true") { $0.resources.limits = [.init(resource: 7, soft: 9, hard: 8)] }
                    == "cannot set limit 7: Invalid argument")
            #expect(
                failure("true") { $0.isolation.landlock = [.init(path: "/nonexistent", access: .read)] }
                    == "cannot allow the use of /nonexistent: No such file or directory")
            #expect(
                failure("true") { $0.isolation.systemCallFilter = [UInt8](repeating: 0xff, count: 8) }
                    .hasPrefix("cannot install its system call filter"))
        }
    }
}
