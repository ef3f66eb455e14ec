import Foundation
import LinuxSystem
import Referees
import Testing
import Transfer

/// The program as it ships, in a folder of its own.
final class FetchRig: Sendable {
    /// What has come of a request.
    struct Outcome {
        var length: UInt64?
        var body: [UInt8] = []
        var code: UInt8 = 255
        var reason = ""
    }

    /// Socket paths have at most 107 bytes: a short folder.
    let path = "/tmp/fetchd-\(UUID().uuidString.prefix(13))"
    private let process = Process()

    /// - Parameter patience: milliseconds of every time-out.
    init(patience: Int = 20_000, _ arguments: [String] = []) throws {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        process.executableURL = URL(fileURLWithPath: BuiltProgram.path("amos-fetchd"))
        process.arguments = ["--run", path, "--listen", "--patience", "\(patience)"] + arguments
        process.standardOutput = FileHandle(forWritingAtPath: "/dev/null")
        try process.run()
        while process.isRunning, (try? connect()) == nil { usleep(5000) }
    }

    deinit {
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: path)
    }

    var processID: Int32 { process.processIdentifier }

    func connect() throws -> FileDescriptor {
        let name = path + "/" + FetchReply.socketName.description
        let socket = try StreamSocket.connect(toLocal: Array(name.utf8), isAbstract: false)
        try socket.setBlocking(true)
        return socket
    }

    func fetch(_ request: FetchRequest) throws -> Outcome { try Self.ask(request, connect()) }

    func fetch(_ address: String, limit: UInt64 = 10_000_000) throws -> Outcome {
        try fetch(FetchRequest(address, byteLimit: limit))
    }

    static func ask(_ request: FetchRequest, _ socket: borrowing FileDescriptor) throws -> Outcome {
        try socket.write(request.encode())
        return try answer(socket)
    }

    static func answer(_ socket: borrowing FileDescriptor) throws -> Outcome {
        var outcome = Outcome()
        var bytes: [UInt8] = []
        while true {
            let piece = try socket.read(upTo: 1 << 16)
            if piece.isEmpty { return outcome }
            bytes += piece
            while let (reply, count) = try FetchReply.decode(bytes) {
                bytes.removeFirst(count)
                switch reply {
                case .head(let length): outcome.length = length
                case .body(let more): outcome.body += more
                case .end(let code, let reason):
                    (outcome.code, outcome.reason) = (code, reason)
                    return outcome
                }
            }
        }
    }
}

/// `server.py`, by Python's own HTTP and TLS.
final class TestServer: Sendable {
    private let process = Process()
    private let input = Foundation.Pipe()
    let ports: [Int]

    /// - Parameter certificates: files of a key and its certificate; each gets a port of its own.
    init(certificates: [String] = []) throws {
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("server.py").path
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", script] + certificates
        let output = Foundation.Pipe()
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        var text = ""
        while text.split(separator: "\n").count < certificates.count + 1 || !text.hasSuffix("\n") {
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        ports = text.split(separator: "\n").compactMap { Int($0) }
        #expect(ports.count == certificates.count + 1)
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    func address(_ path: String) -> String { "http://127.0.0.1:\(ports[0])/\(path)" }

    /// What it has been asked for: the connection's port, the path, the range.
    func requests(_ rig: FetchRig) throws -> [(port: String, path: String, range: String)] {
        let text = String(decoding: try rig.fetch(address("requests/")).body, as: UTF8.self)
        return text.split(separator: "\n").map { line in
            let parts = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
            return (parts[0], parts.dropFirst().dropLast().joined(separator: " "), parts.last ?? "")
        }
    }

    /// As `body` in server.py: repeats after 65,536 bytes, which is much faster to make.
    static func body(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count { bytes += period.prefix(count - bytes.count) }
        return bytes
    }

    private static let period = (0..<65_536).map { UInt8(truncatingIfNeeded: $0 * 31 + $0 >> 8) }
}
