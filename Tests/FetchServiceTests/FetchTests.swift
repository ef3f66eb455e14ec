import Foundation
import Testing
import Transfer

@Suite struct FetchTests {
    static let server = Result { try TestServer() }

    @Test(arguments: [
        "file/0", "file/1", "file/100000", "file/3000000", "noranges/5000", "closing/70000", "chunked/70000",
        "hops/1", "hops/5", "cut/100000/30000", "cutnoranges/100000/30000", "busy/2",
    ])
    func everythingComes(path: String) throws {
        let (rig, server) = (try FetchRig(), try Self.server.get())
        let outcome = try rig.fetch(server.address(path))
        #expect(outcome.code == FetchReply.done, "\(outcome.reason)")
        let parts = path.split(separator: "/")
        let count = parts[0] == "hops" || parts[0] == "busy" ? 100 : Int(parts[1])!
        #expect(outcome.body == TestServer.body(count))
    }

    @Test(arguments: ["file/100000", "noranges/100000", "cut/100000/9000"])
    func aPartIsAPart(path: String) throws {
        let (rig, server) = (try FetchRig(), try Self.server.get())
        let whole = TestServer.body(100_000)
        for (first, count) in [(0, 1), (5, 20_000), (99_999, 1), (99_000, 5000)] {
            var request = FetchRequest(server.address(path), byteLimit: 100_000)
            (request.first, request.count) = (UInt64(first), UInt64(count))
            let outcome = try rig.fetch(request)
            #expect(outcome.code == FetchReply.done, "\(outcome.reason)")
            #expect(outcome.body == Array(whole[first..<min(first + count, whole.count)]))
            #expect(outcome.length == 100_000)
        }
    }

    @Test func theRestIsFetchedFromWhereItStopped() throws {
        let (rig, server) = (try FetchRig(), try Self.server.get())
        var request = FetchRequest(server.address("file/90000"), byteLimit: 90_000)
        request.first = 89_990
        #expect(try rig.fetch(request).body == Array(TestServer.body(90_000)[89_990...]))
        // Everything was there already.
        request.first = 90_000
        let nothing = try rig.fetch(request)
        #expect(nothing.code == FetchReply.done && nothing.body.isEmpty, "\(nothing.reason)")
        request.first = 90_001
        #expect(try rig.fetch(request).code == TransferError.wrongRange.code)
    }

    @Test(arguments: [
        ("absent", TransferError.absent(status: 404)), ("status/403", .absent(status: 403)),
        ("status/401", .refused(status: 401)), ("hops/6", .tooManyRedirects(limit: 5)),
        ("to/ftp://example.com/", .badAddress("ftp://example.com/")),
        ("endless", .tooLong(limit: 50_000)), ("file/50001", .tooLong(limit: 50_000)),
        ("chunked/50001", .tooLong(limit: 50_000)), ("changing/40000/100", .changed),
    ])
    func endsAreClear(path: String, error: TransferError) throws {
        let (rig, server) = (try FetchRig(), try Self.server.get())
        let outcome = try rig.fetch(server.address(path), limit: 50_000)
        #expect(outcome.code == error.code)
        #expect(outcome.reason == error.description)
        #expect(outcome.body.count <= 50_000)
    }

    /// With short patience: the server's own would outlast the test.
    @Test(arguments: [
        ("silent/1", "no answer"), ("slow/4000", "slower than"), ("cut/1000/0", "connection broke"),
        ("busy/1000", "answered 503"),
    ])
    func badServersAreGivenUp(path: String, reason: String) throws {
        let (rig, server) = (try FetchRig(patience: 150), try Self.server.get())
        let outcome = try rig.fetch(server.address(path))
        #expect(outcome.code == TransferError.unreachable(reason: "", attempts: 0).code)
        #expect(outcome.reason.contains(reason) && outcome.reason.hasSuffix("(6 attempts)"))
    }

    @Test func aDeadlineEndsATrickle() throws {
        let (rig, server) = (try FetchRig(), try Self.server.get())
        var request = FetchRequest(server.address("slow/4000"), byteLimit: 4000)
        request.seconds = 1
        let outcome = try rig.fetch(request)
        #expect(outcome.code == TransferError.deadline(seconds: 1).code)
        #expect(outcome.body.count < 4000 && outcome.body.allSatisfy { $0 == UInt8(ascii: "x") })
    }

    @Test func hashesAreChecked() throws {
        let (rig, server) = (try FetchRig(), try Self.server.get())
        var request = FetchRequest(server.address("file/3"), byteLimit: 3)
        // sha256 of 00 1f 3e
        request.sha256 = [UInt8](repeating: 0, count: 32)
        #expect(try rig.fetch(request).code == TransferError.wrongHash.code)
        request.sha256 = Self.sha256(TestServer.body(3))
        #expect(try rig.fetch(request).code == FetchReply.done)
    }

    /// By a program that is not ours.
    static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
        let (input, output) = (Foundation.Pipe(), Foundation.Pipe())
        (process.standardInput, process.standardOutput) = (input, output)
        try? process.run()
        input.fileHandleForWriting.write(Data(bytes))
        try? input.fileHandleForWriting.close()
        let text = output.fileHandleForReading.readDataToEndOfFile().prefix(64)
        process.waitUntilExit()
        let digits = String(decoding: text, as: UTF8.self)
        return stride(from: 0, to: 64, by: 2).map { place in
            let start = digits.index(digits.startIndex, offsetBy: place)
            return UInt8(digits[start..<digits.index(start, offsetBy: 2)], radix: 16) ?? 0
        }
    }

    @Test(arguments: ["http://127.0.0.1:1/", "http://localhost:1/", "http://name.invalid/"])
    func nobodyIsThere(address: String) throws {
        let outcome = try FetchRig(patience: 100).fetch(address)
        #expect(outcome.code == TransferError.unreachable(reason: "", attempts: 0).code)
        #expect(outcome.reason.contains("cannot "))
    }

    @Test(arguments: ["ftp://x/", "http:///", "http://user@host/", "http://host:0/", "x", ""])
    func addressesAreChecked(address: String) throws {
        #expect(try FetchRig().fetch(address).code == TransferError.badAddress("").code)
    }

    @Test func privateAddressesAreRefusedWhereOnlyPublicOnesMayBe() throws {
        let (rig, server) = (try FetchRig(), try Self.server.get())
        for host in ["127.0.0.1", "localhost"] {
            var request = FetchRequest("http://\(host):\(server.ports[0])/file/1", byteLimit: 10)
            request.publicOnly = true
            #expect(try rig.fetch(request).code == TransferError.privateAddress("").code)
        }
    }

    @Test func oneCallerAsksOneAfterTheOther() throws {
        let server = try TestServer()
        let rig = try FetchRig()
        let socket = try rig.connect()
        for first in 0..<5 {
            var request = FetchRequest(server.address("file/70000"), byteLimit: 70_000)
            (request.first, request.count) = (UInt64(first * 1000), 1000)
            let outcome = try FetchRig.ask(request, socket)
            #expect(outcome.body == Array(TestServer.body(70_000)[first * 1000..<first * 1000 + 1000]))
        }
        let asked = try server.requests(rig).filter { $0.path == "/file/70000" }
        #expect(asked.map(\.range) == (0..<5).map { "bytes=\($0 * 1000)-\($0 * 1000 + 999)" })
    }

    /// Sixteen at once; one of them reads nothing, and its server has to wait.
    @Test func aSlowCallerKeepsNobodyWaiting() throws {
        let (rig, server) = (try FetchRig(), try Self.server.get())
        let slow = try rig.connect()
        try slow.write(FetchRequest(server.address("file/3000000"), byteLimit: 3_000_000).encode())
        for _ in 0..<20 {
            #expect(try rig.fetch(server.address("file/100000")).body == TestServer.body(100_000))
        }
        let status = try String(contentsOfFile: "/proc/\(rig.processID)/status", encoding: .utf8)
        let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
        let kilobytes = try #require(Int(line.filter(\.isNumber)))
        #expect(kilobytes < 30_000)
        #expect(try FetchRig.answer(slow).body == TestServer.body(3_000_000))
    }

    @Test func aRateIsKept() throws {
        let (rig, server) = (try FetchRig(), try Self.server.get())
        var request = FetchRequest(server.address("file/60000"), byteLimit: 60_000)
        request.bytesPerSecond = 50_000
        let start = ContinuousClock.now
        #expect(try rig.fetch(request).body == TestServer.body(60_000))
        // No machine is so slow that this is reached by chance, and none so fast that it is not.
        #expect(ContinuousClock.now - start > .milliseconds(900))
    }

    @Test func halfARequestKeepsNobodyWaiting() throws {
        let rig = try FetchRig()
        let server = try Self.server.get()
        let slow = try rig.connect()
        let request = FetchRequest(server.address("file/10"), byteLimit: 100).encode()
        try slow.write(Array(request.prefix(20)))
        #expect(try rig.fetch(server.address("file/10")).body == TestServer.body(10))
        try slow.write(Array(request.dropFirst(20)))
        #expect(try FetchRig.answer(slow).body == TestServer.body(10))
    }

    @Test func rubbishEndsTheConversation() throws {
        let rig = try FetchRig()
        let socket = try rig.connect()
        try socket.write([UInt8](repeating: 0x41, count: 500))
        #expect(try socket.readToEnd(limit: 10).isEmpty)
        // Whoever leaves in the middle is forgotten.
        let server = try Self.server.get()
        for _ in 0..<40 {
            let leaving = try rig.connect()
            try leaving.write(FetchRequest(server.address("endless"), byteLimit: 1 << 40).encode())
            _ = try leaving.read(upTo: 100)
        }
        #expect(try rig.fetch(server.address("file/10")).body == TestServer.body(10))
    }
}
