import Foundation

/// The adb of this machine, with a home, a key and a server of its own, for a handset behind a port.
final class AdbClient: Sendable {
    let folder = Workshop.unusedPath("adb")
    /// Of the handset, on 127.0.0.1.
    let port = AdbClient.freePort()
    private let serverPort = AdbClient.freePort()

    struct Answer: Sendable {
        let status: Int32
        let bytes: [UInt8]

        /// What it printed, errors included.
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    init() throws {
        try FileManager.default.createDirectory(
            atPath: folder + "/.android", withIntermediateDirectories: true)
        _ = run(["adb", "keygen", folder + "/.android/adbkey"])
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    var publicKey: String { folder + "/.android/adbkey.pub" }

    var environment: [String: String] {
        [
            "HOME": folder, "ANDROID_ADB_SERVER_PORT": "\(serverPort)", "TMPDIR": folder,
            // Or the server looks for emulators of others.
            "ADB_LOCAL_TRANSPORT_MAX_PORT": "5554",
        ]
    }

    func adb(_ arguments: String...) -> Answer { run(["adb", "-s", "127.0.0.1:\(port)"] + arguments) }

    /// Tries for as long as a handset may take to boot.
    func connect() -> Bool {
        for _ in 0..<600 {
            if run(["adb", "connect", "127.0.0.1:\(port)"]).text.contains("connected to"),
                adb("get-state").text == "device\n"
            {
                return true
            }
            usleep(200_000)
        }
        return false
    }

    func end() { _ = run(["adb", "kill-server"]) }

    func sha256(_ path: String) -> String { String(run(["sha256sum", path]).text.prefix(64)) }

    /// Foundation waits until nobody holds a socket of its own any more, and adb's server would inherit it.
    private static let closing =
        #"for f in /proc/$$/fd/*; do n=${f##*/}; [ "$n" -gt 2 ] && eval "exec $n>&-"; done; exec "$@""#

    func run(_ words: [String]) -> Answer {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/bash")
        process.arguments = ["-c", Self.closing, "bash", "timeout", "120"] + words
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let output = folder + "/" + UUID().uuidString
        _ = FileManager.default.createFile(atPath: output, contents: nil)
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: output)
        process.standardError = process.standardOutput
        guard (try? process.run()) != nil else { return Answer(status: -1, bytes: []) }
        process.waitUntilExit()
        let bytes = [UInt8]((try? Data(contentsOf: URL(fileURLWithPath: output))) ?? Data())
        return Answer(status: process.terminationStatus, bytes: bytes)
    }

    static func freePort() -> UInt16 {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 && getsockname(socket, $0, &size) == 0
            }
        }
        return isBound ? UInt16(bigEndian: address.sin_port) : 0
    }
}
