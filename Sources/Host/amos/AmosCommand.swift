import ArgumentParser
import Assembly
import DeviceSpec
import Foundation

/// The command line: parsing and messages only.
@main
struct AmosCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "amos",
        abstract: "Builds, boots and inspects handset operating systems.",
        discussion: """
            A handset is described in one YAML file. DEVICE is such a file, or the name of a shipped one.

            EXAMPLES
              amos run virt-phone              build it if needed, boot it, and be its console
              amos test virt-phone --junit r.xml
              amos new device tablet           a device file of your own
            """,
        subcommands: [
            BuildCommand.self, RunCommand.self, TestCommand.self, SBOMCommand.self, LockCommand.self,
            KeysCommand.self, CacheCommand.self,
            NewCommand.self, SchemaCommand.self, DoctorCommand.self,
            InspectCommand.self, DiffCommand.self,
        ])

    /// Exit status: 0 ok, 1 failure, 2 wrong usage or wrong input file.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch let error as DiagnosticList {
            for diagnostic in error.diagnostics {
                Terminal.printError(diagnostic.text(relativeTo: FileManager.default.currentDirectoryPath))
            }
            let count = error.diagnostics.count
            Terminal.printError(count == 1 ? "1 error" : "\(count) errors")
            Foundation.exit(ExitStatus.wrongInput)
        } catch let error as WrongInput {
            Terminal.printError("amos: \(error.message)")
            Foundation.exit(ExitStatus.wrongInput)
        } catch {
            report(error)
        }
    }

    /// ArgumentParser's own errors are wrong usage; help and version requests arrive as errors too.
    private static func report(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        if code == .success || code == .validationFailure {
            let message = fullMessage(for: error)
            if code == .success { print(message) } else { Terminal.printError(message) }
            Foundation.exit(code == .success ? ExitStatus.success : ExitStatus.wrongInput)
        }
        let label = Terminal.styled("amos:", .red, on: Terminal.isError)
        Terminal.printError("\(label) \(error)")
        Foundation.exit(ExitStatus.failure)
    }
}

enum ExitStatus {
    static let success: Int32 = 0
    static let failure: Int32 = 1
    static let wrongInput: Int32 = 2
}

/// The person named something that is not there or not of the right kind.
struct WrongInput: Error {
    let message: String
}
