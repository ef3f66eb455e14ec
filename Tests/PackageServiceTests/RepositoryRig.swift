import DeviceSpec
import DiskImage
import Foundation
import LinuxSystem
import Packages
import Packaging
import Referees
import Repository
import Testing

@testable import amos_pkgd

/// A handset's services with repositories on this machine: `amos-pkgd` with a seal of the tests', its worker,
/// `amos-fetchd` and `amosctl` as they ship, and a web server on loopback.
final class RepositoryRig {
    let folder: ServiceFolder
    private let running: RunningService
    private let fetcher = Process()
    private let servers: [Process]
    let repositories: [String]

    /// - Parameter repositories: folders with `metadata` and `targets`; handsets trust their first root.
    init(_ repositories: [String]) throws {
        folder = try ServiceFolder()
        self.repositories = repositories
        var servers: [Process] = []
        for (index, repository) in repositories.enumerated() {
            let (server, port) = try Self.serve(repository)
            servers.append(server)
            let place = "\(folder.path)/repositories/r\(index)"
            try FileManager.default.createDirectory(atPath: place, withIntermediateDirectories: true)
            try "http://127.0.0.1:\(port)\n".write(
                toFile: place + "/address", atomically: true, encoding: .utf8)
            try FileManager.default.copyItem(
                atPath: repository + "/metadata/1.root.json", toPath: place + "/root.json")
        }
        self.servers = servers
        try folder.write(InstallPolicy(sideload: .denied, architecture: .any))
        running = RunningService(try PackageService<TestSealer>(folder.options), folder)
        fetcher.executableURL = URL(fileURLWithPath: BuiltProgram.path("amos-fetchd"))
        fetcher.arguments = ["--run", folder.path, "--listen", "--patience", "300"]
        fetcher.standardOutput = FileHandle(forWritingAtPath: "/dev/null")
        try fetcher.run()
        let socket = folder.path + "/ipc/fetchd"
        while fetcher.isRunning, !FileManager.default.fileExists(atPath: socket) { usleep(5000) }
    }

    deinit {
        running.end()
        for process in servers + [fetcher] {
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
        }
    }

    /// `serve.py`, which knows ranges and can be told to break off.
    private static func serve(_ folder: String) throws -> (Process, Int) {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Python/serve.py").path
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", "-B", script, folder]
        let output = Foundation.Pipe()
        process.standardOutput = output
        try process.run()
        let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
        let port = try #require(Int(line.trimmingCharacters(in: .newlines)))
        return (process, port)
    }

    /// Lines of `PATH RANGE` that a repository was asked for.
    func requests(_ index: Int = 0) -> [String] {
        let text = (try? String(contentsOfFile: repositories[index] + "/requests", encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    func installed() throws -> [String: String] {
        let list = try folder.json("list") as? [[String: Any]] ?? []
        return Dictionary(
            uniqueKeysWithValues: list.map { ($0["id"] as? String ?? "", $0["version"] as? String ?? "") })
    }
}

/// A repository that `amos repo` makes.
final class MadeRepository {
    let path = "/tmp/repo-\(UUID().uuidString.prefix(13))"
    var folder: RepositoryFolder
    private let keys: SigningKeyStore

    init() throws {
        keys = SigningKeyStore(folder: path + "/keys")
        for name in ["one", "two", "three"] { _ = try keys.create(name) }
        folder = RepositoryFolder(path: path + "/public", keys: keys, now: RepositoryClient.clock)
        try folder.create(keys: ["root": "one"])
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    var place: String { path + "/public" }

    func publish(_ packages: PackedPackage...) throws {
        for package in packages {
            let file = try package.pack(in: path, keys)
            try folder.add([((file as NSString).lastPathComponent, file)])
        }
        try folder.publish()
    }
}

/// A package as `amos pack` makes one.
struct PackedPackage {
    var id = "com.example.notes"
    var code = 1
    var key = "one"
    var description = "Keeps notes"
    var needs: [String] = []
    /// By name.
    var files: [String: [UInt8]] = [:]

    func pack(in folder: String, _ keys: SigningKeyStore) throws -> String {
        let source = "\(folder)/\(id)-\(code)-\(key)"
        try FileManager.default.createDirectory(
            atPath: source + "/files", withIntermediateDirectories: true)
        let yaml = """
            id: \(id)
            version: 1.\(code).0
            version-code: \(code)
            kind: library
            architecture: any
            name: Notes
            description: \(description)
            licence: MIT
            dependencies: [\(needs.joined(separator: ", "))]

            """
        try Data(yaml.utf8).write(to: URL(fileURLWithPath: source + "/package.yaml"))
        for (name, bytes) in files.isEmpty ? ["code": Array("\(code)".utf8)] : files {
            try Data(bytes).write(to: URL(fileURLWithPath: "\(source)/files/\(name)"))
        }
        let file = source + ".amospkg"
        _ = try PackageBuilder(PackageDescription(folder: source), keys: keys, keyName: key).build(to: file)
        return file
    }

    /// Bytes without any order.
    static func noise(_ count: Int, seed: UInt64) -> [UInt8] {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        var bytes = [UInt8](repeating: 0, count: count)
        for index in bytes.indices {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            bytes[index] = UInt8(truncatingIfNeeded: state >> 32)
        }
        return bytes
    }
}
