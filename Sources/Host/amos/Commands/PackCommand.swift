import ArgumentParser
import DeviceSpec
import Foundation
import Packaging

/// `amos pack`: makes a package of a folder.
struct PackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pack",
        abstract: "Makes a signed package of a folder.",
        discussion: """
            FOLDER holds package.yaml and, in files/, what goes into the package; `copy` in package.yaml names
            what comes from elsewhere, a program from .build for example. The same files and key give the same
            bytes. Without a key of its own a package is signed with the development key.

            EXAMPLES
              amos pack notes
              amos pack notes --key acme-2026 --output notes.amospkg
              amos inspect notes.amospkg
            """)

    @Argument(help: "A folder with a package.yaml.", completion: .directory)
    var folder: String

    @Option(name: [.short, .long], help: "Where the package goes; ID-VERSION.amospkg unless given.")
    var output: String?

    @Option(help: "The key of `amos keys` that signs it, instead of the package's own.")
    var key: String?

    @Flag(help: "Print what was made as JSON.")
    var json = false

    private struct Row: Encodable {
        var file: String
        var size: UInt64
        var id: String
        var version: String
        var versionCode: UInt64
        var payloadSize: UInt64
        var sha256: String
        var verity: String
        var signer: String
    }

    func run() throws {
        let builder = try PackageBuilder(try PackageDescription(folder: folder), keyName: key)
        let result = try builder.build(to: output ?? builder.fileName)
        let manifest = result.manifest
        if json {
            return try JSONOutput.print(
                Row(
                    file: result.file, size: result.size, id: manifest.id.text,
                    version: manifest.version.text,
                    versionCode: manifest.versionCode, payloadSize: manifest.payload.size,
                    sha256: manifest.payload.sha256.hex, verity: manifest.payload.verity.hex,
                    signer: result.signer.description))
        }
        print(
            "\(result.file): \(manifest.id) \(manifest.version), \(result.files) files, "
                + "\(Terminal.size(result.size)), signed by \(result.signer.description.prefix(16))")
    }
}
