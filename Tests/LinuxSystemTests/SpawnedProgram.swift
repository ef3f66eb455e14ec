import Foundation
import Services
import Testing

@testable import LinuxSystem
@testable import amos_init

/// Programs that PID 1's own code starts, and what they say about themselves. They share the memory of their
/// parent until they run, one at a time: the suites below run one after the other.
@Suite(.serialized) struct SpawnTests {
    /// What a shell script printed, its complaints included, and how it ended.
    struct Answer {
        var status: Int32
        var text: String
        var lines: [String] { text.split(separator: "\n").map(String.init) }

        /// `Name:  value` of /proc/PID/status.
        subscript(name: String) -> String? {
            guard let line = lines.first(where: { $0.hasPrefix(name + ":") }) else { return nil }
            return line.dropFirst(name.count + 1).trimmingCharacters(in: .whitespaces)
        }
    }

    static let isRoot = geteuid() == 0

    /// Runs `script` as a service that `change` has described.
    static func run(
        _ script: String, _ change: (inout ServiceDefinition) -> Void = { _ in },
        spawn changeSpawn: (inout ProcessSpawn) -> Void = { _ in }
    ) throws -> Answer {
        var service = ServiceDefinition(name: "test")
        service.program = "/bin/sh"
        service.arguments = ["-c", script]
        change(&service)
        let folder = try TestFolder()
        let empty = folder.path + "/empty"
        _ = try FileDescriptor.open(empty, [.writeOnly, .create], permissions: 0)
        let null = try FileDescriptor.open("/dev/null")
        let output = try LinuxSystem.Pipe()
        var spawn = ProcessSpawn(
            path: service.program, arguments: service.arguments,
            environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + service.environment)
        (spawn.input, spawn.output) = (null.rawValue, output.writing.rawValue)
        spawn.isolate(service, emptyFile: empty)
        changeSpawn(&spawn)
        let process = try spawn.start()
        return try answer(of: process, output)
    }

    private static func answer(of process: Int32, _ output: consuming LinuxSystem.Pipe) throws -> Answer {
        // The end of the pipe comes with the end of the last process that has it.
        let number = output.takeReading().release()
        _ = fcntl(number, F_SETFL, 0)
        let file = FileHandle(fileDescriptor: number, closeOnDealloc: true)
        let bytes = file.readDataToEndOfFile()
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0 && errno == EINTR {}
        let signal = status & 0x7f
        return Answer(
            status: signal == 0 ? status >> 8 & 0xff : -signal, text: String(decoding: bytes, as: UTF8.self))
    }

    /// What went wrong, in words.
    static func failure(_ script: String, _ change: (inout ServiceDefinition) -> Void) -> String {
        do {
            let answer = try run(script, change)
            return "it ran: \(answer)"
        } catch {
            return (error as? SystemCallError)?.description ?? "\(error)"
        }
    }
}

/// A folder that goes with this value.
final class TestFolder {
    let path = FileManager.default.temporaryDirectory.resolvingSymlinksInPath()
        .appendingPathComponent("amos-spawn-" + UUID().uuidString).path

    init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path + "/" + name))
    }
}
