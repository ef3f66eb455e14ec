import Foundation
import Testing

@testable import DeviceSpec

@Suite struct ReferenceTests {
    static let folder = Fixture.projectRoot + "/Sources/Host/amos/Amos.docc"
    static let file = folder + "/DeviceFile.md"
    static let serviceFile = folder + "/ServiceFile.md"
    static let packageFile = folder + "/PackageFormat.md"

    /// The tables in the references are those of the reader; `AMOS_RECORD=1` writes them anew.
    @Test func tablesAreTheReadersOwn() throws {
        try check("device keys", in: Self.file, KeyReference.markdown(for: .device))
        try check("service keys", in: Self.serviceFile, KeyReference.markdown(for: .service))
        try check("package keys", in: Self.packageFile, KeyReference.markdown(for: .package))
        try check("system call groups", in: Self.serviceFile, KeyReference.systemCallGroups())
    }

    private func check(_ mark: String, in file: String, _ table: String) throws {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        let start = try #require(text.range(of: "<!-- \(mark) -->\n"))
        let end = try #require(text.range(of: "<!-- end -->", range: start.upperBound..<text.endIndex))
        if ProcessInfo.processInfo.environment["AMOS_RECORD"] != nil {
            let new = text.replacingCharacters(in: start.upperBound..<end.lowerBound, with: table)
            try Data(new.utf8).write(to: URL(fileURLWithPath: file))
            return
        }
        #expect(text[start.upperBound..<end.lowerBound] == table)
    }

    private static func examples(in file: String) throws -> [String] {
        try String(contentsOfFile: file, encoding: .utf8).components(separatedBy: "```yaml\n").dropFirst()
            .compactMap { $0.components(separatedBy: "```").first }
    }

    /// All examples of services make one device together, which is read without an error.
    @Test func serviceExamplesAreRight() throws {
        let examples = try Self.examples(in: Self.serviceFile)
        var services: [String: String] = [:]
        for example in examples {
            let path = try #require(example.split(separator: "\n").first?.dropFirst(2))
            try #require(path.hasPrefix("services/") && path.hasSuffix(".yaml"))
            services[String(path.dropFirst("services/".count).dropLast(".yaml".count))] = example
        }
        let names = services.keys.sorted().joined(separator: ", ")
        let device = try Fixture.pocket(
            "services: [\(names)]\nusers: {radio: {id: 200}}\n", services: services)
        #expect(device.services.count >= services.count)
    }

    /// A key without an example is a key that nobody can use.
    @Test func everyServiceKeyHasAnExample() throws {
        let text = try String(contentsOfFile: Self.serviceFile, encoding: .utf8)
        let prose = text.components(separatedBy: "## Every key").first ?? ""
        for path in KeyReference.serviceKeyPaths() where !path.contains("NAME") {
            let key = path.split(separator: ".").last.map(String.init) ?? path
            // In an example, or within `quotes` in the text.
            #expect(prose.contains("\(key):"), "\(path) has no example")
        }
    }

    /// What the guide for newcomers calls a key is one.
    @Test func theMigrationGuideNamesKeysThatExist() throws {
        let text = try String(contentsOfFile: Self.folder + "/Migration.md", encoding: .utf8)
        let known = Set(
            KeyReference.serviceKeyPaths().flatMap { $0.split(separator: ".") }.map {
                String($0.prefix { $0 != "[" })
            })
        var named: Set<String> = []
        for line in text.split(separator: "\n") {
            // Of a table the last column, of prose everything: `key`, `key: value`, `key: {key, key: value}`.
            let column = line.hasPrefix("|") ? line.split(separator: "|").last ?? "" : line
            for fragment in column.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            where fragment.offset % 2 == 1 && !fragment.element.contains("amosctl") {
                for match in fragment.element.matches(of: /(?:^|[{,] ?)([a-z][a-z-]+)(?=[:,}])/) {
                    named.insert(String(match.1))
                }
            }
        }
        #expect(named.count > 40)
        #expect(named.subtracting(known) == [])
    }

    /// Every whole example in the reference is read by the reader itself.
    @Test func examplesAreRight() throws {
        let text = try String(contentsOfFile: Self.file, encoding: .utf8)
        let examples = text.components(separatedBy: "```yaml\n").dropFirst().compactMap {
            $0.components(separatedBy: "```").first
        }
        var files: [String: String] = ["files/radio.conf": "", "files/logo.raw": ""]
        for example in examples {
            // The first line of a whole file names it.
            guard let path = example.split(separator: "\n").first?.dropFirst(2) else { continue }
            if path.hasSuffix(".yaml") { files[String(path)] = example }
        }
        try #require(files.keys.contains("devices/pocket.yaml"))
        try Fixture.with(files) { folder in
            let repository = DeviceRepository(shippedRoot: Fixture.shippedRoot, folder: folder)
            for variant in Device.Variant.allCases {
                let device = try repository.device("pocket", variant: variant)
                #expect(device.services.contains { $0.definition.name == "radio" })
            }
        }
    }
}
