import ArgumentParser
import Assembly
import Foundation

/// `amos diff`: what changed between two images.
struct DiffCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows what changed between two images, and by how many bytes.",
        discussion: """
            A and B are images of the same kind, or folders with a disk.img. Files are compared by content.
            Exits with status 0 if no byte differs, 1 if something does, 2 if one of them is no image.

            EXAMPLES
              amos diff out/virt-phone /srv/images/virt-phone
              amos diff old/boot.img new/boot.img --json
            """)

    @Argument(help: "An image, or a folder with one.", completion: .file())
    var a: String

    @Argument(help: "What it is compared with.", completion: .file())
    var b: String

    @Flag(help: "Print the differences as JSON.")
    var json = false

    func run() throws {
        let difference: ImageDifference
        do throws(InspectionError) {
            difference = try ImageComparer().compare(a, b)
        } catch {
            throw WrongInput(message: error.description)
        }
        if json { try JSONOutput.print(difference) } else { show(difference) }
        for problem in difference.problems {
            Terminal.printError("damaged: \(problem.place): \(problem.text)")
        }
        if !difference.isEmpty { throw ExitCode(ExitStatus.failure) }
    }

    private func show(_ difference: ImageDifference) {
        guard !difference.isEmpty else {
            return print("\(difference.first) and \(difference.second) are the same")
        }
        let areas = [
            ("partitions", difference.partitions), ("boot images", difference.bootImages),
            ("slot metadata", difference.slotMetadata), ("packages", difference.packages),
            ("files", difference.files),
        ]
        for (name, changes) in areas where !changes.isEmpty {
            print(Terminal.styled(name, .bold))
            for change in changes { print("  " + line(change)) }
        }
        let totals = difference.totals
        print(
            "\(totals.added) files added, \(totals.removed) removed, \(totals.changed) changed, "
                + "\(signed(totals.byteDelta)) bytes")
    }

    private func line(_ change: ImageDifference.Change) -> String {
        let (mark, style): (String, Terminal.Style) =
            switch change.kind {
            case .added: ("+", .green)
            case .removed: ("-", .red)
            case .changed: ("~", .yellow)
            }
        let delta = change.byteDelta == 0 ? "" : " \(signed(change.byteDelta))"
        return "\(Terminal.styled(mark, style)) \(change.text)\(delta)"
    }

    private func signed(_ bytes: Int64) -> String { bytes > 0 ? "+\(bytes)" : "\(bytes)" }
}
