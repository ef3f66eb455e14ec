import DeviceSpec
import Foundation
import HostSystem
import Testing

/// The referee is Python's `jsonschema` over PyYAML (Debian's python3-jsonschema, python3-yaml), which know
/// nothing of our reader.
@Suite struct SchemaTests {
    private static let validator = """
        import json, sys, yaml
        from jsonschema import Draft202012Validator as Validator
        schemas = {kind: json.load(open(path)) for kind, path in json.loads(sys.argv[1]).items()}
        for schema in schemas.values():
            Validator.check_schema(schema)
        for line in open(sys.argv[2]):
            kind, path = line.rstrip("\\n").split(" ", 1)
            errors = list(Validator(schemas[kind]).iter_errors(yaml.safe_load(open(path))))
            print(len(errors))
        """

    /// Whether the published schemas accept each file; the kind follows from the folder it is in.
    private func accepted(_ files: [String]) throws -> [Bool] {
        // Debian's Python, which has the Debian packages; another one in PATH may lack them.
        let environment = try Tool("env", package: "coreutils")
        let list = files.map { "\($0.contains("/services/") ? "service" : "device") \($0)" }
        return try Fixture.with([
            "device.json": DeviceSchema.json(for: .device), "service.json": DeviceSchema.json(for: .service),
            "files.txt": list.joined(separator: "\n") + "\n",
        ]) { folder in
            let schemas = #"{"device": "\#(folder)/device.json", "service": "\#(folder)/service.json"}"#
            let output = try environment.check([
                "/usr/bin/python3", "-c", Self.validator, schemas, "\(folder)/files.txt",
            ])
            let counts = output.text.split(separator: "\n").compactMap { Int($0) }
            try #require(counts.count == files.count)
            return counts.map { $0 == 0 }
        }
    }

    private func yamlFiles(in folder: String) -> [String] {
        ["devices", "services"].flatMap { kind in
            let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(folder)/\(kind)")) ?? []
            return names.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\(kind)/\($0)" }
        }
    }

    @Test func acceptsTheShippedFiles() throws {
        let files = yamlFiles(in: Fixture.shippedRoot)
        #expect(files.count >= 6)
        for (file, isAccepted) in zip(files, try accepted(files)) {
            #expect(isAccepted, "\(file)")
        }
    }

    @Test func acceptsWhatTheTemplateWrites() throws {
        try Fixture.with([:]) { folder in
            let written = try DeviceTemplate(name: "pocket").write(into: folder)
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let files = written.filter { $0.hasSuffix(".yaml") }
            #expect(try accepted(files) == [true, true])
        }
    }

    /// A mistake of shape is found by the schema alone; one of meaning only by whoever knows the other files.
    @Test func rejectsWhatTheReaderRejectsForItsShape() throws {
        var folders: [(name: String, files: [String])] = []
        for name in WrongFileTests.cases where !name.hasPrefix("syntax/") {
            folders.append((name, yamlFiles(in: "\(WrongFileTests.root)/\(name)")))
        }
        var results = try accepted(folders.flatMap(\.files))[...]
        for (name, files) in folders {
            let isAccepted = results.prefix(files.count).allSatisfy { $0 }
            results = results.dropFirst(files.count)
            // One case of meaning has mistakes of both kinds.
            let isRight = !name.hasPrefix("shape/") && name != "meaning/many-at-once"
            #expect(isAccepted == isRight, "\(name)")
        }
    }

    /// Editors use the published files; `AMOS_RECORD=1 swift test --filter SchemaTests` writes them anew.
    @Test(arguments: DeviceSchema.Document.allCases) func isPublished(document: DeviceSchema.Document) throws
    {
        let file = "\(Fixture.shippedRoot)/schema/\(document.rawValue).json"
        let text = DeviceSchema.json(for: document)
        if ProcessInfo.processInfo.environment["AMOS_RECORD"] != nil {
            try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        }
        #expect(try String(contentsOfFile: file, encoding: .utf8) == text)
    }
}
