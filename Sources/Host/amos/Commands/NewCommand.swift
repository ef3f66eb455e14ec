import ArgumentParser
import DeviceSpec
import Foundation
import Packaging

/// `amos new`: starts something that the person goes on writing.
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Starts a device or an app of your own.",
        subcommands: [NewDevice.self, NewApp.self])

    struct NewDevice: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "device",
            abstract: "Writes a device file that extends virt-phone, with an example of everything.",
            discussion: """
                EXAMPLES
                  amos new device tablet
                  amos build tablet
                """)

        @Argument(help: "The device's name.")
        var name: String

        func run() throws {
            let folder = FileManager.default.currentDirectoryPath
            for file in try DeviceTemplate(name: name).write(into: folder) { print("wrote \(file)") }
            print("next: amos build \(name)")
        }
    }

    struct NewApp: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "app",
            abstract: "Writes a native Swift app that builds, packs and installs at once.",
            discussion: """
                EXAMPLES
                  amos new app notes --id com.acme.notes
                  cd notes
                  swift build --swift-sdk amos-arm64 -c release && amos pack .
                """)

        @Argument(help: "The app's name, and its folder's.")
        var name: String

        @Option(help: "Its package's id, for ever (default: com.example.NAME).")
        var id: String?

        func run() throws {
            let template = try AppTemplate(name: name, id: id)
            let folder = FileManager.default.currentDirectoryPath
            for file in try template.write(into: folder) { print("wrote \(file)") }
            print("next: cd \(name) && swift build --swift-sdk amos-arm64 -c release && amos pack .")
        }
    }
}
