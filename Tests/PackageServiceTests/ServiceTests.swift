import Bridge
import Foundation
import LinuxSystem
import Packages
import Referees
import Testing

@testable import amos_pkgd

/// Where the build machine's file system cannot seal: the file's mode says that it is, and the digest is that
/// of the image writer. Nothing that ships knows of it.
enum TestSealer: FileSealer {
    static func seal(_ path: String) throws(SystemCallError) {
        try FileDescriptor.open(path).setPermissions(0o444)
    }

    static func measure(_ path: String) throws(SystemCallError) -> [UInt8] {
        guard try FileDescriptor.open(path).status().permissions == 0o444,
            let digest = try? TestPackage.verity(file: path)
        else { throw SystemCallError("measure", path, code: 61) }
        return digest.bytes
    }
}

/// The service in a folder of its own, with `amosctl` as another program.
@Suite struct ServiceTests {
    @Test func packagesComeAndGo() throws {
        let folder = try ServiceFolder()
        let running = RunningService(try PackageService<TestSealer>(folder.options), folder)
        defer { running.end() }
        let notes = TestPackage(blocks: 300)
        #expect(try folder.install(notes.bytes) == "Success")
        #expect(try folder.install(TestPackage(id: "org.other.tool", key: 1).bytes) == "Success")
        let list = try folder.json("list") as? [[String: Any]]
        #expect(list?.map { $0["id"] as? String } == ["com.example.notes", "org.other.tool"])
        #expect(list?.first?["payload_bytes"] as? Int == 300 * 4096)
        #expect(folder.amosctl("list").output.split(separator: "\n").count == 3)
        let details = try folder.json("show", "com.example.notes") as? [String: Any]
        #expect(details?["licence"] as? String == "MIT")
        let payload = try #require(details?["payload"] as? String)
        let path = folder.path + "/packages/payloads/" + payload
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == Data(notes.payload))
        #expect(folder.amosctl("verify").status == 0)
        #expect(try folder.install(TestPackage(key: 1).bytes).contains("another key"))
        #expect(folder.amosctl("remove", "org.other.tool").output == "removed org.other.tool 1.1.0\n")
        #expect(folder.amosctl("remove", "org.other.tool").errors.contains("is not installed"))
        #expect((try folder.json("history") as? [Any])?.count == 3)
        #expect(folder.amosctl("gc").output == "0 files removed\n")
        // One byte of the payload, behind the service's back.
        chmod(path, 0o644)
        let file = try FileDescriptor.open(path, .readWrite)
        try file.write([0xff], at: 5000)
        chmod(path, 0o444)
        let verify = folder.amosctl("verify")
        #expect(verify.status == 1 && verify.output.contains("com.example.notes"))
    }

    @Test func aSlowClientKeepsNobodyWaiting() throws {
        let folder = try ServiceFolder()
        let running = RunningService(try PackageService<TestSealer>(folder.options), folder)
        defer { running.end() }
        let bytes = try TestPackage().bytes
        let slow = try folder.connect()
        try slow.write(PackageServiceRequest(.install, size: UInt64(bytes.count)).encode())
        try slow.write(Array(bytes.prefix(6000)))
        #expect(try folder.install(TestPackage(id: "org.other.tool", key: 1).bytes) == "Success")
        try slow.write(Array(bytes.dropFirst(6000)))
        #expect(ServiceFolder.line(try slow.readToEnd(limit: 1024)) == "Success")
        #expect((try folder.json("list") as? [Any])?.count == 2)
    }

    /// As it ships: with a kernel that can seal here, or refusing everything.
    @Test func theProgramTakesNothingThatTheKernelCannotSeal() throws {
        let folder = try ServiceFolder()
        let probe = folder.path + "/probe"
        try FileDescriptor.open(probe, [.writeOnly, .create]).write([UInt8](repeating: 1, count: 4096))
        let canSeal = (try? Verity.seal(probe)) != nil
        let process = Process()
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("amos-pkgd"))
        process.arguments = [
            "--directory", folder.path + "/packages", "--run", folder.path, "--policy",
            folder.path + "/policy", "--listen",
        ]
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/null")
        try process.run()
        defer {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
        while process.isRunning, (try? folder.connect()) == nil { usleep(10_000) }
        let answer = try folder.install(TestPackage().bytes)
        #expect(canSeal ? answer == "Success" : answer.contains("no fs-verity"), "\(answer)")
        #expect((try folder.json("list") as? [Any])?.count == (canSeal ? 1 : 0))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path + "/packages/incoming")
        #expect(left.isEmpty)
    }
}

/// A service that runs beside the test.
final class RunningService: @unchecked Sendable {
    private let service: PackageService<TestSealer>
    private let folder: ServiceFolder
    private let lock = NSLock()
    private var isEnding = false
    private let hasEnded = DispatchSemaphore(value: 0)

    init(_ service: PackageService<TestSealer>, _ folder: ServiceFolder) {
        (self.service, self.folder) = (service, folder)
        Thread { [self] in
            while !lock.withLock({ self.isEnding }), (try? self.service.turn()) != nil {}
            hasEnded.signal()
        }.start()
    }

    /// One more connection wakes it.
    func end() {
        lock.withLock { isEnding = true }
        _ = try? folder.connect()
        hasEnded.wait()
    }
}

final class ServiceFolder: Sendable {
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    /// Socket paths have at most 107 bytes: a short folder.
    let path = "/tmp/pkgd-\(UUID().uuidString.prefix(13))"

    init() throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        try write(InstallPolicy(sideload: .allowed, architecture: .any))
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var options: Options {
        var options = Options()
        (options.directory, options.runDirectory, options.listens) = (path + "/packages", path, true)
        options.dataDirectory = path + "/apps"
        (options.policyFile, options.developerModeFile) = (path + "/policy", path + "/developer-mode")
        options.repositories = path + "/repositories"
        options.program = BuiltProgram.path("amos-pkgd")
        return options
    }

    func write(_ policy: InstallPolicy) throws {
        try Data(policy.encode()).write(to: URL(fileURLWithPath: path + "/policy"))
    }

    func connect() throws -> FileDescriptor {
        let name = path + "/" + PackageServiceRequest.socketName.description
        let socket = try StreamSocket.connect(toLocal: Array(name.utf8), isAbstract: false)
        try socket.setBlocking(true)
        return socket
    }

    /// The answer's line.
    func install(_ bytes: [UInt8]) throws -> String {
        let socket = try connect()
        try socket.write(PackageServiceRequest(.install, size: UInt64(bytes.count)).encode())
        // It may answer before it has read everything.
        try? socket.write(bytes)
        return Self.line(try socket.readToEnd(limit: 1024))
    }

    static func line(_ bytes: [UInt8]) -> String {
        String(decoding: PackageServiceRequest.reply(bytes), as: UTF8.self)
    }

    func amosctl(_ arguments: String...) -> Outcome { run(["pkg"] + arguments) }

    func amosctl(_ arguments: [String]) -> Outcome { run(["pkg"] + arguments) }

    /// By a parser that is not ours.
    func json(_ arguments: String...) throws -> Any {
        let outcome = run(["pkg"] + arguments + ["--json"])
        return try JSONSerialization.jsonObject(with: Data(outcome.output.utf8), options: .fragmentsAllowed)
    }

    func run(_ arguments: [String]) -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("amosctl"))
        process.arguments = ["--run", path] + arguments
        let (output, errors) = (Foundation.Pipe(), Foundation.Pipe())
        (process.standardOutput, process.standardError) = (output, errors)
        guard (try? process.run()) != nil else { return Outcome(status: -1, output: "", errors: "") }
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: text, errors: message)
    }
}
