import ArgumentParser
import DiskImage
import Foundation
import HostSystem
import Repository
import Trust

/// `amos repo`: what handsets install from.
struct RepoCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "repo",
        abstract: "Makes, signs and checks package repositories.",
        discussion: """
            A repository is a folder that any web server can offer: files under their hashes, and signed
            metadata (The Update Framework). Keys are those of `amos keys`.

            EXAMPLES
              amos keys new acme-root && amos keys new acme-online
              amos repo init repo --key root=acme-root --key snapshot=acme-online --key timestamp=acme-online
              amos repo add repo notes-1.4.0.amospkg
              amos repo publish repo           again at least every few days: the timestamp expires
              amos repo rotate repo timestamp --remove acme-online --add acme-online-2
              amos repo check repo
            """,
        subcommands: [
            Init.self, Add.self, Remove.self, Publish.self, Rotate.self, Serve.self, Mirror.self, Check.self,
            Bundle.self,
        ])

    struct Folder: ParsableArguments {
        @Argument(help: "The repository's folder.")
        var repository: String

        var folder: RepositoryFolder {
            RepositoryFolder(path: repository, keys: .standard(), now: RepositoryClient.clock)
        }
    }

    struct Lifetime: ParsableArguments {
        @Option(help: "Days until what a role signs expires, as ROLE=DAYS; may be repeated.")
        var expires: [String] = []

        func apply(to folder: inout RepositoryFolder) throws {
            for text in expires {
                let (role, value) = try pair(text, "--expires")
                guard let days = Int(value), (1...3650).contains(days) else {
                    throw WrongInput(message: "--expires \(text): not a number of days from 1 to 3650")
                }
                switch role {
                case "root": folder.lifetimes.root = days
                case "targets": folder.lifetimes.targets = days
                case "snapshot": folder.lifetimes.snapshot = days
                case "timestamp": folder.lifetimes.timestamp = days
                default: throw RepositoryError.noRole(role)
                }
            }
        }
    }

    struct Init: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes an empty, signed repository.")

        @OptionGroup var folder: Folder
        @OptionGroup var lifetime: Lifetime

        @Option(help: "The key of a role, as ROLE=NAME; root's stands for the roles that are not named.")
        var key: [String] = []

        func run() throws {
            var keys: [String: String] = [:]
            for text in key {
                let (role, name) = try pair(text, "--key")
                guard ["root", "targets", "snapshot", "timestamp"].contains(role) else {
                    throw RepositoryError.noRole(role)
                }
                keys[role] = name
            }
            if keys.isEmpty {
                _ = try SigningKeyStore.standard().development()
                keys["root"] = SigningKeyStore.developmentName
            }
            var repository = folder.folder
            try lifetime.apply(to: &repository)
            try repository.create(keys: keys)
            print("made \(folder.repository); clients begin with \(folder.repository)/metadata/1.root.json")
        }
    }

    struct Add: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Takes files into the next publication.")

        @OptionGroup var folder: Folder

        @Argument(help: "Files; each is offered under its own name.")
        var files: [String]

        @Option(help: "Offer them below this path.")
        var below: String?

        func run() throws {
            let prefix = below.map { $0 + "/" } ?? ""
            try folder.folder.add(files.map { (prefix + ($0 as NSString).lastPathComponent, $0) })
            print("staged; `amos repo publish \(folder.repository)` signs")
        }
    }

    struct Remove: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Leaves files out of the next publication.")

        @OptionGroup var folder: Folder

        @Argument(help: "Paths in the repository.")
        var paths: [String]

        func run() throws {
            try folder.folder.remove(paths)
            print("staged; `amos repo publish \(folder.repository)` signs")
        }
    }

    struct Publish: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Signs what is staged, or the same again with later expiries.")

        @OptionGroup var folder: Folder
        @OptionGroup var lifetime: Lifetime

        func run() throws {
            var repository = folder.folder
            try lifetime.apply(to: &repository)
            try repository.publish()
            try report(try check(folder.repository), json: false)
        }
    }

    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Changes the keys of a role.")

        @OptionGroup var folder: Folder
        @OptionGroup var lifetime: Lifetime

        @Argument(help: "root, targets, snapshot or timestamp.")
        var role: String

        @Option(help: "A key that may sign from now on; may be repeated.")
        var add: [String] = []

        @Option(help: "A key, or the id of one, that may no longer; may be repeated.")
        var remove: [String] = []

        @Option(help: "How many of the role's keys must sign.")
        var threshold: Int?

        func run() throws {
            var repository = folder.folder
            try lifetime.apply(to: &repository)
            try repository.rotate(role, add: add, remove: remove, threshold: threshold)
            try report(try check(folder.repository), json: false)
        }
    }
}

/// `ROLE=VALUE`
private func pair(_ text: String, _ option: String) throws -> (String, String) {
    let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { throw WrongInput(message: "\(option) \(text): write it as ROLE=VALUE") }
    return (parts[0], parts[1])
}
