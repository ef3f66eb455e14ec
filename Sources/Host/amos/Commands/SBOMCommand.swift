import ArgumentParser
import Assembly
import Foundation
import HostSystem

/// `amos sbom`: what is on a handset, from where, under which licences.
struct SBOMCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sbom",
        abstract: "Prints a device's bill of materials as SPDX JSON.",
        discussion: """
            EXAMPLES
              amos sbom virt-phone > virt-phone.spdx.json
              amos sbom virt-phone --variant user --licences licences/
            """)

    @OptionGroup var options: DeviceOptions

    @Option(help: ArgumentHelp("Also write every package's licence text here.", valueName: "dir"))
    var licences: String?

    func run() throws {
        let builder = ImageBuilder(home: try AmosHome.locate())
        let bill = try builder.billOfMaterials(try options.request())
        try Terminal.write(try bill.document.encoded())
        guard let licences else { return }
        try FileManager.default.createDirectory(atPath: licences, withIntermediateDirectories: true)
        let texts =
            bill.licences.map { (name: $0.package, storedPath: $0.storedPath) } + bill.commonLicences
        for text in texts {
            let bytes = try [UInt8](Data(contentsOf: URL(fileURLWithPath: text.storedPath)))
            try OutputFile.write(bytes, to: "\(licences)/\(text.name).txt")
        }
        Terminal.printError("wrote \(texts.count) licence texts to \(licences)")
    }
}
