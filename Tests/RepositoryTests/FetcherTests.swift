import Foundation
import HostSystem
import Testing

@testable import Repository

/// A server that does what it likes, and one of ours that `curl` judges.
@Suite struct FetcherTests {
    private final class Server {
        let address: String
        private let process = Process()
        private let input = Pipe()

        init() throws {
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [
                "python3", "-B",
                URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                    .appendingPathComponent("Python/hostile_server.py").path,
            ]
            let output = Pipe()
            process.standardInput = input
            process.standardOutput = output
            try process.run()
            let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
            address = "http://127.0.0.1:\(line.trimmingCharacters(in: .whitespacesAndNewlines))"
        }

        deinit {
            try? input.fileHandleForWriting.close()
            process.waitUntilExit()
        }
    }

    @Test func aServerIsReadAsFarAsAllowed() throws {
        let server = try Server()
        let fetcher = try Fetcher(server.address)
        func answer(_ name: String, _ limit: Int64 = 1_000_000) -> String {
            switch fetcher.fetch(name, byteLimit: limit) {
            case .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
            case .absent: "absent"
            case .failed(let reason): "failed: \(reason)"
            }
        }
        #expect(answer("ok") == "fine")
        #expect(answer("moved") == "fine")
        #expect(answer("ok", 4) == "fine")
        #expect(answer("ok", 3) == "failed: longer than 3 bytes")
        #expect(answer("endless") == "failed: longer than 1000000 bytes")
        #expect(answer("missing") == "absent")
        #expect(answer("forbidden") == "absent")
        #expect(answer("broken") == "failed: the server answered 500")
    }

    @Test func aFolderIsNeverLeft() throws {
        let folder = NSTemporaryDirectory() + "/amos-fetcher-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: folder + "/inner", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try Data("abc".utf8).write(to: URL(fileURLWithPath: folder + "/outer"))
        for name in ["../outer", "x/../../outer"] {
            guard case .absent = try Fetcher(folder + "/inner").fetch(name, byteLimit: 9) else {
                Issue.record("\(name) was read")
                continue
            }
        }
        guard case .failed = try Fetcher(folder).fetch("outer", byteLimit: 2) else {
            Issue.record("three bytes where two are allowed")
            return
        }
    }

    @Test(
        arguments: [
            ("bytes=0-0", 0..<1), ("bytes=2-", 2..<10), ("bytes=-3", 7..<10), ("bytes=4-99", 4..<10),
            ("bytes=-99", 0..<10), ("bytes=10-", nil), ("bytes=5-4", nil), ("bytes=-0", nil),
            ("lines=1-2", 0..<10),
            ("bytes=1-2,4-5", 0..<10), ("bytes=-", 0..<10), ("bytes=a-b", 0..<10),
        ] as [(String, Range<Int64>?)]) func ranges(field: String, expected: Range<Int64>?) throws
    {
        let head = "GET /a HTTP/1.1\r\nHost: x\r\nRange: \(field)\r\n\r\n"
        let request = try #require(FileRequest(Array(head.utf8)))
        #expect(request.range(of: 10) == expected)
    }

    @Test(
        arguments: [
            ("/a/b", "a/b"), ("/a%20b?c", "a b"), ("/../etc/passwd", nil), ("/%2e%2e/x", nil),
            ("/a/%2e%2e/b", nil),
            ("/%00", nil), ("//a", "a"),
        ] as [(String, String?)]) func requestsStayInTheFolder(target: String, expected: String?) throws
    {
        let request = try #require(FileRequest(Array("GET \(target) HTTP/1.1\r\n\r\n".utf8)))
        #expect(request.path == expected)
    }

    @Test func aFolderIsServed() throws {
        let folder = NSTemporaryDirectory() + "/amos-served-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let bytes = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        try Data(bytes).write(to: URL(fileURLWithPath: folder + "/file"))
        let port = try Self.serve(folder)
        let fetcher = try Fetcher("http://127.0.0.1:\(port)")
        guard case .bytes(let fetched) = fetcher.fetch("file", byteLimit: 300_000) else {
            Issue.record("the file was not served")
            return
        }
        #expect(fetched == bytes)
        let curl = try Tool("curl", package: "curl")
        let part = try curl.check(["-sS", "-r", "1000-1999", "http://127.0.0.1:\(port)/file"])
        #expect(part.standardOutput == Array(bytes[1000..<2000]))
        guard case .absent = fetcher.fetch("nothing", byteLimit: 9) else {
            Issue.record("a file that is not there was served")
            return
        }
    }

    /// In a thread that lives as long as the test's process.
    private static func serve(_ folder: String) throws -> UInt16 {
        let server = try FileServer(folder: folder, port: 0)
        let port = server.port
        let box = Box(server)
        Thread.detachNewThread { box.server.run { _, _ in } }
        return port
    }

    private final class Box: @unchecked Sendable {
        let server: FileServer
        init(_ server: consuming FileServer) { self.server = server }
    }
}
