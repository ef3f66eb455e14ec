import DeviceSpec
import DiskImage
import Foundation
import Packages

/// Whether the payload has what the manifest promises. Wrong files are told like wrong keys: at the place in
/// `package.yaml` that names them.
struct PayloadCheck {
    let description: PackageDescription
    let tree: FileTree

    /// Whether what is to be copied is there.
    static func checkCopies(of description: PackageDescription) throws(DiagnosticList) {
        let missing = description.copies.filter { access($0.source.value, F_OK) != 0 }
        guard !missing.isEmpty else { return }
        throw DiagnosticList(
            missing.map {
                let isBuilt = $0.source.value.contains("/.build/")
                return Diagnostic(
                    "there is no \($0.source.value)", at: $0.source.location,
                    expected: isBuilt
                        ? "what `swift build --swift-sdk amos-arm64 -c release` makes: run that first"
                        : "a file or folder of the project")
            })
    }

    func check() throws(DiagnosticList) {
        var diagnostics: [Diagnostic] = []
        for file in description.requiredFiles {
            guard let entry = resolved(file.value), case .file(let content) = entry.kind else {
                diagnostics.append(
                    Diagnostic(
                        "there is no file \(file.value) in the payload", at: file.location,
                        expected: "a file below \(description.filesFolder)"))
                continue
            }
            if file.value == description.manifest.entry, description.manifest.kind == .app {
                if let problem = programProblem(entry, content, at: file) { diagnostics.append(problem) }
            }
        }
        if !diagnostics.isEmpty { throw DiagnosticList(diagnostics) }
    }

    /// Through symbolic links, of which more than a few are a circle.
    private func resolved(_ path: String) -> FileTree.Entry? {
        var path = path
        for _ in 0..<8 {
            guard let entry = tree[path] else { return nil }
            guard case .symbolicLink(let target) = entry.kind else { return entry }
            var parts = path.split(separator: "/").dropLast().map(String.init)
            for part in target.split(separator: "/") where part != "." {
                if part == ".." { _ = parts.popLast() } else { parts.append(String(part)) }
            }
            path = parts.joined(separator: "/")
        }
        return nil
    }

    private func programProblem(
        _ entry: FileTree.Entry, _ content: FileTree.Content, at file: Located<String>
    ) -> Diagnostic? {
        if entry.mode & 0o100 == 0 {
            return Diagnostic(
                "\(file.value) is not executable", at: file.location,
                expected: "a program; run `chmod +x` on it")
        }
        guard let machine = Self.machine(content) else { return nil }
        let architecture = description.manifest.architecture
        let isRight =
            switch architecture {
            case .any: false
            case .arm64: machine == 183
            case .x86_64: machine == 62
            }
        if isRight { return nil }
        let name = machine == 183 ? "arm64" : machine == 62 ? "x86_64" : "ELF machine \(machine)"
        return Diagnostic(
            "\(file.value) is a program for \(name), and the package for \(architecture.name)",
            at: file.location, expected: "a program built for the package's `architecture`")
    }

    /// `e_machine` of an ELF file (elf(5)); nil: it is none, a script perhaps.
    private static func machine(_ content: FileTree.Content) -> UInt16? {
        let head: [UInt8]
        switch content {
        case .bytes(let bytes): head = Array(bytes.prefix(20))
        case .stored(let path, let size):
            guard size >= 20, let input = try? InputFile(path) else { return nil }
            head = (try? input.bytes(at: 0, count: 20)) ?? []
        }
        guard head.count == 20, head.starts(with: [0x7f, 0x45, 0x4c, 0x46]) else { return nil }
        return UInt16(head[18]) | UInt16(head[19]) << 8
    }
}
