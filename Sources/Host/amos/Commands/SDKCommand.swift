import ArgumentParser
import Assembly
import Foundation

/// `amos sdk`: the Swift SDK that apps are built with.
struct SDKCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sdk",
        abstract: "Makes the Swift SDK that apps are built with.",
        discussion: """
            EXAMPLES
              amos sdk install
              swift build --swift-sdk amos-arm64 -c release
              amos sdk install tablet --output /srv/sdks     a bundle to hand on
              swift sdk remove amos-arm64
            """,
        subcommands: [Install.self])

    /// Where SwiftPM looks for SDKs on Linux: in the person's home, whatever `HOME` says.
    static var standardFolder: String {
        FileManager.default.homeDirectoryForCurrentUser.path + "/.swiftpm/swift-sdks"
    }

    struct Install: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes the SDK from a device's locked packages, where `swift build` finds it.",
            discussion: """
                Run it again after a new Swift or a new lock; if nothing has changed it does nothing.
                """)

        @Argument(help: "The device whose C library apps are built against.")
        var device = "virt-phone"

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("Where the bundle goes (default: SwiftPM's own folder).", valueName: "dir"))
        var output: String?

        @Option(help: ArgumentHelp("The Debian archive (default: the one apt uses).", valueName: "uri"))
        var mirror: String?

        func run() throws {
            let home = try AmosHome.locate()
            let sysroot = try ImageBuilder(home: home).sysroot(for: device, mirror: mirror)
            let sdk = AppSDK(home: home, toolchain: try Toolchain.find(), sysroot: sysroot)
            let folder = URL(fileURLWithPath: output ?? SDKCommand.standardFolder).standardizedFileURL.path
            let isNew = try sdk.install(in: folder)
            print("\(folder)/\(AppSDK.bundleName)\(isNew ? "" : " is up to date")")
            guard output == nil else {
                return print("to use it: swift sdk install \(folder)/\(AppSDK.bundleName)")
            }
            print("next: amos new app NAME, then in it: swift build --swift-sdk \(AppSDK.name) -c release")
        }
    }
}
