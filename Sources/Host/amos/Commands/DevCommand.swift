import ArgumentParser
import DeviceSpec
import Foundation
import HostSystem

/// `amos dev`: from a saved file to the app on the handset, again and again.
struct DevCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dev",
        abstract: "Builds, packs and installs an app on a running handset at every change of its files.",
        discussion: """
            Then it starts the app and shows what it says; the one before is ended first. Mistakes are shown,
            and mended by the next change. Ctrl-C ends both; the package stays installed.

            EXAMPLES
              amos dev                       the project in this folder, on virt-phone
              amos dev notes --device tablet
              amos dev notes --once          install one time and start nothing, for scripts
            """)

    @Argument(help: "A folder with a package.yaml.", completion: .directory)
    var folder = "."

    @Option(help: "A device that `amos run` has started.")
    var device = "virt-phone"

    @Option(help: ArgumentHelp("Where its images are, if not out/DEVICE.", valueName: "dir"))
    var images: String?

    @Option(help: "The key of `amos keys` that signs, instead of the package's own.")
    var key: String?

    @Option(help: ArgumentHelp("Where the Swift SDK is, if not SwiftPM's own folder.", valueName: "dir"))
    var sdks: String?

    @Flag(help: "Build, pack and install once, start nothing; status 1 if that fails.")
    var once = false

    func run() throws {
        let path = URL(fileURLWithPath: folder).standardizedFileURL.path
        let session = DevSession(
            project: AppProject(folder: path, key: key, sdks: sdks),
            bridge: try HandsetBridge(device: device, images: images))
        if once { return try session.deliver() }
        let watch = try ProjectWatch(path)
        let app = RunningApp(session.bridge)
        while true {
            do {
                try session.deliver { app.end() }
                try app.start(session.package)
            } catch let error as DiagnosticList {
                for diagnostic in error.diagnostics { Terminal.printError(diagnostic.text(relativeTo: path)) }
            } catch {
                Terminal.printError("\(Terminal.styled("amos:", .red, on: Terminal.isError)) \(error)")
            }
            Self.say(Terminal.styled("waiting for changes in \(folder)", .faint))
            try watch.wait()
        }
    }

    /// At once, also into a pipe: whoever reads it waits for it.
    static func say(_ text: String) {
        print(text)
        fflush(nil)
    }
}

/// What is done at each change.
final class DevSession {
    let project: AppProject
    let bridge: HandsetBridge
    /// The id of what was installed.
    private(set) var package = ""

    init(project: AppProject, bridge: HandsetBridge) {
        self.project = project
        self.bridge = bridge
    }

    struct NotInstalled: Error, CustomStringConvertible {
        let message: String

        var description: String { "the handset did not take the package: " + message }
    }

    /// - Parameter beforeInstalling: what runs must not write while its data is copied for the new version.
    func deliver(beforeInstalling: () -> Void = {}) throws {
        let start = Self.now
        try project.build()
        let built = Self.now
        let result = try project.pack()
        beforeInstalling()
        let packed = Self.now
        try install(result.file)
        let installed = Self.now
        package = result.manifest.id.text
        DevCommand.say(
            "\(result.manifest.id) \(result.manifest.version), \(Terminal.size(result.size)): built in "
                + "\(Self.text(built - start)), packed in \(Self.text(packed - built)), installed in "
                + Self.text(installed - packed))
    }

    /// The whole package each time; connects again if the handset was away.
    private func install(_ file: String) throws {
        var answer = try bridge.run(["install", file])
        if answer.status != 0, answer.errorText.contains("not found") || answer.errorText.contains("offline")
        {
            try bridge.connect()
            answer = try bridge.run(["install", file])
        }
        guard answer.status == 0, answer.text.contains("Success") else {
            throw NotInstalled(message: Self.trimmed(answer.text + answer.errorText))
        }
    }

    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func text(_ seconds: Double) -> String { String(format: "%.2f s", seconds) }

    private static func trimmed(_ text: String) -> String {
        text.trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// The app, run by `amosctl pkg run` in a shell on the handset; what it says comes to this terminal. It ends
/// with this process, however that ends (setpriv of util-linux, on every Debian).
final class RunningApp {
    private let bridge: HandsetBridge
    private var child: Process?

    init(_ bridge: HandsetBridge) { self.bridge = bridge }

    deinit { end() }

    /// Its terminal goes, and with it the app.
    func end() {
        guard let child, child.isRunning else { return }
        child.terminate()
        child.waitUntilExit()
    }

    func start(_ package: String) throws {
        // Only root starts apps; on an image that has no root the handset says so below.
        _ = try bridge.run(["root"])
        let setpriv = try Tool("setpriv", package: "util-linux")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: setpriv.path)
        process.arguments =
            ["--pdeathsig", "TERM", bridge.program]
            // A terminal there: for people, the log's levels are words.
            + bridge.words(["shell", "-tt", "exec amosctl pkg run \(package)"])
        process.standardInput = FileHandle.nullDevice
        try process.run()
        child = process
    }
}
