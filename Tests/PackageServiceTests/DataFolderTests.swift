import Foundation
import LinuxSystem
import Packages
import Testing

@testable import amos_pkgd

/// Apps' data on a real file system.
@Suite struct DataFolderTests {
    private let root = "/tmp/data-\(UUID().uuidString.prefix(13))"
    private static let id = "com.example.notes"

    /// The service is root on a handset, and there the device tests look; others cannot take away what they
    /// have locked themselves.
    private static let isRoot = getuid() == 0

    private var user: UInt32 { ChildProcess.effectiveUser }

    private func path(_ name: String) -> String { "\(root)/\(Self.id)/\(name)" }

    /// With a first folder, in which `script` has worked.
    private func withFolders(_ script: String, _ body: (DataFolders) throws -> Void) throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        let folders = try DataFolders(root)
        try folders.make(Self.id, "1", user: user)
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-ec", script]
        shell.currentDirectoryURL = URL(fileURLWithPath: path("1"))
        try shell.run()
        shell.waitUntilExit()
        #expect(shell.terminationStatus == 0)
        try body(folders)
    }

    /// The referee is `diff`, and what `find` says of kinds, modes and times.
    @Test func aCopyIsTheSame() throws {
        let script = """
            mkdir -p a/b; echo one > a/b/file; chmod 640 a/b/file; touch -d @1000000000 a/b/file
            ln -s /etc/passwd link; ln -s b/file a/inner; : > empty; head -c 300000 /dev/zero > zeros
            printf x > '-odd name\t'\(Self.isRoot ? "; chmod 500 a/b" : "")
            """
        try withFolders(script) { (folders: DataFolders) throws in
            #expect(try folders.copy(Self.id, "1", to: "2", user: user))
            #expect(run("diff -r --no-dereference 1 2") == "")
            let list =
                "find . -mindepth 1 -printf '%p %y %m %l %s\\n' | sed 's/ d \\([0-9]*\\).*/ d \\1/' | sort"
            let original = run("cd 1; \(list)")
            #expect(original == run("cd 2; \(list)") && original.contains("./a/b/file f 640"))
            #expect(run("stat -c %Y 2/a/b/file") == "1000000000\n")
            #expect(run("stat -c %a 2") == "700\n")
            #expect(try folders.names(in: Self.id) == ["1", "2"])
            // Once more over what is there.
            #expect(try folders.copy(Self.id, "1", to: "2", user: user))
            try folders.remove("1", of: Self.id)
            #expect(try folders.names(in: Self.id) == ["2"])
            try folders.remove(nil, of: Self.id)
            #expect(try folders.names(in: nil).isEmpty)
            try folders.remove(nil, of: Self.id)
        }
    }

    @Test(arguments: [
        "mkfifo pipe", "head -c 70000000 /dev/zero > large", "touch $(seq 5000)",
        "mkdir -p $(seq -s / 100)", "touch \"$(printf '\\377')\"",
    ])
    func whatCannotBeCopiedLeavesNothing(script: String) throws {
        try withFolders(script) { (folders: DataFolders) throws in
            #expect(try folders.copy(Self.id, "1", to: "2", user: user) == false)
            #expect(try folders.names(in: Self.id) == ["1"])
        }
    }

    /// Nor can an app keep its folder by making it deep, or by names that are no text.
    @Test(arguments: [
        "mkdir -p $(seq -s / 700)", "touch $(seq 9000)", "mkdir -m \(isRoot ? "0" : "700") a; ln -s / b",
        "d=$(printf '\\377'); mkdir -p \"$d/$d\" a/$d; touch \"$d/$d/$d\" a/$d/x",
    ])
    func everythingCanBeRemoved(script: String) throws {
        try withFolders(script) { (folders: DataFolders) throws in
            try folders.remove("1", of: Self.id)
            #expect(try folders.names(in: Self.id) == [])
        }
    }

    @Test func aFolderThatIsNotThereIsAnEmptyOne() throws {
        try withFolders("true") { (folders: DataFolders) throws in
            #expect(try folders.copy("org.other.app", "7", to: "8", user: user))
            #expect(try folders.names(in: "org.other.app") == ["8"])
        }
    }

    private func run(_ script: String) -> String {
        let shell = Process()
        shell.executableURL = URL(fileURLWithPath: "/bin/sh")
        shell.arguments = ["-c", script]
        shell.currentDirectoryURL = URL(fileURLWithPath: "\(root)/\(Self.id)")
        let output = Foundation.Pipe()
        shell.standardOutput = output
        guard (try? shell.run()) != nil else { return "no shell" }
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        shell.waitUntilExit()
        return String(decoding: bytes, as: UTF8.self)
    }
}
