import ArgumentParser
import DiskImage
import Foundation

/// `amos keys`: the keys that boot images and packages are signed with.
struct KeysCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Makes and shows signing keys.",
        discussion: """
            Keys are Ed25519 PEM files in $AMOS_KEYS, or ~/.config/amos/keys, readable by you alone. A device
            names its key with signing-key; without one the development key signs, which release builds
            refuse.

            EXAMPLES
              amos keys new acme-2026
              amos keys list --json
              amos keys show acme-2026          the public key, for a loader
              amos keys rotate com.acme.notes --from acme-2026 --to acme-2027 --first-version-code 42
            """,
        subcommands: [New.self, List.self, Show.self, Rotate.self])

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Makes a key.")

        @Argument(help: "The key's name.")
        var name: String

        @Flag(help: "Print its name, fingerprint and file as JSON.")
        var json = false

        func run() throws {
            let store = SigningKeyStore.standard()
            let key = try store.create(name)
            if json {
                let row = Row(
                    name: name, fingerprint: key.verifying.fingerprint.description, file: store.file(of: name)
                )
                return try JSONOutput.print(row)
            }
            print("made \(store.file(of: name))")
            print("fingerprint \(key.verifying.fingerprint)")
            print("keep a copy in a safe place: handsets that trust it accept nothing else")
        }
    }

    struct Row: Encodable {
        var name: String
        var fingerprint: String
        var file: String
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Lists the keys.")

        @Flag(help: "Print the list as JSON.")
        var json = false

        func run() throws {
            let store = SigningKeyStore.standard()
            let rows = try store.list().map { name in
                Row(
                    name: name, fingerprint: try store.load(name).verifying.fingerprint.description,
                    file: store.file(of: name))
            }
            if json { return try JSONOutput.print(rows) }
            if rows.isEmpty { return print("no keys yet in \(store.folder); `amos keys new NAME` makes one") }
            print(Terminal.table(rows.map { [$0.name, String($0.fingerprint.prefix(16)), $0.file] }))
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints a key's public half.")

        @Argument(help: "The key's name.")
        var name: String

        @Flag(help: "Print it as JSON.")
        var json = false

        func run() throws {
            let store = SigningKeyStore.standard()
            let key = try store.load(name).verifying
            if json {
                let row = Row(
                    name: name, fingerprint: key.fingerprint.description, file: store.file(of: name))
                return try JSONOutput.print(row)
            }
            print("fingerprint \(key.fingerprint)")
            print("public key  \(Data(key.bytes).base64EncodedString())")
        }
    }
}
