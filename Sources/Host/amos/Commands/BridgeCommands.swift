import ArgumentParser
import Foundation

/// What the friendly front ends of adb have in common: they find the handset that `amos run` has started.
struct RunningOptions: ParsableArguments {
    @Argument(help: "A device that `amos run` has started.", completion: .file(extensions: ["yaml"]))
    var device: String

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Where its images are, if not out/DEVICE.", valueName: "dir"))
    var output: String?

    /// Becomes adb, talking with that handset.
    func become(_ command: [String]) throws -> Never {
        try HandsetBridge(device: device, images: output).become(command)
    }
}

/// `amos shell`
struct ShellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Opens a shell on a running handset, or runs a command there.")

    @OptionGroup var options: RunningOptions

    @Argument(parsing: .captureForPassthrough, help: "The command; its exit status becomes this one's.")
    var command: [String] = []

    func run() throws { try options.become(["shell"] + command.filter { $0 != "--" }) }
}

/// `amos push`
struct PushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "push", abstract: "Copies files or folders to a running handset.")

    @OptionGroup var options: RunningOptions

    @Argument(help: "What to copy, then where: /data/local/tmp is a developer's.")
    var paths: [String]

    func run() throws {
        try options.become(["push"] + (paths.count > 1 ? paths : paths + ["/data/local/tmp/"]))
    }
}

/// `amos pull`
struct PullCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pull", abstract: "Copies files or folders from a running handset.")

    @OptionGroup var options: RunningOptions

    @Argument(help: "What to copy, then where (default: here).")
    var paths: [String]

    func run() throws { try options.become(["pull"] + paths) }
}

/// `amos log`
struct LogCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "log", abstract: "Follows a running handset's log, as `adb logcat` does.",
        discussion: "Options are logcat's: -d ends at the newest line, `-v json`, `logd:W '*:S'` filters.")

    @OptionGroup var options: RunningOptions

    @Argument(parsing: .captureForPassthrough, help: "Options and filters of logcat.")
    var arguments: [String] = []

    func run() throws { try options.become(["logcat"] + arguments.filter { $0 != "--" }) }
}

/// `amos install`
struct InstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install", abstract: "Installs a package, or a bundle, on a running handset.")

    @OptionGroup var options: RunningOptions

    @Argument(help: "The file; adb wants its name to end in .apk, others are sideloaded.")
    var package: String

    func run() throws { try options.become([package.hasSuffix(".apk") ? "install" : "sideload", package]) }
}

/// `amos uninstall`
struct UninstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "uninstall", abstract: "Removes a package from a running handset.")

    @OptionGroup var options: RunningOptions

    @Flag(help: "Keep the package's data.")
    var keepData = false

    @Argument(help: "The package's id.")
    var package: String

    func run() throws { try options.become(["uninstall"] + (keepData ? ["-k"] : []) + [package]) }
}

/// `amos top`
struct TopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "Shows what each service of a running handset uses, live.")

    @OptionGroup var options: RunningOptions

    func run() throws { try options.become(["shell", "-t", "amosctl", "top"]) }
}
