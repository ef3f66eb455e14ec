import ArgumentParser
import DiskImage
import Foundation
import Packages
import Packaging

extension KeysCommand {
    /// `amos keys rotate`: the statement with which a package changes its key.
    struct Rotate: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "States that a package changes its key, signed with the old key.",
            discussion: """
                Handsets bind a package to the key that first installed it. From the version code on that is
                given here, the package is signed with the new key and carries this statement: name the file
                in package.yaml, under rotations, from then on.
                """)

        @Argument(help: "The package's id.")
        var id: String

        @Option(help: "The key that the package was signed with so far.")
        var from: String

        @Option(help: "The key that signs it from now on.")
        var to: String

        @Option(help: "The first version code that carries the new key.")
        var firstVersionCode: UInt64

        @Option(name: [.short, .long], help: "The file to write; ID.rotation unless given.")
        var output: String?

        func run() throws {
            guard let id = PackageID(id) else {
                throw ValidationError("'\(id)' is no package's id: expected \(PackageID.grammar)")
            }
            guard (1...VersionCode.limit).contains(firstVersionCode) else {
                throw ValidationError("a version code is from 1 to \(VersionCode.limit)")
            }
            guard from != to else { throw ValidationError("--from and --to name the same key") }
            let store = SigningKeyStore.standard()
            let old = try store.load(from)
            let statement = KeyRotation(
                id: id, oldKey: PackageKey(old.verifying), newKey: PackageKey(try store.load(to).verifying),
                firstVersionCode: firstVersionCode)
            let path = output ?? "\(id).rotation"
            try RotationFile.write(statement, signedWith: old, to: path)
            print("wrote \(path); name it in package.yaml: rotations: [\(path)]")
        }
    }
}
