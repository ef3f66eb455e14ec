import Foundation
import Repository
import Testing
import Wire

@testable import Trust

/// Our client and python-tuf's see the same repositories and must come to the same verdicts, trust the same
/// versions and get the same targets. Where ours is stricter or follows the specification instead, the
/// scenario says so.
@Suite struct PythonScenarioTests {
    @Test func scenariosAreMade() throws {
        let repositories = try PythonRepositories.shared.get()
        #expect(repositories.names.count >= 110)
        let steps = try repositories.names.flatMap { try Scenario($0).steps }
        #expect(steps.filter(\.succeeds).count >= 70)
        #expect(steps.filter { !$0.succeeds }.count >= 70)
    }

    @Test(arguments: PythonRepositories.names)
    func verdictsAreTheSame(name: String) throws {
        let scenario = try Scenario(name)
        #expect(!scenario.steps.isEmpty)
        let store = MetadataStore(folder: scenario.folder + "/amos")
        try FileManager.default.createDirectory(
            atPath: store.folder, withIntermediateDirectories: true)
        try store.persist("root.json", try scenario.bytes("root.json"))
        for (number, step) in scenario.steps.enumerated() {
            let place = "\(name), step \(number)"
            do {
                try update(scenario, "\(scenario.folder)/\(number)", step, store)
                #expect(step.succeeds, "\(place): accepted; python-tuf: \(step.python)")
            } catch let error as RepositoryError {
                #expect(!step.succeeds, "\(place): refused: \(error)")
            }
            guard !step.versions.isEmpty else { continue }
            let versions = try trustedVersions(store)
            #expect(versions == step.versions, "\(place)")
        }
    }

    private func update(
        _ scenario: Scenario, _ server: String, _ step: Scenario.Step, _ store: MetadataStore
    ) throws {
        var client = try RepositoryClient(
            store: store, metadata: try Fetcher(server + "/metadata"), clock: step.now)
        try client.refresh()
        for path in step.targets {
            let target = try client.find(path)
            let bytes = try client.download(target, from: try Fetcher(server + "/targets"))
            #expect(Int64(bytes.count) == target.length)
        }
    }

    private func trustedVersions(_ store: MetadataStore) throws -> [String: Int64] {
        var versions: [String: Int64] = [:]
        for file in try FileManager.default.contentsOfDirectory(atPath: store.folder)
        where file.hasSuffix(".json") {
            let document = try JSONParser.parse(try #require(store.load(file)))
            versions[file] = document["signed"]?["version"]?.integer
        }
        return versions
    }

    @Test func patternsMatchTheSame() throws {
        let rows = try #require(try PythonRepositories.shared.get().json("patterns.json").array)
        #expect(rows.count == 4000)
        for row in rows {
            let fields = try #require(row.array)
            let (pattern, path) = (try #require(fields[0].text), try #require(fields[1].text))
            #expect(
                PathPattern(pattern).matches(path) == fields[2].bool, "pattern \(pattern), path \(path)")
        }
    }

    @Test func canonicalFormsAreTheSame() throws {
        let rows = try #require(try PythonRepositories.shared.get().json("canonical.json").array)
        #expect(rows.count == 500)
        for row in rows {
            let fields = try #require(row.array)
            let written = try #require(fields[0].text)
            let value = try JSONParser.parse(Array(written.utf8))
            let bytes = try #require(CanonicalJSON.encode(value))
            #expect(Hexadecimal.encode(bytes) == fields[1].text, "\(written)")
        }
    }
}
