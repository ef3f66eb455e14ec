import Foundation

/// amos-bridged of this build on a free loopback port, and adb with a home and a server of its own.
final class RunningBridge: @unchecked Sendable {
    let folder: String
    private let process = Process()
    private(set) var port = 0
    private var servers: Set<String> = []

    var files: String { folder + "/files" }
    var log: String { (try? String(contentsOfFile: folder + "/log", encoding: .utf8)) ?? "" }
    var processID: Int32 { process.processIdentifier }
    var isAlive: Bool { process.isRunning }

    static var programs: String {
        let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        // The tests run inside of `swiftpm-testing-helper` or the bundle: the bundle's folder is an argument.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? own
        return URL(fileURLWithPath: bundle).deletingLastPathComponent().path
    }

    init(_ options: [String] = [], trustsKey: Bool = true) throws {
        folder = NSTemporaryDirectory() + "/amos-bridged.\(UUID().uuidString)"
        for name in ["", "/run", "/data", "/files", "/home"] {
            try FileManager.default.createDirectory(
                atPath: folder + name, withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o777])
            chmod(folder + name, 0o777)
        }
        _ = try makeHome("home")
        process.executableURL = URL(fileURLWithPath: Self.programs + "/amos-bridged")
        process.arguments =
            [
                "--port", "0", "--run", folder + "/run", "--data", folder + "/data", "--home", files,
                "--shell",
                "/bin/sh", "--user", "65534", "--group", "65534", "--product", "test", "--model", "Test",
            ] + (trustsKey ? ["--trust", folder + "/home/.android/adbkey.pub"] : []) + options
        _ = FileManager.default.createFile(atPath: folder + "/log", contents: nil)
        process.standardOutput = FileHandle(forWritingAtPath: folder + "/log")
        try process.run()
        let isListening = wait {
            guard let match = log.firstMatch(of: /listening on port (\d+)/) else { return false }
            port = Int(match.1) ?? 0
            return port > 0
        }
        guard isListening else { throw Failed(text: log) }
    }

    struct Failed: Error { let text: String }

    /// Ends what was started here.
    func end() {
        for home in servers { _ = adb(["kill-server"], home: home) }
        if process.isRunning { process.terminate() }
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: folder)
    }

    func makeHome(_ name: String) throws -> String {
        let home = folder + "/" + name
        try FileManager.default.createDirectory(
            atPath: home + "/.android", withIntermediateDirectories: true)
        _ = run("adb", ["keygen", home + "/.android/adbkey"], ["HOME": home])
        return home
    }

    /// Looks again and again; a minute is longer than a loaded machine takes.
    func wait(_ condition: () -> Bool) -> Bool {
        for _ in 0..<1200 {
            if condition() { return true }
            usleep(50_000)
        }
        return false
    }

    struct Outcome {
        let status: Int32
        let bytes: [UInt8]
        let errors: String

        var output: String { String(decoding: bytes, as: UTF8.self) }
    }

    /// `adb` with this home's server, which starts by itself; connected when `connects`.
    @discardableResult
    func adb(_ arguments: [String], home: String = "home", seconds: Int = 120) -> Outcome {
        run("adb", ["-s", "127.0.0.1:\(port)"] + arguments, environment(home), seconds: seconds)
    }

    func connect(home: String = "home") -> Outcome {
        servers.insert(home)
        return run("adb", ["connect", "127.0.0.1:\(port)"], environment(home))
    }

    func environment(_ home: String) -> [String: String] {
        if serverPorts[home] == nil { serverPorts[home] = Self.freePort() }
        return [
            "HOME": folder + "/" + home, "ANDROID_ADB_SERVER_PORT": "\(serverPorts[home] ?? 0)",
            // Or the server looks for emulators of others.
            "ADB_LOCAL_TRANSPORT_MAX_PORT": "5554", "TMPDIR": folder,
        ]
    }

    private var serverPorts: [String: Int] = [:]

    static func freePort() -> Int {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
            }
        } ? Int(UInt16(bigEndian: address.sin_port)) : 0
    }

    /// Foundation waits until nobody holds a socket of its own any more, and adb's server would inherit it.
    private static let closing =
        #"for f in /proc/$$/fd/*; do n=${f##*/}; [ "$n" -gt 2 ] && eval "exec $n>&-"; done; exec "$@""#

    func run(
        _ program: String, _ arguments: [String], _ environment: [String: String] = [:], seconds: Int = 120,
        input: [UInt8] = []
    ) -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", Self.closing, "bash", "timeout", "\(seconds)", program] + arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let (output, errors) = (unused("out"), unused("err"))
        for file in [output, errors] { _ = FileManager.default.createFile(atPath: file, contents: nil) }
        _ = FileManager.default.createFile(atPath: output + ".in", contents: Data(input))
        process.standardInput = FileHandle(forReadingAtPath: output + ".in")
        // Files: a server that adb starts would keep pipes open.
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = FileHandle(forWritingAtPath: errors)
        guard (try? process.run()) != nil else {
            return Outcome(status: -1, bytes: [], errors: "not started")
        }
        process.waitUntilExit()
        let read = { (path: String) in [UInt8]((try? Data(contentsOf: URL(fileURLWithPath: path))) ?? Data())
        }
        return Outcome(
            status: process.terminationStatus, bytes: read(output),
            errors: String(decoding: read(errors), as: UTF8.self))
    }

    func unused(_ name: String) -> String { "\(folder)/\(name).\(UUID().uuidString)" }

    func write(_ bytes: [UInt8], _ name: String) throws -> String {
        let path = unused(name)
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        return path
    }

    func sha256(_ path: String) -> String { String(run("sha256sum", [path]).output.prefix(64)) }
}
