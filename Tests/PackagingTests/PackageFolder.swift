import DeviceSpec
import DiskImage
import Foundation
import HostSystem
import Packages
import Packaging

/// A folder with a package to be, gone when the test is.
final class PackageFolder {
    static let yaml = """
        id: com.example.notes
        version: 1.4.0
        version-code: 7
        kind: app
        architecture: any
        name: Notes
        licence: MIT
        entry: bin/notes
        """

    let path: String
    let keys: SigningKeyStore

    init(_ yaml: String = PackageFolder.yaml) throws {
        path = NSTemporaryDirectory() + "/amos-packaging-\(UUID().uuidString)"
        keys = SigningKeyStore(folder: path + "/keys")
        try write(yaml + "\n", to: "package.yaml")
        try write("#!/bin/sh\necho notes\n", to: "files/bin/notes")
        chmod(file("files/bin/notes"), 0o755)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ text: String, to name: String) throws { try write(Array(text.utf8), to: name) }

    func write(_ bytes: [UInt8], to name: String) throws {
        let url = URL(fileURLWithPath: file(name))
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: url)
    }

    func read(_ name: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: file(name))))
    }

    @discardableResult
    func pack(to name: String = "a.amospkg", keyName: String? = nil) throws -> PackageBuilder.Result {
        let description = try PackageDescription(folder: path)
        return try PackageBuilder(description, keys: keys, keyName: keyName).build(to: file(name))
    }

    /// What `pack` refuses with, with paths relative to the folder.
    func refusal() -> String {
        do {
            try pack()
            return "packed"
        } catch let error as DiagnosticList {
            return error.text(relativeTo: URL(fileURLWithPath: path).standardizedFileURL.path)
        } catch {
            return "\(error)"
        }
    }
}
