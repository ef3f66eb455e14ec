import Bridge
import LinuxSystem
import Packages
import Wire

/// What somebody wants of the repositories.
struct RepositoryWish {
    enum Operation { case refresh, search, obtain, upgrade, bundle }

    let operation: Operation
    /// Ids; words to search for; a bundle's path.
    let words: [String]

    init?(_ name: String, _ words: [String]) {
        self.words = words
        if UTF8Text.equal(name, "refresh") {
            operation = .refresh
        } else if UTF8Text.equal(name, "search") {
            operation = .search
        } else if UTF8Text.equal(name, "obtain"), !words.isEmpty {
            operation = .obtain
        } else if UTF8Text.equal(name, "bundle"), words.count == 1 {
            operation = .bundle
        } else if UTF8Text.equal(name, "upgrade") {
            operation = .upgrade
        } else {
            return nil
        }
    }

    static func name(of operation: PackageServiceRequest.Operation) -> String {
        switch operation {
        case .search: "search"
        case .obtain: "obtain"
        case .upgrade: "upgrade"
        case .bundle: "bundle"
        default: "refresh"
        }
    }
}

/// The process beside the service that may wait for the network; there is one at most.
final class RepositoryWorkerTable {
    /// Times 2 ms: whoever asks while another is served waits no longer, and nobody else does for it.
    private static let patience = 50

    private let options: Options
    private var process: Int32?

    init(_ options: Options) { self.options = options }

    func isRunning(as process: Int32) -> Bool {
        guard let own = self.process, own == process else { return false }
        return !hasEnded(own)
    }

    private func hasEnded(_ own: Int32) -> Bool {
        guard ChildProcess.hasEnded(own) else { return false }
        process = nil
        return true
    }

    /// One that has answered may need a moment to end, and its client may ask again within it.
    private func endsSoon(_ own: Int32) -> Bool {
        for _ in 0..<Self.patience {
            if hasEnded(own) { return true }
            Machine.sleep(milliseconds: 2)
        }
        return hasEnded(own)
    }

    /// The worker answers at the client's socket by itself.
    func start(
        _ request: PackageServiceRequest, answering socket: HeldDescriptor
    ) throws(PackageError) {
        if let process, !endsSoon(process) {
            throw .policy("the repositories are being asked already; try again when that has ended")
        }
        let text = Array(request.argument.utf8)
        // A path is one word, whatever is in it.
        let words = request.operation == .bundle ? [text[...]] : text.split(separator: 0x20)
        var arguments = [
            "--directory", options.directory, "--run", options.runDirectory, "--data", options.dataDirectory,
            "--repositories", options.repositories, "--policy", options.policyFile,
            "--developer-mode", options.developerModeFile,
        ]
        if request.flags & PackageServiceRequest.changesNothing != 0 { arguments.append("--dry-run") }
        arguments += ["--worker", RepositoryWish.name(of: request.operation)]
        arguments += words.map { String(decoding: $0, as: UTF8.self) }
        var spawn = ProcessSpawn(path: options.program, arguments: arguments, environment: [])
        spawn.input = socket.descriptor.rawValue
        spawn.output = RepositoryWorker.log
        spawn.descriptors = [socket.descriptor.rawValue]
        do throws(SystemCallError) {
            process = try spawn.start()
        } catch {
            throw .policy("cannot ask the repositories: " + error.description)
        }
    }
}
