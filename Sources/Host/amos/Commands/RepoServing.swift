import ArgumentParser
import Foundation
import HostSystem
import Repository
import Trust

// What needs no keys.
extension RepoCommand {
    struct Serve: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Offers a repository on loopback, for trying it.")

        @OptionGroup var folder: Folder

        @Option(help: "The port; 0 chooses a free one.")
        var port: UInt16 = 0

        func run() throws {
            let server = try FileServer(folder: folder.repository, port: port)
            print("http://127.0.0.1:\(server.port)")
            fflush(nil)
            server.run { line, status in Terminal.printError("\(status) \(line)") }
        }
    }

    struct Mirror: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Copies a repository, verifying all of it.")

        @Argument(help: "The repository: an http(s) or file address, or a folder.")
        var address: String

        @Argument(help: "The folder to copy it to; an earlier copy is brought up to date.")
        var folder: String

        @Option(help: "The root metadata to trust; else the copy's, else the repository's first.")
        var root: String?

        @Flag(help: "Print the result as JSON.")
        var json = false

        func run() throws {
            let trusted = try root.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
            let result = try RepositoryMirror.copy(
                from: address, to: folder, root: trusted, now: RepositoryClient.clock)
            try report(result, json: json)
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Follows a repository as a client does, and reads every file of it.")

        @Argument(help: "The repository: an http(s) or file address, or a folder.")
        var repository: String

        @Option(help: "The root metadata to trust; else the repository's first.")
        var root: String?

        @Flag(help: "Print the result as JSON.")
        var json = false

        func run() throws {
            let trusted = try root.map { [UInt8](try Data(contentsOf: URL(fileURLWithPath: $0))) }
            try report(try check(repository, root: trusted), json: json)
        }
    }
}

func check(_ address: String, root: [UInt8]? = nil) throws -> RepositoryCheck.Report {
    try RepositoryCheck.run(
        metadata: try Fetcher(address + "/metadata"), targets: try Fetcher(address + "/targets"), root: root,
        now: RepositoryClient.clock)
}

func report(_ report: RepositoryCheck.Report, json: Bool) throws {
    struct Row: Encodable {
        var rootVersion: Int64
        var timestampExpires: String
        var targets: Int
        var bytes: Int64
    }
    let expiry = CalendarTime.text(report.timestampExpiry)
    if json {
        return try JSONOutput.print(
            Row(
                rootVersion: report.rootVersion, timestampExpires: expiry, targets: report.targetCount,
                bytes: report.byteCount))
    }
    print(
        "\(report.targetCount) targets, \(Terminal.size(UInt64(report.byteCount))), verified from root "
            + "\(report.rootVersion); publish again before \(expiry)")
}
