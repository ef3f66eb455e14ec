import ArgumentParser
import Assembly
import DeviceSpec
import Foundation
import HostSystem

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
              amos new app notes               an app of your own; `amos sdk install` first
            """,
        subcommands: [
            BuildCommand.self, RunCommand.self, TestCommand.self, LintCommand.self, SBOMCommand.self,
            LockCommand.self,
            KeysCommand.self, CacheCommand.self,
            NewCommand.self, SchemaCommand.self, DoctorCommand.self, SuperviseCommand.self,
            InspectCommand.self, DiffCommand.self, PackCommand.self, RepoCommand.self,
            TUFClientCommand.self,
            ShellCommand.self, PushCommand.self, PullCommand.self, LogCommand.self, InstallCommand.self,
            UninstallCommand.self, TopCommand.self, ScreenshotCommand.self,
            SDKCommand.self, DevCommand.self,
        ])

    /// Exit status: 0 ok, 1 failure, 2 wrong usage or wrong input file.
    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
            try Terminal.finishOutput()
        } catch let code as ExitCode {
            Foundation.exit(code.rawValue)
        } catch let error as DiagnosticList {
            for diagnostic in error.diagnostics {
                Terminal.printError(diagnostic.text(relativeTo: FileManager.default.currentDirectoryPath))
            }
            Terminal.printError(error.summary)
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
        Terminal.printError("\(label) \(plain(error))")
        Foundation.exit(WrongInput.isCause(of: error) ? ExitStatus.wrongInput : ExitStatus.failure)
    }

    /// Foundation's errors print as dictionaries; what they say is a path and the system's reason.
    private static func plain(_ error: any Error) -> String {
        guard let cocoa = error as? CocoaError, let path = cocoa.filePath ?? cocoa.url?.path else {
            return "\(error)"
        }
        guard let code = (cocoa.underlying as? POSIXError)?.code else {
            return "cannot use \(path): \(cocoa.localizedDescription)"
        }
        return SystemError("use", path, code: code.rawValue).description
    }
}

enum ExitStatus {
    static let success: Int32 = 0
    static let failure: Int32 = 1
    static let wrongInput: Int32 = 2
}
