import Foundation
import Services
import Testing

@testable import LinuxSystem
@testable import amos_init

/// What PID 1 hands to a service in files, and what it refuses to.
@Suite struct EnvironmentTests {
    /// Ready when `script` has ended well.
    private static func service(
        _ script: String, _ change: (inout ServiceDefinition) -> Void
    ) -> ServiceDefinition {
        var service = ServiceDefinition(name: "reader")
        service.program = "/bin/sh"
        service.arguments = ["-c", script + "; echo >&4; exec sleep 1000"]
        service.readiness = .descriptor(4)
        service.restart = .never
        change(&service)
        return service
    }

    @Test func laterDirectoriesGoBeforeEarlierOnesAndThePlan() throws {
        let folder = try TestFolder()
        for name in ["a", "b"] {
            try FileManager.default.createDirectory(
                atPath: folder.path + "/" + name, withIntermediateDirectories: true)
        }
        try folder.write("a/ONE", "from a\nsecond line\n")
        try folder.write("a/TWO", "from a")
        try folder.write("b/TWO", "from b\n")
        try folder.write("b/.swap", "not a variable")
        var environment = ["ONE=plan", "ONES=plan", "THREE=plan"]
        for name in ["a", "b"] {
            try EnvironmentDirectory.read(folder.path + "/" + name, isSystem: false, into: &environment)
        }
        #expect(environment == ["ONES=plan", "THREE=plan", "ONE=from a", "TWO=from b"])
    }

    /// The name of a file, its mode, and what is said about it.
    @Test(arguments: [
        ("OPEN", 0o666, "is open to others than its owner; chmod 644 "),
        ("GROUP", 0o664, "is open to others than its owner; chmod 644 "),
        ("1ST", 0o644, "is no name of a variable"), ("A-B", 0o644, "is no name of a variable"),
    ])
    func whatOthersCouldHaveWrittenIsRefused(name: String, mode: Int, reason: String) throws {
        let folder = try TestFolder()
        try folder.write(name, "value")
        let path = folder.path + "/" + name
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        var environment: [String] = []
        let error = #expect(throws: SpawnError.self) {
            try EnvironmentDirectory.read(folder.path, isSystem: false, into: &environment)
        }
        let text = error?.description ?? ""
        #expect(text.hasPrefix(path + " " + reason), "\(text)")
        #expect(environment == [])
    }

    @Test func soAreOpenDirectoriesAndOtherKinds() throws {
        let folder = try TestFolder()
        var environment: [String] = []
        mkfifo(folder.path + "/PIPE", 0o600)
        let pipe = #expect(throws: SpawnError.self) {
            try EnvironmentDirectory.read(folder.path, isSystem: false, into: &environment)
        }
        #expect(pipe?.description == folder.path + "/PIPE is not of the kind that belongs there")
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder.path)
        let open = #expect(throws: SpawnError.self) {
            try EnvironmentDirectory.read(folder.path, isSystem: false, into: &environment)
        }
        #expect(open?.description.hasSuffix("chmod 755 " + folder.path) == true)
        if geteuid() == 0 {
            chown(folder.path, 4321, 4321)
            let owned = #expect(throws: SpawnError.self) {
                try EnvironmentDirectory.read(folder.path, isSystem: false, into: &environment)
            }
            #expect(owned?.description.hasSuffix("chown root " + folder.path) == true)
        }
    }

    @Test func secretsAreTheServicesAlone() throws {
        let folder = try TestFolder()
        try folder.write("token", "s3cret")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o600], ofItemAtPath: folder.path + "/token")
        let user = geteuid() == 0 ? 4321 : geteuid()
        let script =
            "cd $AMOS_SECRETS && test $(cat key) = s3cret && test $(stat -c %a%u .) = 500\(user) || exit 1"
        let supervisor = try RunningSupervisor([
            Self.service(script) {
                $0.secrets = [Secret(name: "key", path: folder.path + "/token")]
                if geteuid() == 0 { ($0.userID, $0.groupID) = (4321, 4321) }
            }
        ])
        #expect(supervisor.wait { supervisor.state(of: "reader") == "ready" }, "\(supervisor.said)")
        let copy = supervisor.run + "/secrets/reader/key"
        let attributes = try FileManager.default.attributesOfItem(atPath: copy)
        #expect(attributes[.posixPermissions] as? Int == 0o400)
        #expect(attributes[.ownerAccountID] as? UInt32 == user)
        #expect(FileManager.default.contents(atPath: copy) == Data("s3cret".utf8))
        supervisor.amosctl("stop", "reader")
        #expect(supervisor.wait { supervisor.state(of: "reader") == "stopped" })
        #expect(!FileManager.default.fileExists(atPath: supervisor.run + "/secrets/reader"))
    }

    @Test func secretsThatOthersMayReadAreRefused() throws {
        let folder = try TestFolder()
        try folder.write("token", "s3cret")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o640], ofItemAtPath: folder.path + "/token")
        let supervisor = try RunningSupervisor([
            Self.service("true") { $0.secrets = [Secret(name: "key", path: folder.path + "/token")] }
        ])
        #expect(supervisor.wait { supervisor.state(of: "reader") == "failed" })
        let path = folder.path + "/token"
        #expect(
            supervisor.said.contains("reader: \(path) is open to others than its owner; chmod 600 \(path)"),
            "\(supervisor.said)")
        #expect(!FileManager.default.fileExists(atPath: supervisor.run + "/secrets/reader"))
    }

    /// The probe looks for what only the service's own namespaces hold.
    @Test func probesRunWhereTheServiceDoes() throws {
        var service = ServiceDefinition(name: "probed")
        service.program = "/bin/sh"
        service.arguments = ["-c", "sleep 0.2; echo here > /tmp/amos-probe; exec sleep 1000"]
        service.readiness = .probe
        service.probe = ["/bin/sh", "-c", "test \"$KEY\" = value && grep here /tmp/amos-probe"]
        service.probeIntervalMilliseconds = 20
        service.environment = ["KEY=value"]
        service.isolation.namespaces = [.network, .pid, .ipc, .uts, .user]
        service.isolation.hasPrivateTemporaryFiles = true
        service.resources.outOfMemoryScore = 100
        let supervisor = try RunningSupervisor([service])
        #expect(supervisor.wait { supervisor.state(of: "probed") == "ready" }, "\(supervisor.said)")
        #expect(!FileManager.default.fileExists(atPath: "/tmp/amos-probe"))
    }
}
