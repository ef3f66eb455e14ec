import ArgumentParser
import Foundation
import HostSystem
import Repository
import Trust

/// `amos tuf-client`: the update client of the handset, as the tuf-conformance project calls one.
struct TUFClientCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tuf-client",
        abstract: "Follows a TUF repository as a handset does.",
        discussion: """
            Speaks the command line of the tuf-conformance project. Exit status 0: done; 1: refused or failed.

            EXAMPLES
              amos tuf-client --metadata-dir m init root.json
              amos tuf-client --metadata-dir m --metadata-url http://localhost:8000/metadata refresh
              amos tuf-client --metadata-dir m --metadata-url http://localhost:8000/metadata \\
                --target-name hello.txt --target-base-url http://localhost:8000/targets \\
                --target-dir t download
            """)

    enum Action: String, ExpressibleByArgument, CaseIterable {
        case `init`
        case refresh
        case download
    }

    @Option(help: "The folder of trusted metadata.")
    var metadataDir: String

    @Option(help: "Where the repository's metadata is: an http(s) or file address, or a folder.")
    var metadataUrl: String?

    @Option(help: "A target to download; may be repeated.")
    var targetName: [String] = []

    @Option(help: "Where the repository's targets are.")
    var targetBaseUrl: String?

    @Option(help: "The folder for downloaded targets.")
    var targetDir: String?

    @Argument(help: "init, refresh or download.")
    var action: Action

    @Argument(help: "For init: the root metadata to trust.")
    var trustedRoot: String?

    func validate() throws {
        switch action {
        case .`init`:
            guard trustedRoot != nil else { throw ValidationError("init needs the root metadata to trust") }
        case .refresh:
            guard metadataUrl != nil else { throw ValidationError("refresh needs --metadata-url") }
        case .download:
            guard metadataUrl != nil, targetBaseUrl != nil, targetDir != nil, !targetName.isEmpty else {
                throw ValidationError(
                    "download needs --metadata-url, --target-name, --target-base-url and --target-dir")
            }
        }
    }

    func run() throws {
        let store = MetadataStore(folder: metadataDir)
        if action == .`init` {
            let root = try Data(contentsOf: URL(fileURLWithPath: trustedRoot ?? ""))
            return try store.persist("root.json", [UInt8](root))
        }
        var client = try RepositoryClient(
            store: store, metadata: try Fetcher(metadataUrl ?? ""), clock: RepositoryClient.clock)
        try client.refresh()
        guard action == .download else { return }
        let targets = try Fetcher(targetBaseUrl ?? "")
        for name in targetName { try download(name, &client, targets) }
    }

    /// Under the target's path with its slashes percent-encoded. A file that is already right is not fetched.
    private func download(
        _ name: String, _ client: inout RepositoryClient, _ targets: Fetcher
    ) throws {
        let target = try client.find(name)
        let folder = MetadataStore(folder: targetDir ?? "")
        let file = RoleFile.name(of: name)
        if let bytes = folder.load(file), (try? RepositoryClient.check(bytes, target)) != nil { return }
        try folder.persist(file, try client.download(target, from: targets))
    }
}
