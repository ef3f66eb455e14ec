import Assembly
import DeviceSpec
import DiskImage
import Emulator
import Foundation
import HostSystem

/// The images that the tests boot. Each is built once, in a folder that goes when the process ends.
enum Workshop {
    private static let prefix = "amos-device-tests."

    static let home: Result<AmosHome, any Error> = Result {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try AmosHome(path: root.path)
    }

    static let folder: String = {
        sweep()
        let path = "\(NSTemporaryDirectory())/\(prefix)\(getpid())"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        atexit { try? FileManager.default.removeItem(atPath: Workshop.folder) }
        return path
    }()

    static let phone = Result { try build("virt-phone", .dev) }
    static let userPhone = Result { try build("virt-phone", .user) }
    static let lite = Result { try build("virt-phone-lite", .dev) }
    static let userLite = Result { try build("virt-phone-lite", .user) }

    /// Builds a shipped device.
    private static func build(_ device: String, _ variant: Device.Variant) throws -> ImageBuilder.Result {
        var request = ImageBuilder.Request(device: device, variant: variant)
        request.outputFolder = "\(folder)/\(device)-\(variant.rawValue)"
        request.wantsQcow2 = device == "virt-phone" && variant == .dev
        return try ImageBuilder(home: home.get()).build(request)
    }

    /// Builds a device file of a test, with the packages that virt-phone has: same lock, no network.
    static func build(_ source: DeviceSource) throws -> ImageBuilder.Result {
        _ = try phone.get()
        try source.takeLock(from: try home.get().rootfs + "/devices/virt-phone.lock")
        var request = ImageBuilder.Request(device: source.file, variant: .dev)
        request.outputFolder = source.folder + "/out"
        return try ImageBuilder(home: home.get()).build(request)
    }

    /// A path for something private to one test.
    static func unusedPath(_ name: String) -> String { "\(folder)/\(UUID().uuidString).\(name)" }

    /// Removes what killed runs left behind.
    private static func sweep() {
        let parent = NSTemporaryDirectory()
        for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        where name.hasPrefix(prefix) {
            guard let owner = pid_t(name.dropFirst(prefix.count)), kill(owner, 0) != 0, errno == ESRCH
            else { continue }
            try? FileManager.default.removeItem(atPath: "\(parent)/\(name)")
        }
    }
}

/// A device file that a test writes: virt-phone with something changed, in a repository of its own.
final class DeviceSource: Sendable {
    let folder: String
    let name: String

    var file: String { "\(folder)/devices/\(name).yaml" }

    /// - Parameter lines: what follows `extends: virt-phone`.
    init(_ name: String, _ lines: String = "", files: [String: String] = [:]) throws {
        self.name = name
        folder = Workshop.unusedPath(name)
        try replace(lines: lines)
        for (path, text) in files { try write(path, text) }
    }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    func replace(lines: String) throws {
        try write("devices/\(name).yaml", "name: \(name)\nextends: virt-phone\n\(lines)")
    }

    func write(_ path: String, _ text: String) throws {
        let file = URL(fileURLWithPath: "\(folder)/\(path)")
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    func takeLock(from lock: String) throws {
        let own = "\(folder)/devices/\(name).lock"
        guard !FileManager.default.fileExists(atPath: own) else { return }
        try FileManager.default.copyItem(atPath: lock, toPath: own)
    }
}
