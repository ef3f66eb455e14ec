import ArgumentParser
import Assembly
import DeviceSpec
import Foundation

/// `amos lint`: what is wrong or hardly meant in a device's services, and what they could give up.
struct LintCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lint",
        abstract: "Checks a device or a folder of services, and rates what each service can reach.",
        discussion: """
            DEVICE is a device file or the name of a shipped device, or a folder of service \
            files. Everything that can be told without building is told at once; with a build in \
            out/DEVICE, missing programs are found, too. Exits with 2 if something is wrong; \
            warnings alone are 0, or 1 with --strict.

            EXAMPLES
              amos lint virt-phone
              amos lint devices/tablet.yaml --strict
              amos lint rootfs/services --json
            """)

    @Argument(help: "A device file, the name of a shipped device, or a folder.", completion: .file())
    var device: String

    @Option(help: "The build variant: user or dev.")
    var variant: Device.Variant = .dev

    @Option(name: .shortAndLong, help: ArgumentHelp("Where the device was built.", valueName: "dir"))
    var output: String?

    @Flag(help: "Warnings count as failure.")
    var strict = false

    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() throws {
        let report = try report()
        if json {
            try JSONOutput.print(LintDocument(report))
        } else {
            for diagnostic in report.diagnostics.diagnostics {
                print(diagnostic.text(relativeTo: FileManager.default.currentDirectoryPath))
            }
            let summary = report.diagnostics.summary
            if !summary.isEmpty { print(summary) }
            if !report.exposures.isEmpty { printExposures(report.exposures) }
        }
        if report.diagnostics.errorCount > 0 { throw ExitCode(ExitStatus.wrongInput) }
        if strict, report.diagnostics.warningCount > 0 { throw ExitCode(ExitStatus.failure) }
    }

    private func report() throws -> LintReport {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: device, isDirectory: &isFolder), isFolder.boolValue {
            return ServiceFolder.lint(at: device)
        }
        let home = try AmosHome.locate()
        var report = DeviceRepository(shippedRoot: home.rootfs).lint(device, variant: variant)
        guard let device = report.device else { return report }
        let folder = output ?? ImageBuilder.standardFolder(of: device)
        if let files = BuiltFiles(imageFolder: folder) {
            report.diagnostics = DiagnosticList(report.diagnostics.diagnostics + files.missing(of: device))
        }
        return report
    }

    private func printExposures(_ exposures: [ServiceExposure]) {
        let rated = exposures.filter { !$0.aspects.isEmpty }.sorted {
            ($1.points, $0.service) < ($0.points, $1.service)
        }
        guard !rated.isEmpty else { return }
        print(
            Terminal.table(
                [["SERVICE", "EXPOSURE", "", "MOSTLY"]]
                    + rated.map { exposure in
                        let worst = exposure.aspects.filter { $0.points > 0 }
                            .sorted { ($1.points, $0.name) < ($0.points, $1.name) }.prefix(3)
                        return [
                            exposure.service, LintDocument.rating(exposure), exposure.word,
                            worst.map(\.name).joined(separator: ", "),
                        ]
                    }))
        for exposure in rated where !exposure.advice.isEmpty {
            print("\(exposure.service) could:")
            for advice in exposure.advice { print("    \(advice)") }
        }
    }
}

/// The report as scripts read it.
private struct LintDocument: Encodable {
    struct Problem: Encodable {
        var severity: String
        var file: String
        var line: Int
        var column: Int
        var message: String
        var expected: String?
        var suggestion: String?
    }
    struct Service: Encodable {
        var name: String
        /// 0 to 10.
        var exposure: Double
        var word: String
        var points: [String: Double]
        var advice: [String]
    }
    var problems: [Problem]
    var services: [Service]

    init(_ report: LintReport) {
        problems = report.diagnostics.diagnostics.map {
            Problem(
                severity: $0.severity.rawValue, file: $0.location.file, line: $0.location.line,
                column: $0.location.column, message: $0.message, expected: $0.expected,
                suggestion: $0.suggestion)
        }
        services = report.exposures.map { exposure in
            Service(
                name: exposure.service, exposure: Double(exposure.points) / 10, word: exposure.word,
                points: Dictionary(
                    exposure.aspects.map { ($0.name, Double($0.points) / 10) },
                    uniquingKeysWith: { first, _ in first }),
                advice: exposure.advice)
        }
    }

    static func rating(_ exposure: ServiceExposure) -> String {
        "\(exposure.points / 10).\(exposure.points % 10)"
    }
}
