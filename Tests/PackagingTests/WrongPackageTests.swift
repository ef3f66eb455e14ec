import DeviceSpec
import Foundation
import Testing

@Suite struct WrongPackageTests {
    /// A line of the sample, what stands there instead, and what is said.
    static let wrong: [(String, String, String)] = [
        ("name: Notes", "nmae: Notes", "package.yaml:6:1: error: unknown key 'nmae'"),
        ("licence: MIT\n", "", "package.yaml:1:1: error: 'licence' is missing in a package"),
        ("id: com.example.notes", "id: notes", "package.yaml:1:5: error: id cannot be 'notes'"),
        ("version: 1.4.0", "version: 1.4", "package.yaml:2:10: error: version is a number, not text: 1.4"),
        ("version: 1.4.0", "version: 1.04.0", "package.yaml:2:10: error: version cannot be '1.04.0'"),
        ("version-code: 7", "version-code: 0", "package.yaml:3:15: error: version-code is out of range: 0"),
        ("kind: app", "kind: ap", "package.yaml:4:7: error: kind cannot be 'ap'"),
        ("kind: app", "kind: library", "package.yaml:8:8: error: entry cannot be 'bin/notes'"),
        ("entry: bin/notes", "", "package.yaml:1:1: error: 'entry' is missing"),
        ("entry: bin/notes", "entry: ../x", "package.yaml:8:8: error: entry cannot be '../x'"),
        (
            "entry: bin/notes", "entry: bin/other",
            "package.yaml:8:8: error: there is no file bin/other in the payload"
        ),
        ("licence: MIT", "licence: M/T", "package.yaml:7:10: error: licence cannot be 'M/T'"),
        (
            "entry: bin/notes", "entry: bin/notes\ndependencies: [org.x >1]",
            "package.yaml:9:16: error: an item of dependencies cannot be 'org.x >1'"
        ),
        (
            "entry: bin/notes", "entry: bin/notes\ndependencies: [org.x >2.0.0 <1.0.0]",
            "package.yaml:9:16: error: a range cannot be '>2.0.0 <1.0.0'"
        ),
        (
            "entry: bin/notes", "entry: bin/notes\ndependencies: [com.example.notes]",
            "package.yaml:9:15: error: dependencies[0] cannot be 'com.example.notes'"
        ),
        (
            "entry: bin/notes", "entry: bin/notes\nicons: [{path: a.png, size: 96}]",
            "package.yaml:9:16: error: there is no file a.png in the payload"
        ),
        (
            "name: Notes", "name: \(String(repeating: "n", count: 65))",
            "package.yaml:6:7: error: name is longer than 64"
        ),
        ("name: Notes", "name: Notes\nnames: {Deutsch: Notizen}", "error: 'Deutsch' cannot be the name of"),
        ("id: com.example.notes", "id: [", "error: not YAML"),
    ]

    @Test(arguments: wrong)
    func isExplained(line: String, instead: String, message: String) throws {
        let text = PackageFolder.yaml + "\n"
        try #require(text.contains(line))
        let folder = try PackageFolder(text.replacingOccurrences(of: line, with: instead))
        #expect(folder.refusal().contains(message), "\(folder.refusal())")
    }

    @Test func filesThatNoPackageTakes() throws {
        let folder = try PackageFolder()
        chmod(folder.file("files/bin/notes"), 0o644)
        #expect(folder.refusal().contains("package.yaml:8:8: error: bin/notes is not executable"))
        chmod(folder.file("files/bin/notes"), 0o755)
        let link = folder.file("files/bin/link")
        for target in ["/etc/passwd", "../../x", "a/../../../x"] {
            symlink(target, link)
            #expect(folder.refusal().contains("it links to \(target), which is outside of the payload"))
            unlink(link)
        }
        mkfifo(link, 0o600)
        #expect(folder.refusal().contains("neither a file, a folder nor a symbolic link"))
        unlink(link)
        try FileManager.default.removeItem(atPath: folder.file("files"))
        #expect(folder.refusal().contains("there is no folder"))
        try FileManager.default.createDirectory(
            atPath: folder.file("files"), withIntermediateDirectories: true)
        #expect(folder.refusal().contains("it is empty"))
    }

    /// The head of an ELF file for a processor.
    private func elf(_ machine: UInt8) -> [UInt8] {
        [0x7f, 0x45, 0x4c, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 11) + [machine, 0]
            + [UInt8](repeating: 0, count: 44)
    }

    @Test(arguments: [("arm64", 183, ""), ("x86_64", 62, ""), ("arm64", 62, "x86_64"), ("any", 183, "arm64")])
    func programsFitTheArchitecture(architecture: String, machine: UInt8, complaint: String) throws {
        let folder = try PackageFolder(
            PackageFolder.yaml.replacingOccurrences(of: ": any", with: ": \(architecture)"))
        try folder.write(elf(machine), to: "files/bin/notes")
        chmod(folder.file("files/bin/notes"), 0o755)
        let expected =
            complaint.isEmpty
            ? "packed" : "bin/notes is a program for \(complaint), and the package for \(architecture)"
        #expect(folder.refusal().contains(expected), "\(folder.refusal())")
    }

    @Test func theWholeReferenceExampleIsRead() throws {
        let document = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Host/amos/Amos.docc/PackageFormat.md").standardizedFileURL
        let text = try String(contentsOf: document, encoding: .utf8)
        let examples = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        #expect(!examples.isEmpty)
        for example in examples {
            let folder = try PackageFolder(example)
            _ = try PackageDescription(folder: folder.path)
        }
    }
}
