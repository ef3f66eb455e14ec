import Assembly
import DebianBase
import Foundation
import HostSystem
import Testing

/// The Swift SDK, made once, and what is built with it: by the stock `swift build`, run by qemu-aarch64.
struct AppWorkshop {
    /// Holds the bundle; a place of the tests' own, so that the person's SDK stays as it is.
    static let sdks: Result<String, any Error> = Result {
        let folder = Workshop.folder + "/sdks"
        let made = try CommandLineProgram.run(["sdk", "install", "--output", folder])
        guard made.status == 0 else { throw Failed(text: made.output + made.errors) }
        return folder
    }

    struct Failed: Error { let text: String }

    static func build(_ project: String) throws {
        let result = try Tool("swift", package: "swift").run(
            [
                "build", "-c", "release", "--package-path", project, "--swift-sdk", AppSDK.name,
                "--swift-sdks-path", try sdks.get(),
            ])
        guard result.status == 0 else { throw Failed(text: result.text + result.errorText) }
    }

    /// Runs a built program; its data folder is `home`.
    static func run(
        _ program: String, _ words: [String], home: String, variables: [String: String] = [:]
    ) throws -> Tool.Output {
        let sysroot = "\(try sdks.get())/\(AppSDK.bundleName)/\(AppSDK.name)/sysroot"
        return try Tool("qemu-aarch64", package: "qemu-user").run(
            ["-L", sysroot, program] + words, environment: variables.merging(["HOME": home]) { $1 })
    }

    /// A new, empty folder.
    static func folder(_ name: String) throws -> String {
        let path = Workshop.unusedPath(name)
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

extension DeviceTests {
    /// What an app's developer has before there is a handset.
    @Suite struct AppSDKs {
        @Test func theSDKIsOneForSwiftPM() throws {
            let sdks = try AppWorkshop.sdks.get()
            let list = try Tool("swift", package: "swift").check(["sdk", "list", "--swift-sdks-path", sdks])
            #expect(list.text.contains(AppSDK.name))
            let again = try CommandLineProgram.run(["sdk", "install", "--output", sdks])
            #expect(again.status == 0 && again.output.contains("is up to date"), "\(again)")
            // Whoever unpacks it elsewhere must not need this machine.
            let bundle = "\(sdks)/\(AppSDK.bundleName)"
            let home = try Workshop.home.get().path
            for path in [sdks, home] {
                let found = try Tool("grep", package: "grep").run(["-rlF", path, bundle])
                #expect(found.text == "")
            }
        }

        /// SwiftPM's own folder, found through the home.
        @Test func isInstalledWhereSwiftFindsIt() throws {
            let home = try AppWorkshop.folder("home")
            defer { try? FileManager.default.removeItem(atPath: home) }
            let cache =
                ProcessInfo.processInfo.environment["AMOS_CACHE"] ?? NSHomeDirectory() + "/.cache/amos"
            // Both go by the account's home, whatever HOME says, and that is not a test's to change.
            let environment = ["CFFIXED_USER_HOME": home, "AMOS_CACHE": cache]
            let made = try CommandLineProgram(["sdk", "install"], environment: environment).wait()
            #expect(made.status == 0, "\(made)")
            let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
            let list = try Tool("swift", package: "swift").check(["sdk", "list"], environment: variables)
            #expect(list.text.contains(AppSDK.name), "\(list.text)\(list.errorText)")
            let bundle = home + "/.swiftpm/swift-sdks/" + AppSDK.bundleName
            #expect(FileManager.default.fileExists(atPath: bundle))
        }

        @Test func aNewAppIsBuiltPackedAndRun() throws {
            let folder = try AppWorkshop.folder("projects")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let made = try CommandLineProgram.run(["new", "app", "my-app"], folder: folder)
            #expect(made.status == 0 && made.output.contains("my-app/package.yaml"), "\(made)")
            let project = folder + "/my-app"
            let early = try CommandLineProgram.run(["pack", project])
            #expect(early.status == 2 && early.errors.contains("run that first"), "\(early)")
            try AppWorkshop.build(project)
            let package = folder + "/my-app.amospkg"
            let packed = try CommandLineProgram.run(["pack", project, "-o", package])
            #expect(packed.status == 0, "\(packed)")
            let shown = try CommandLineProgram.run(["inspect", package, "--tree"])
            #expect(shown.status == 0 && shown.output.contains("com.example.my-app"), "\(shown)")
            #expect(shown.output.contains("bin"), "\(shown)")
            let run = try AppWorkshop.run(
                "\(project)/.build/aarch64-none-none-elf/release/my-app", [], home: folder,
                variables: ["AMOS_APP": "com.example.my-app", "AMOS_APP_VERSION": "0.1.0"])
            #expect(run.status == 0 && run.text.isEmpty)
            #expect(run.errorText == "<6>hello from com.example.my-app 0.1.0\n")
            let written = try String(contentsOfFile: folder + "/last-start", encoding: .utf8)
            #expect(written.hasPrefix("started at 1"), "\(written)")
            // Nothing of an earlier run is written over.
            let again = try CommandLineProgram.run(["new", "app", "my-app"], folder: folder)
            #expect(again.status == 2 && again.errors.contains("exists already"), "\(again)")
        }

        /// C beside Swift, statements without a type around them, and what the C library's module adds to
        /// its headers.
        @Test func mixedProjectsAreBuilt() throws {
            let folder = try AppWorkshop.folder("mixed")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            for (path, text) in Self.mixed {
                let file = URL(fileURLWithPath: "\(folder)/\(path)")
                try FileManager.default.createDirectory(
                    at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(text.utf8).write(to: file)
            }
            try AppWorkshop.build(folder)
            let run = try AppWorkshop.run(
                folder + "/.build/aarch64-none-none-elf/release/mixed", [], home: folder)
            #expect(run.status == 3 && run.errorText == "<4>two\n<4>lines\n", "\(run.errorText)")
            #expect(run.text == "C says 42\nstraße 2\nmissing: true\nclosed on exec: true\n")
        }

        private static let mixed = [
            "Package.swift": """
            // swift-tools-version: 6.2
            import PackageDescription
            let package = Package(
                name: "mixed",
                targets: [.target(name: "cword"), .executableTarget(name: "mixed", dependencies: ["cword"])])
            """,
            "Sources/cword/include/cword.h": "int cword(char *text, unsigned size);\n",
            "Sources/cword/cword.c": """
            #include "cword.h"
            #include <errno.h>
            #include <stdio.h>
            int cword(char *text, unsigned size) { errno = ENOENT; return snprintf(text, size, "%d", 42); }
            """,
            "Sources/mixed/main.swift": """
            import Amos
            import Glibc
            import cword

            func word() -> String {
                var text = [CChar](repeating: 0, count: 16)
                let count = Int(cword(&text, 16))
                return String(decoding: text.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
            print("C says \\(word())")
            let counts = ["STRAßE".lowercased(): 2]
            for (name, count) in counts { print("\\(name) \\(count)") }
            print("missing: \\(open("/none", O_RDONLY) < 0 && errno == ENOENT)")
            let descriptor = open("/proc/self/exe", O_RDONLY | O_CLOEXEC)
            print("closed on exec: \\(fcntl(descriptor, F_GETFD) == FD_CLOEXEC)")
            Log.warning("two\\nlines\\n")
            exit(3)
            """,
        ]

        /// As they lie in the bundle.
        @Test func theExamplesWork() throws {
            let folder = try AppWorkshop.folder("examples")
            defer { try? FileManager.default.removeItem(atPath: folder) }
            for name in ["hello", "notes"] {
                try FileManager.default.copyItem(
                    atPath: "\(AppWorkshop.sdks.get())/\(AppSDK.bundleName)/examples/\(name)",
                    toPath: "\(folder)/\(name)")
                try AppWorkshop.build("\(folder)/\(name)")
                let packed = try CommandLineProgram.run(
                    ["pack", "\(folder)/\(name)", "-o", "\(folder)/\(name).amospkg"])
                #expect(packed.status == 0, "\(packed)")
            }
            try Self.useHello(folder)
            try Self.useNotes(folder)
        }

        private static func useHello(_ folder: String) throws {
            let program = folder + "/hello/.build/aarch64-none-none-elf/release/hello"
            for start in 1...2 {
                let run = try AppWorkshop.run(program, ["zwei Wörter"], home: folder)
                let lines = run.errorText.split(separator: "\n")
                #expect(lines.first == "<6>hello 0.0.0 says hello to zwei Wörter")
                #expect(lines.last?.hasPrefix("<6>start number \(start); the die shows ") == true)
            }
            let lost = try AppWorkshop.run(program, [], home: folder + "/none")
            #expect(lost.errorText.contains("<3>cannot write \(folder)/none/starts: No such file"))
        }

        private static func useNotes(_ folder: String) throws {
            // As in the package: the program is in bin, beside everything else.
            let payload = folder + "/notes/files"
            let program = payload + "/bin/notes"
            try FileManager.default.createDirectory(
                atPath: payload + "/bin", withIntermediateDirectories: true)
            try FileManager.default.copyItem(
                atPath: folder + "/notes/.build/aarch64-none-none-elf/release/notes", toPath: program)
            let home = try AppWorkshop.folder("home")
            defer { try? FileManager.default.removeItem(atPath: home) }
            let steps: [(words: [String], status: Int32, output: String)] = [
                (["list"], 0, ""),
                (["add", "buy", "milk"], 0, ""),
                (["add", "zwei Äpfel"], 0, ""),
                (["list"], 0, "1  buy milk\n2  zwei Äpfel\n"),
                (["remove", "1"], 0, ""),
                (["list"], 0, "2  zwei Äpfel\n"),
                ([], 2, try String(contentsOfFile: payload + "/share/help.txt", encoding: .utf8)),
            ]
            for step in steps {
                let run = try AppWorkshop.run(program, step.words, home: home)
                #expect(run.status == step.status, "\(step.words): \(run.errorText)")
                #expect(run.text == step.output, "\(step.words)")
            }
        }
    }
}
