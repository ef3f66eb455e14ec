import ArgumentParser
import Assembly
import DebianBase
import Foundation
import HostSystem

/// `amos supervise`: the handset's init on any Linux.
struct SuperviseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise",
        abstract: "Runs a folder of service files under amos-init, on this machine or for a container.",
        discussion: """
            FOLDER has a file NAME.yaml for each service, with the keys of a handset's services. \
            The supervisor runs in the foreground, as root or as an ordinary user; Ctrl-C or \
            SIGTERM stops everything in order. Without cgroups that it may write to, it says so \
            and keeps services together by process group. What services print is kept by \
            amos-logd.

            The first use builds amos-init, amosctl and amos-logd for this machine: static \
            programs of some hundred kilobytes, which need nothing else.

            EXAMPLES
              amos supervise ./services
              amos supervise ./services --run /tmp/demo     then: /tmp/demo/amosctl status --run /tmp/demo
              unshare --user --map-root-user --fork --pid --mount-proc amos supervise ./services
              amos supervise ./services --root ./rootfs -o ./rootfs
                  puts the programs and the compiled plan into a container's files
            """)

    @Argument(help: "The folder with the service files.", completion: .directory)
    var folder: String

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp(
            "Where sockets go (default: a folder of FOLDER's name in $XDG_RUNTIME_DIR or /tmp).",
            valueName: "dir"))
    var runFolder: String?

    @Option(
        help: ArgumentHelp(
            "Where logs, stamps and timers are kept (default: `state` in the --run folder).",
            valueName: "dir"))
    var state: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "Write programs and plan there, for a container, and start nothing.", valueName: "dir"))
    var output: String?

    @Option(
        help: ArgumentHelp("Look for the services' programs and users below it (with -o).", valueName: "dir"))
    var root: String?

    @Option(help: ArgumentHelp("The Debian archive to fetch headers from, once.", valueName: "url"))
    var mirror: String?

    func validate() throws {
        if root != nil, output == nil {
            throw ValidationError("--root needs -o: nothing can be started there")
        }
    }

    func run() throws {
        let programs = try NativePrograms.build(home: AmosHome.locate(), mirror: mirror) {
            Terminal.printError("\($0) …")
        }
        let services = try SupervisedFolder(folder, root: root ?? "/", programs: programs)
        if let output {
            let command = try services.export(to: absolute(output))
            print("wrote \(output); start in the container: \(command.joined(separator: " "))")
            return
        }
        let run = absolute(runFolder ?? Self.defaultFolder(for: folder))
        let command = try services.prepare(run: run, state: state.map(absolute))
        Terminal.printError("supervising \(services.serviceCount) services; ask with:")
        Terminal.printError("  \(run)/amosctl status --run \(run)")
        try become(command)
    }

    /// The supervisor takes this process's place, so it is PID 1 where this was, and its exit status counts.
    private func become(_ command: [String]) throws -> Never {
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        execv(command[0], &arguments)
        throw SystemError("execute", command[0])
    }

    /// A Unix socket's path has room for some 100 bytes: no deep folders.
    private static func defaultFolder(for folder: String) -> String {
        let name = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
        if let own = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"], !own.isEmpty {
            return "\(own)/amos-\(name)"
        }
        return "/tmp/amos-\(getuid())-\(name)"
    }

    private func absolute(_ path: String) -> String {
        URL(fileURLWithPath: path).standardizedFileURL.path
    }
}
