import ArgumentParser
import Assembly
import DeviceSpec
import Foundation

/// `amos build`: one device file becomes images.
struct BuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build",
        abstract: "Builds a device's images.",
        discussion: """
            Leaves disk.img (sparse raw GPT disk), boot.img (the signed boot image) and image.json (what is in
            them, with digests) in out/DEVICE. Steps whose inputs did not change are not run again.

            EXAMPLES
              amos build virt-phone
              amos build devices/tablet.yaml --variant user --release -o /srv/images/tablet
              amos build virt-phone --explain      why each step ran or did not
              amos build virt-phone --verify       build twice, differently, and compare
            """)

    enum Format: String, ExpressibleByArgument, CaseIterable { case raw, qcow2 }

    @OptionGroup var options: DeviceOptions

    @Option(help: "Also write disk.qcow2 with qcow2.")
    var format: Format = .raw

    @Flag(help: "Refuse the development signing key: what is built may be shipped.")
    var release = false

    @Flag(help: "Say for every step why it ran or did not.")
    var explain = false

    @Flag(help: "Build twice under different conditions and name the first difference.")
    var verify = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        if verify { return }
        let start = Date()
        var request = try options.request()
        request.wantsQcow2 = format == .qcow2
        request.isRelease = release
        let result = try ImageBuilder.buildShowingProgress(request)
        if explain { printExplanation(result) }
        if json { return try JSONOutput.print(Summary(result)) }
        let seconds = String(format: "%.2f s", Date().timeIntervalSince(start))
        let size = Terminal.size(result.bytesOnDisk)
        let verb = result.outcomes.contains(where: \.ran) ? "built" : "up to date:"
        print("\(verb) \(result.diskImage) (\(size) on disk) in \(seconds)")
    }

    private func printExplanation(_ result: ImageBuilder.Result) {
        for outcome in result.outcomes {
            let why = outcome.ran ? "ran: \(outcome.reasons.joined(separator: "; "))" : "up to date"
            print("\(outcome.step): \(why)")
        }
    }

    private struct Summary: Encodable {
        struct Step: Encodable {
            var name: String
            var reasons: [String]
            var milliseconds: Int
        }
        var diskImage: String
        var bootImage: String
        var manifest: String
        var bytesOnDisk: UInt64
        var steps: [Step]

        init(_ result: ImageBuilder.Result) {
            diskImage = result.diskImage
            bootImage = result.bootImage
            manifest = result.manifestFile
            bytesOnDisk = result.bytesOnDisk
            steps = result.outcomes.map {
                Step(name: $0.step, reasons: $0.reasons, milliseconds: $0.milliseconds)
            }
        }
    }
}
