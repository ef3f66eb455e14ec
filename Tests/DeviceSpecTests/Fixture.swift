import DeviceSpec
import Foundation

/// The project's own folders, and throw-away ones for files that a test writes.
enum Fixture {
    static let testFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
    static let projectRoot = URL(fileURLWithPath: testFolder).deletingLastPathComponent()
        .deletingLastPathComponent().path
    static let shippedRoot = projectRoot + "/rootfs"

    /// Writes files into a new folder, runs the body, removes the folder.
    static func with<Result>(
        _ files: [String: String], body: (_ folder: String) throws -> Result
    ) throws -> Result {
        let folder = NSTemporaryDirectory() + "/amos-spec-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for (path, text) in files {
            let file = URL(fileURLWithPath: "\(folder)/\(path)")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
        }
        return try body(DeviceRepository(shippedRoot: folder, folder: folder).folder)
    }

    /// A device in a folder of its own that extends virt-phone.
    static func pocket(
        _ lines: String, services: [String: String] = [:], variant: Device.Variant = .user
    ) throws -> Device {
        var files = ["devices/pocket.yaml": "name: pocket\nextends: virt-phone\n" + lines]
        for (name, text) in services { files["services/\(name).yaml"] = text }
        return try with(files) { folder in
            try DeviceRepository(shippedRoot: shippedRoot, folder: folder)
                .device("pocket", variant: variant)
        }
    }
}
