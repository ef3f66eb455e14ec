import Foundation
import Services
import Testing

@testable import LinuxSystem
@testable import amos_init

/// Nothing of a service outlives its stop, with cgroups and without.
@Suite struct ServiceGroupTests {
    /// Where this may make cgroups of its own.
    private static let hasCgroups: Bool = {
        guard geteuid() == 0, let own = Cgroup.own() else { return false }
        guard let made = try? Cgroup.make(own.group.path + "/amos-test-\(getpid())") else { return false }
        made.group.remove()
        return true
    }()

    private static let ways: [Bool] = hasCgroups ? [true, false] : [false]

    @Test func saysWhatItCannotTest() {
        if !Self.hasCgroups { print("note: no cgroup v2 may be used here; only process groups were tested") }
    }

    /// Its children: one in its session, one that began its own, and one that forked twice besides.
    private static func crowd(_ mark: String) -> ServiceDefinition {
        var service = ServiceDefinition(name: "crowd")
        service.program = "/bin/sh"
        service.arguments = [
            "-c",
            """
            sleep \(mark).1 & setsid sleep \(mark).2 & (setsid sh -c 'sleep \(mark).3 & sleep \(mark).4 &' &)
            echo >&4; exec sleep \(mark).5
            """,
        ]
        service.readiness = .descriptor(4)
        service.restart = .always
        service.restartDelayMilliseconds = 1
        service.stopGraceMilliseconds = 200
        return service
    }

    private static func unusedMark() -> String { "1\(Int.random(in: 100_000_000..<1_000_000_000))" }

    @Test(arguments: ways) func nothingOutlivesAStop(withCgroups: Bool) throws {
        let mark = Self.unusedMark()
        let supervisor = try RunningSupervisor(
            [Self.crowd(mark)], hidesCgroups: !withCgroups && geteuid() == 0)
        #expect(supervisor.wait { supervisor.state(of: "crowd") == "ready" }, "\(supervisor.said)")
        #expect(supervisor.wait { RunningSupervisor.processes(with: mark).count == 5 })
        #expect(supervisor.said.contains("its session and environment") == !withCgroups, "\(supervisor.said)")

        // Its main process is killed: the next one begins when nothing of the last is left.
        let main = try #require(Self.process(RunningSupervisor.processes(with: mark + ".5").first))
        kill(main, SIGKILL)
        #expect(
            supervisor.wait { Self.process(mark + ".5") != main && supervisor.state(of: "crowd") == "ready" })
        #expect(supervisor.wait { RunningSupervisor.processes(with: mark).count == 5 })

        supervisor.amosctl("stop", "crowd")
        #expect(supervisor.wait { supervisor.state(of: "crowd") == "stopped" })
        #expect(RunningSupervisor.processes(with: mark) == [])

        supervisor.amosctl("start", "crowd")
        #expect(supervisor.wait { RunningSupervisor.processes(with: mark).count == 5 })
        supervisor.end()
        #expect(RunningSupervisor.processes(with: mark) == [])
        #expect(try Self.leftovers(of: supervisor.process) == [])
    }

    private static func process(_ line: String?) -> Int32? {
        guard let line else { return nil }
        let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return numbers.compactMap(Int32.init).first {
            let bytes = FileManager.default.contents(atPath: "/proc/\($0)/cmdline") ?? Data()
            let text = String(decoding: bytes.map { $0 == 0 ? 32 : $0 }, as: UTF8.self)
            return text.hasPrefix("sleep") && text.contains(line.replacingOccurrences(of: "sleep ", with: ""))
        }
    }

    /// Groups that this supervisor has left behind.
    private static func leftovers(of process: Int32) throws -> [String] {
        guard hasCgroups, let own = Cgroup.own() else { return [] }
        return try FileManager.default.contentsOfDirectory(atPath: own.group.path).filter {
            $0 == "amos-\(process)" || $0.hasPrefix("amos-\(process).")
        }
    }

    @Test func membershipIsReadFromTheUnifiedLine() {
        let hybrid = Array("9:name=systemd:/x\n4:memory:/amos/wrong\n0::/amos/web/more\n".utf8)
        #expect(Supervision.name(inCgroup: hybrid, below: "/amos").map(Array.init) == Array("web".utf8))
        #expect(Supervision.name(inCgroup: hybrid, below: "/amo") == nil)
        #expect(Supervision.name(inCgroup: Array("0::/amos\n".utf8), below: "/amos") == nil)
        #expect(Supervision.name(inCgroup: Array("0::/\n".utf8), below: "/amos") == nil)
        #expect(Cgroup.name(in: Array("4:memory:/a\n".utf8)) == nil)
    }
}
