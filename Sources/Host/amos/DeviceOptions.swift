import ArgumentParser
import Assembly
import DeviceSpec
import Foundation

extension Device.Variant: ExpressibleByArgument {}

/// What every command that works on a device takes.
struct DeviceOptions: ParsableArguments {
    @Argument(
        help: "A device file, or the name of a shipped device.",
        completion: .file(extensions: ["yaml"]))
    var device: String

    @Option(help: "The build variant: user or dev.")
    var variant: Device.Variant = .dev

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Where images go (default: out/DEVICE or -user).", valueName: "dir"))
    var output: String?

    @Option(help: ArgumentHelp("The Debian archive (default: the one apt uses).", valueName: "uri"))
    var mirror: String?

    func request() throws -> ImageBuilder.Request {
        var request = ImageBuilder.Request(device: device, variant: variant)
        request.outputFolder = output
        request.mirror = mirror
        return request
    }
}

extension ImageBuilder {
    /// Builds with progress on a terminal.
    static func buildShowingProgress(_ request: Request) throws -> Result {
        let progress = BuildProgress()
        defer { progress.finish() }
        return try ImageBuilder(home: try AmosHome.locate()).build(request, observer: progress)
    }
}
