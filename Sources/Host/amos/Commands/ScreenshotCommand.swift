import ArgumentParser
import Emulator
import Foundation

/// `amos screenshot`
struct ScreenshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "screenshot",
        abstract: "Saves what the display of a running handset shows.",
        discussion: """
            EXAMPLES
              amos screenshot virt-phone                  virt-phone.png
              amos screenshot virt-phone -o home.png
            """)

    @Argument(help: "A device that `amos run` has started.", completion: .file(extensions: ["yaml"]))
    var device: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The PNG to write (default: DEVICE.png).", valueName: "file"))
    var output: String?

    @Option(help: ArgumentHelp("Where its images are, if not out/DEVICE.", valueName: "dir"))
    var images: String?

    func run() throws {
        let name = URL(fileURLWithPath: device).deletingPathExtension().lastPathComponent
        guard let handset = RunningHandset(in: images ?? "out/\(name)"), handset.isRunning else {
            throw BridgeAccess.NotRunning(device: name)
        }
        let file = output ?? "\(name).png"
        try handset.screenshot(to: file)
        print("wrote \(file)")
    }
}
