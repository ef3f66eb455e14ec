import ArgumentParser
import Assembly
import Foundation
import Packaging

/// `amos inspect`: what is in an image or a package.
struct InspectCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows what is in an image or a package.",
        discussion: """
            IMAGE is a disk.img, a boot.img, a system or data partition's image, a folder with a disk.img, or
            a package.
            Signatures, hashes and checksums are tried; exits with status 1 if something is damaged.

            EXAMPLES
              amos inspect out/virt-phone
              amos inspect disk.img --tree
              amos inspect boot.img --json
              amos inspect notes.amospkg
            """)

    @Argument(help: "An image, a folder with one, or a package.", completion: .file())
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
        if PackageFile.isPackage(image) { return try inspectPackage() }
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

    private func inspectPackage() throws {
        let package: PackageFile
        do throws(PackagingError) { package = try PackageFile(image) } catch {
            throw WrongInput(message: error.description)
        }
        if json {
            try JSONOutput.print(PackageReport(package))
        } else {
            print(PackageText(package: package, top: top, showsTree: tree).text)
        }
        for problem in package.problems {
            Terminal.printError("\(Terminal.styled("damaged:", .red, on: Terminal.isError)) \(problem)")
        }
        if !package.problems.isEmpty { throw ExitCode(ExitStatus.failure) }
    }
}
