import Foundation
import HostSystem
import Packages

/// What `amos new app NAME` writes: a project that builds, packs and runs at once.
public struct AppTemplate: Sendable {
    public enum Failure: Error, Equatable, CustomStringConvertible {
        case badName(String)
        case badID(String)
        case exists(path: String)
        case cannotWrite(path: String, reason: String)

        public var description: String {
            switch self {
            case .badName(let name):
                "'\(name)' cannot name an app; expected: small letters, digits and '-', a letter first"
            case .badID(let id): "'\(id)' cannot be an app's id; expected: \(PackageID.grammar)"
            case .exists(let path): "\(path) exists already; choose another name"
            case .cannotWrite(let path, let reason): "cannot write \(path): \(reason)"
            }
        }
    }

    public let name: String
    public let id: String

    /// - Parameter id: `com.example.NAME` unless given.
    public init(name: String, id: String? = nil) throws(Failure) {
        let isName = name.wholeMatch(of: /[a-z][a-z0-9-]{0,31}/) != nil
        guard isName else { throw .badName(name) }
        let id = id ?? "com.example.\(name)"
        guard PackageID(id) != nil else { throw .badID(id) }
        self.name = name
        self.id = id
    }

    /// Writes the folder NAME; nothing that is there is touched.
    /// - Returns: the files, absolute.
    public func write(into parent: String) throws(Failure) -> [String] {
        let folder = "\(parent)/\(name)"
        if FileManager.default.fileExists(atPath: folder) { throw .exists(path: folder) }
        let files = [
            ("Package.swift", packageText), ("Sources/\(name)/\(typeName).swift", sourceText),
            ("package.yaml", descriptionText), ("README.md", readmeText),
            (".gitignore", ".build/\n*.amospkg\n"),
        ]
        for (path, text) in files {
            let file = URL(fileURLWithPath: "\(folder)/\(path)")
            do {
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            } catch {
                throw .cannotWrite(path: file.path, reason: error.localizedDescription)
            }
        }
        return files.map { "\(folder)/\($0.0)" }
    }

    /// `my-app` → `MyApp`.
    private var typeName: String {
        name.split(separator: "-").map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    private var packageText: String {
        """
        // swift-tools-version: 6.2
        import PackageDescription

        // The modules Amos and Glibc come with the Swift SDK: there is nothing to depend on.
        let package = Package(name: "\(name)", targets: [.executableTarget(name: "\(name)")])

        """
    }

    private var sourceText: String {
        """
        import Amos

        @main
        struct \(typeName) {
            static func main() {
                Log.info("hello from \\(App.id) \\(App.version)")
                do throws(FileError) {
                    try App.data.write("started at \\(Time.unixSeconds)\\n", to: "last-start")
                } catch {
                    Log.error(error.description)
                }
            }
        }

        """
    }

    private var descriptionText: String {
        """
        # What `amos pack` makes of this folder; `amos schema package` prints a JSON Schema for editors.
        id: \(id)
        version: 0.1.0
        # Grows with every release: decides what is an upgrade.
        version-code: 1
        kind: app
        architecture: arm64
        name: \(typeName)
        licence: Apache-2.0
        entry: bin/\(name)
        # Besides these, everything in files/ goes into the package.
        copy:
          - {from: .build/aarch64-none-none-elf/release/\(name), to: bin/\(name)}

        """
    }

    private var readmeText: String {
        """
        # \(name)

        ```
        amos sdk install                                  # once
        swift build --swift-sdk amos-arm64 -c release
        amos pack . -o \(name).apk
        amos install virt-phone \(name).apk               # with `amos run virt-phone` in another terminal
        amos dev .                                        # all of it, at every change
        ```

        """
    }
}
