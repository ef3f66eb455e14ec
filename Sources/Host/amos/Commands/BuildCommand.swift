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

    @Flag(help: "Refuse the development signing key and dev images: what is built may be shipped.")
    var release = false

    @Flag(help: "Say for every step why it ran or did not.")
    var explain = false

    @Flag(help: "Build twice under different conditions and name the first difference.")
    var verify = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    /// Two builds that are compared must not share compiled programs.
    @Option(help: .hidden)
    var programs: String?

    func validate() throws {
        guard release, options.variant == .dev else { return }
        throw ValidationError(
            "a dev image has a root shell and takes anybody's packages: a release is made with "
                + "'--variant user --release'")
    }

    func run() throws {
        if verify { return try runVerify() }
        let start = Date()
        var request = try options.request()
        request.wantsQcow2 = format == .qcow2
        request.isRelease = release
        request.programsFolder = programs
        let result = try ImageBuilder.buildShowingProgress(request)
        for warning in result.device.warnings {
            Terminal.printError(warning.text(relativeTo: FileManager.default.currentDirectoryPath))
        }
        // The JSON has the reasons of every step anyway.
        if json { return try JSONOutput.print(Summary(result)) }
        if explain { printExplanation(result) }
        let seconds = String(format: "%.2f s", Date().timeIntervalSince(start))
        let size = Terminal.size(result.bytesOnDisk)
        let verb = result.outcomes.contains(where: \.ran) ? "built" : "up to date:"
        let qcow2 = request.wantsQcow2 ? " and \(result.qcow2Image)" : ""
        print("\(verb) \(result.diskImage) (\(size) on disk)\(qcow2) in \(seconds)")
    }

    private func runVerify() throws {
        var request = try options.request()
        request.isRelease = release
        let progress = VerifyProgress()
        let report = try BuildVerifier(home: try AmosHome.locate()).verify(request) { progress.show($0) }
        progress.finish()
        if json {
            try JSONOutput.print(report)
        } else {
            print(
                Terminal.table(
                    [["VARIED", "FIRST BUILD", "SECOND BUILD"]]
                        + report.variations.map { [$0.what, $0.first, $0.second] }))
            for artefact in report.artefacts {
                print("\(artefact.isSame ? "same" : "DIFFERENT") \(artefact.name) \(artefact.sha256)")
            }
            let seconds = report.seconds.map { String(format: "%.0f s", $0) }.joined(separator: " and ")
            print(report.isReproducible ? "reproducible: two builds (\(seconds)) gave the same bytes" : "")
        }
        guard let difference = report.firstDifference else { return }
        Terminal.printError("amos: the build is not reproducible; \(difference)")
        if let folders = report.folders {
            Terminal.printError("compare: amos diff \(folders.joined(separator: " "))")
        }
        throw ExitCode(ExitStatus.failure)
    }

    private func printExplanation(_ result: ImageBuilder.Result) {
        for outcome in result.outcomes {
            let verb = outcome.isFromCache ? "from the cache" : "ran"
            let why = outcome.ran ? "\(verb): \(outcome.reasons.joined(separator: "; "))" : "up to date"
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
