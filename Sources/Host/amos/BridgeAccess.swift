import DeviceSpec
import Emulator
import Foundation
import HostSystem

/// The way of the person's own adb into a handset that `amos run` has started: a forwarded port, the key that
/// is handed over, and a note beside the image that says where.
struct BridgeAccess {
    /// As `services/bridge.yaml` has it.
    private static let guestPort: UInt16 = 5555
    private static let keyName = "opt/amos/adbkey"

    let address: String
    private let note: String

    /// Prepares `machine`; nil for devices without the bridge, and where there is no adb.
    init?(_ device: Device, folder: String, machine: inout MachineConfiguration) throws {
        let hasBridge = device.services.contains { $0.definition.name == "bridge" }
        guard hasBridge, machine.hasNetwork, let key = try Self.publicKey() else { return nil }
        let port = try Self.freePort()
        machine.forwards.append((host: port, guest: Self.guestPort))
        machine.lentFiles.append((name: Self.keyName, path: key))
        address = "127.0.0.1:\(port)"
        note = Self.note(in: folder)
        try Data((address + "\n").utf8).write(to: URL(fileURLWithPath: note), options: .atomic)
    }

    /// The handset does not run any more.
    func forget() { unlink(note) }

    static func note(in folder: String) -> String { "\(folder)/.amos/bridge" }

    /// Where the handset of this image listens; throws when none runs.
    static func running(in folder: String, device: String) throws -> String {
        guard let text = try? String(contentsOfFile: note(in: folder), encoding: .utf8) else {
            throw NotRunning(device: device)
        }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    struct NotRunning: Error, CustomStringConvertible {
        let device: String

        var description: String {
            "no handset of \(device) is running here: start one with `amos run \(device)` in another terminal"
        }
    }

    /// `adbkey.pub` of the person's, made by `adb keygen` where it is absent; nil: there is no adb.
    private static func publicKey() throws -> String? {
        guard let adb = try? Tool("adb", package: "adb") else { return nil }
        let environment = ProcessInfo.processInfo.environment
        let home = environment["HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory()
        let key = home + "/.android/adbkey"
        if access(key + ".pub", R_OK) == 0 { return key + ".pub" }
        try FileManager.default.createDirectory(
            atPath: home + "/.android", withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o750])
        if access(key, R_OK) == 0 {
            let made = try adb.run(["pubkey", key])
            guard made.status == 0 else { throw NoKey(path: key, message: made.errorText) }
            try Data(made.standardOutput).write(to: URL(fileURLWithPath: key + ".pub"))
        } else {
            let made = try adb.run(["keygen", key])
            guard made.status == 0 else { throw NoKey(path: key, message: made.errorText) }
        }
        return key + ".pub"
    }

    struct NoKey: Error, CustomStringConvertible {
        let path: String
        let message: String

        var description: String { "adb can neither read nor make the key \(path): \(message)" }
    }

    /// Of loopback. Another program may take it before QEMU does: then QEMU says so.
    private static func freePort() throws -> UInt16 {
        let socket = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard socket >= 0 else { throw SystemError("open", "a socket") }
        defer { close(socket) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket, $0, size) == 0 ? getsockname(socket, $0, &size) : -1
            }
        }
        guard result == 0 else { throw SystemError("find", "a free port") }
        return UInt16(bigEndian: address.sin_port)
    }
}
