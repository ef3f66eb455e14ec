import ArgumentParser
import Foundation
import HostSystem
import Packages
import Repository

extension RepoCommand {
    struct Bundle: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Puts packages with all that they need into one file, for places without a network.",
            discussion: """
                The file has the repository's metadata in it and is good for as long as that is: the handset
                verifies it as it verifies the repository (amosctl pkg install-bundle FILE).
                """)

        @Argument(help: "The repository: an http(s) or file address, or a folder.")
        var repository: String

        @Argument(help: "Ids of packages.")
        var packages: [String]

        @Option(name: .shortAndLong, help: "The file to write.")
        var output: String

        @Option(help: "The handsets' architecture: arm64 or x86_64.")
        var architecture = "arm64"

        func run() throws {
            let known = PackageManifest.Architecture.allCases.first { $0.name == architecture }
            guard let known, known != .any else {
                throw WrongInput(message: "--architecture \(architecture): arm64 or x86_64")
            }
            let ids = try packages.map { text in
                guard let id = PackageID(text) else {
                    throw WrongInput(message: "'\(text)' is no package id")
                }
                return id
            }
            let report = try BundleMaker.write(
                ids, from: repository, to: output, architecture: known, now: RepositoryClient.clock)
            for package in report.packages { print(package) }
            print("\(output): \(Terminal.size(report.byteCount))")
        }
    }
}
