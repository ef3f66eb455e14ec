import Foundation
import Referees
import Wire

/// Repositories that python-tuf made, and its verdicts; made anew, with new keys, in every run of the tests.
final class PythonRepositories: Sendable {
    static let shared = Result { try PythonRepositories() }

    /// The scenarios that there are; empty only if they could not be made, which is a test's failure.
    static let names = (try? shared.get().names) ?? []

    let folder: String
    let names: [String]

    private init() throws {
        folder = NSTemporaryDirectory() + "/amos-trust-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        atexit {
            guard let repositories = try? PythonRepositories.shared.get() else { return }
            try? FileManager.default.removeItem(atPath: repositories.folder)
        }
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Python/scenarios.py").path
        try PythonTUF().run(script, [folder])
        names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            !$0.hasSuffix(".json")
        }.sorted()
    }

    func json(_ name: String) throws -> JSONValue {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(name)"))
        return try JSONParser.parse([UInt8](data))
    }
}

/// One scenario: updates of one client, each against another state of the repository.
struct Scenario {
    struct Step {
        let now: Int64
        let targets: [String]
        let succeeds: Bool
        let python: String
        /// File → version, of everything that is trusted afterwards; empty where verdicts differ on purpose.
        let versions: [String: Int64]

        init(_ value: JSONValue) {
            now = value["now"]?.integer ?? 0
            targets = (value["targets"]?.array ?? []).compactMap(\.text)
            succeeds = value["succeeds"]?.bool ?? false
            python = value["python"]?.text ?? ""
            var versions: [String: Int64] = [:]
            for member in value["versions"]?.members ?? [] { versions[member.key] = member.value.integer }
            self.versions = versions
        }
    }

    let folder: String
    let steps: [Step]

    init(_ name: String) throws {
        let repositories = try PythonRepositories.shared.get()
        folder = repositories.folder + "/" + name
        steps = (try repositories.json("\(name)/scenario.json")["steps"]?.array ?? []).map(Step.init)
    }

    func bytes(_ file: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)")))
    }
}
