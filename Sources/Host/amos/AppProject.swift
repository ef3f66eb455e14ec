import Assembly
import DeviceSpec
import Foundation
import HostSystem
import Packaging

/// An app's folder, as `amos dev` works on it: sources → program → package.
struct AppProject {
    let folder: String
    /// Instead of the package's own key.
    var key: String?
    /// Where the Swift SDK is, if not where SwiftPM looks for it.
    var sdks: String?

    struct BuildFailed: Error, CustomStringConvertible {
        let message: String

        var description: String { "swift build failed:\n" + message }
    }

    struct NoSDK: Error, CustomStringConvertible {
        let description = "the Swift SDK \(AppSDK.name) is not installed: run `amos sdk install`"
    }

    private var isSwiftPackage: Bool { access(folder + "/Package.swift", F_OK) == 0 }

    /// Does nothing where there is nothing to compile.
    func build() throws {
        guard isSwiftPackage else { return }
        let sdkFolder = sdks ?? SDKCommand.standardFolder
        guard AppSDK.key(of: "\(sdkFolder)/\(AppSDK.bundleName)") != nil else { throw NoSDK() }
        let swift = try Tool("swift", package: "swift (from swift.org)")
        let result = try swift.run(
            [
                "build", "--package-path", folder, "-c", "release", "--swift-sdk", AppSDK.name,
                "--swift-sdks-path", sdkFolder,
            ])
        guard result.status == 0 else {
            throw BuildFailed(message: (result.text + result.errorText).trimmingCharacters(in: .newlines))
        }
    }

    /// Beside what the compiler leaves; named so that adb takes it.
    func pack() throws -> PackageBuilder.Result {
        let description = try PackageDescription(folder: folder)
        try FileManager.default.createDirectory(
            atPath: folder + "/.build", withIntermediateDirectories: true)
        return try PackageBuilder(description, keyName: key).build(
            to: "\(folder)/.build/\(description.manifest.id).apk")
    }
}
