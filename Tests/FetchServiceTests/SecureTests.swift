import Foundation
import Testing
import Transfer

/// https, by Python's TLS and certificates of the `openssl` program.
@Suite struct SecureTests {
    /// A certificate authority, and servers with certificates of it.
    final class Authority: Sendable {
        let folder = "/tmp/fetchd-ca-\(UUID().uuidString.prefix(8))"

        init() throws {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            try openssl(
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "30", "-subj", "/CN=Test CA", "-keyout", "ca.key", "-out", "ca.pem")
        }

        deinit { try? FileManager.default.removeItem(atPath: folder) }

        var file: String { folder + "/ca.pem" }

        /// A file of a key and its certificate.
        func certificate(_ name: String, days: Int = 10) throws -> String {
            let base = "\(name)-\(days)"
            try openssl(
                "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                "/CN=\(name)", "-keyout", "\(base).key", "-out", "\(base).csr")
            try "subjectAltName=DNS:\(name)\n".write(
                toFile: "\(folder)/\(base).ext", atomically: true, encoding: .utf8)
            // A negative number of days: it ended before it began, which is expired to everybody.
            try openssl(
                "x509", "-req", "-in", "\(base).csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
                "-days", "\(days)", "-extfile", "\(base).ext", "-out", "\(base).crt")
            let parts = try ["key", "crt"].map {
                try String(contentsOfFile: "\(folder)/\(base).\($0)", encoding: .utf8)
            }
            try parts.joined().write(toFile: "\(folder)/\(base).pem", atomically: true, encoding: .utf8)
            return "\(folder)/\(base).pem"
        }

        private func openssl(_ arguments: String...) throws {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
            process.arguments = arguments
            process.currentDirectoryURL = URL(fileURLWithPath: folder)
            process.standardError = FileHandle(forWritingAtPath: "/dev/null")
            process.standardOutput = FileHandle(forWritingAtPath: "/dev/null")
            try process.run()
            process.waitUntilExit()
            try #require(process.terminationStatus == 0, "openssl \(arguments)")
        }
    }

    @Test func serversAreBelievedOnlyWhenTheyProveWhoTheyAre() throws {
        let (own, other) = (try Authority(), try Authority())
        let server = try TestServer(certificates: [
            own.certificate("localhost"), own.certificate("elsewhere.example"),
            own.certificate("localhost", days: -1), other.certificate("localhost"),
        ])
        let rig = try FetchRig(patience: 2000, ["--authorities", own.file])
        let good = try rig.fetch("https://localhost:\(server.ports[1])/file/100000")
        #expect(good.code == FetchReply.done, "\(good.reason)")
        #expect(good.body == TestServer.body(100_000))
        for port in server.ports[2...] {
            let outcome = try rig.fetch("https://localhost:\(port)/file/10")
            #expect(outcome.code == TransferError.unreachable(reason: "", attempts: 0).code, "\(port)")
            #expect(outcome.body.isEmpty)
        }
        // From https to http, and to a plain server as if it were a secure one.
        let down = "https://localhost:\(server.ports[1])/to/\(server.address("file/10"))"
        #expect(try rig.fetch(down).code == TransferError.insecureRedirect(host: "").code)
        let plain = try rig.fetch("https://localhost:\(server.ports[0])/file/10")
        #expect(plain.code != FetchReply.done && plain.body.isEmpty)
        let up = server.address("to/https://localhost:\(server.ports[1])/file/10")
        #expect(try rig.fetch(up).body == TestServer.body(10))
    }

    @Test func withoutAuthoritiesNobodyIsBelieved() throws {
        let own = try Authority()
        let server = try TestServer(certificates: [own.certificate("localhost")])
        let rig = try FetchRig(patience: 500, ["--authorities", "/nonexistent"])
        let outcome = try rig.fetch("https://localhost:\(server.ports[1])/file/10")
        #expect(outcome.code == TransferError.unreachable(reason: "", attempts: 0).code)
        // http does not need them.
        #expect(try rig.fetch(server.address("file/10")).body == TestServer.body(10))
    }

    @Test func aProxyFindsTheServer() throws {
        let own = try Authority()
        let server = try TestServer(certificates: [own.certificate("localhost")])
        let rig = try FetchRig(["--proxy", "localhost:\(server.ports[0])", "--no-proxy", "127.0.0.1"])
        let outcome = try rig.fetch("http://name.only.the.proxy.knows.example/file/5000")
        #expect(outcome.body == TestServer.body(5000), "\(outcome.reason)")
        let asked = try server.requests(rig).map(\.path)
        #expect(asked.contains("CONNECT name.only.the.proxy.knows.example:80"))
        #expect(asked.filter { $0.hasPrefix("CONNECT") }.count == 1)
    }
}
