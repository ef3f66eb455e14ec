import Foundation
import HostSystem

/// The person's adb, connected with the handset that `amos run` has started.
struct HandsetBridge {
    private let adb: Tool
    let address: String

    /// - Parameter images: the folder of the image that runs, if not out/DEVICE.
    init(device: String, images: String? = nil) throws {
        adb = try Tool("adb", package: "adb")
        let name = URL(fileURLWithPath: device).deletingPathExtension().lastPathComponent
        address = try BridgeAccess.running(in: images ?? "out/\(name)", device: name)
        try connect()
    }

    /// Again, where a connection was there before: the handset may have been restarted.
    func connect() throws {
        let connected = try adb.run(["connect", address])
        guard connected.status == 0, connected.text.contains("connected to") else {
            throw NotConnected(address: address, message: connected.text + connected.errorText)
        }
    }

    func run(_ command: [String]) throws -> Tool.Output { try adb.run(words(command)) }

    func words(_ command: [String]) -> [String] { ["-s", address] + command }

    var program: String { adb.path }

    /// Becomes adb, talking with that handset.
    func become(_ command: [String]) throws -> Never {
        var pointers: [UnsafeMutablePointer<CChar>?] = ([adb.path] + words(command)).map { strdup($0) }
        pointers.append(nil)
        execv(adb.path, pointers)
        throw SystemError("execute", adb.path)
    }

    struct NotConnected: Error, CustomStringConvertible {
        let address: String
        let message: String

        var description: String {
            "adb cannot connect to \(address): "
                + message.trimmingCharacters(in: .whitespacesAndNewlines)
                + "; is the handset still booting? Its console shows `amosctl bridge list`"
        }
    }
}
