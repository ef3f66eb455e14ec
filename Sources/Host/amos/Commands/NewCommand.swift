import ArgumentParser
import DeviceSpec
import Foundation

/// `amos new`: starts something that the person goes on writing.
struct NewCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Starts a device of your own.",
        subcommands: [NewDevice.self])

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
}
