import Foundation
import Testing

/// The rules of CONTRIBUTING.md that a machine can check.
@Suite struct TidyTests {
    static let maximumLineLength = 110
    static let maximumFileLength = 300
    static let maximumFunctionLength = 40

    @Test func topLevelHoldsNothingElse() throws {
        let allowed: Set = [
            "Package.swift", "Makefile", "README.md", "Sources", "Tests", "rootfs", "LICENSE",
            "CONTRIBUTING.md",
        ]
        let built: Set = ["out", "Package.resolved"]
        let names = try FileManager.default.contentsOfDirectory(atPath: SourceTree.shared.root.path)
        let strangers = names.filter { !$0.hasPrefix(".") && !allowed.contains($0) && !built.contains($0) }
        #expect(strangers.isEmpty)
        #expect(Set(names).isSuperset(of: allowed.subtracting(["CONTRIBUTING.md"])))
    }

    @Test(arguments: SourceTree.shared.swiftFiles)
    func filesAndLinesAreShort(path: String) throws {
        let lines = try SourceTree.shared.lines(of: path)
        #expect(lines.count - 1 <= Self.maximumFileLength, "\(path) has \(lines.count - 1) lines")
        for (index, line) in lines.enumerated() where line.count > Self.maximumLineLength {
            Issue.record("\(path):\(index + 1) has \(line.count) columns")
        }
    }

    @Test(arguments: SourceTree.shared.swiftFiles)
    func functionsAreShort(path: String) throws {
        for function in try functions(in: path) where function.length > Self.maximumFunctionLength {
            Issue.record("\(path):\(function.line) a function of \(function.length) lines")
        }
    }

    @Test func functionsAreFound() throws {
        #expect(try functions(in: "Tests/TidyTests/TidyTests.swift").count >= 5)
    }

    /// Shared stands on nothing; the handset stands on Shared, LinuxSystem and the C shims; neither knows the
    /// host.
    @Test(arguments: SourceTree.shared.swiftFiles.filter { $0.hasPrefix("Sources/") })
    func importsFollowTheLayers(path: String) throws {
        let shared: Set<Substring> = ["Wire", "Services", "Slots", "Packages", "Trust", "Bridge", "Transfer"]
        let handset = shared.union([
            "LinuxSystem", "CLinux", "Crypto", "CLibcrypto", "PackageSignatures", "Web", "CLibwebsockets",
            "Synchronization",
        ])
        let imports = try SourceTree.shared.lines(of: path).filter { $0.hasPrefix("import ") }
            .map { $0.dropFirst("import ".count) }
        if path.hasPrefix("Sources/Handset/AppSDK/") {
            // What developers of apps have, and no more.
            #expect(Set(imports).isSubset(of: ["Amos", "Glibc", "PackageDescription"]), "\(path)")
        } else if path.hasPrefix("Sources/Shared/") {
            #expect(Set(imports).subtracting(shared).isEmpty, "\(path)")
        } else if path.hasPrefix("Sources/Handset/") {
            #expect(Set(imports).subtracting(handset).isEmpty, "\(path)")
        } else {
            #expect(!imports.contains("LinuxSystem") && !imports.contains("CLinux"), "\(path)")
        }
    }

    /// Mirrors come from the machine's own configuration.
    @Test func noRegistryHostIsNamed() throws {
        // Assembled from parts, or this file would be the one that names them.
        let hosts = [["deb", "debian", "org"], ["pypi", "org"], ["ftp", "debian", "org"]].map {
            $0.joined(separator: ".")
        }
        for path in SourceTree.shared.files where !path.hasSuffix(".png") && !path.hasSuffix(".lock") {
            let data = try Data(contentsOf: SourceTree.shared.root.appendingPathComponent(path))
            for host in hosts where data.range(of: Data(host.utf8)) != nil {
                Issue.record("\(path) names \(host)")
            }
        }
    }

    @Test func formatIsClean() throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "swift", "format", "lint", "--strict", "-r", "Package.swift", "Sources", "Tests",
        ]
        process.currentDirectoryURL = SourceTree.shared.root
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let output = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(output)")
    }

    /// Functions and initialisers by indentation, which swift-format guarantees: the body ends at the first
    /// line that closes a brace in the declaration's own column.
    private func functions(in path: String) throws -> [(line: Int, length: Int)] {
        let lines = try SourceTree.shared.lines(of: path)
        let declaration = /^( *)(?:[a-z@][A-Za-z()]* )*(?:func|init|deinit)\b/
        return lines.indices.compactMap { index in
            guard let match = lines[index].firstMatch(of: declaration) else { return nil }
            if lines[index].hasSuffix("}") { return (index + 1, 1) }
            // The signature goes on while lines are indented deeper or close its parenthesis; a protocol's
            // requirement has no body.
            let isSignature = { (line: Substring) in
                line.hasPrefix(match.1 + " ") || line.hasPrefix(match.1 + ")")
            }
            let rest = lines[(index + 1)...].prefix(while: isSignature)
            guard let open = (index...rest.endIndex - 1).first(where: { lines[$0].hasSuffix("{") }),
                let end = lines[open...].firstIndex(where: { $0 == match.1 + "}" })
            else { return nil }
            return (index + 1, end - open - 1)
        }
    }
}
