import ArgumentParser
import Assembly
import Foundation

/// `amos inspect`: what is in an image.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows what is in an image.",
        discussion: """
            IMAGE is a disk.img, a boot.img, a system or data partition's image, or a folder with a disk.img.
            Signatures, hashes and checksums are tried; exits with status 1 if something is damaged.

            EXAMPLES
              amos inspect out/virt-phone
              amos inspect disk.img --tree
              amos inspect boot.img --json
            """)

    @Argument(help: "An image, or a folder with one.", completion: .file())
    var image: String

    @Flag(help: "Print the file tree with sizes.")
    var tree = false

    @Option(help: "How many of the largest files and packages to show.")
    var top = 10

    @Flag(help: "Print everything as JSON.")
    var json = false

    func validate() throws {
        if top < 0 { throw ValidationError("--top takes a number from 0 up") }
    }

    func run() throws {
        let inspection: Inspection
        do throws(InspectionError) {
            inspection = try Inspector().inspect(image)
        } catch {
            throw WrongInput(message: error.description)
        }
        if json {
            try JSONOutput.print(inspection)
        } else {
            print(InspectionText(inspection: inspection, top: top, showsTree: tree).text)
        }
        for problem in inspection.problems {
            Terminal.printError(
                "\(Terminal.styled("damaged:", .red, on: Terminal.isError)) \(problem.place): \(problem.text)"
            )
        }
        if !inspection.problems.isEmpty { throw ExitCode(ExitStatus.failure) }
    }
}
