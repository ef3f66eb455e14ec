import DeviceSpec
import Foundation
import Testing

/// Each folder in `Wrong` is a repository with one mistake or several, and `expected.txt`, what a person is
/// told.
/// `AMOS_RECORD=1 swift test --filter WrongFileTests` writes them anew; read the difference before committing
/// it.
@Suite struct WrongFileTests {
    static let root = Fixture.testFolder + "/Wrong"

    /// `shape/bad-size` and so on.
    static let cases: [String] = ["syntax", "shape", "meaning"].flatMap { kind in
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(kind)")) ?? []
        return names.sorted().map { "\(kind)/\($0)" }
    }

    @Test(arguments: cases) func isExplained(name: String) throws {
        let folder = "\(Self.root)/\(name)"
        let message = try #require(messages(in: folder))
        let file = folder + "/expected.txt"
        if ProcessInfo.processInfo.environment["AMOS_RECORD"] != nil {
            try Data(message.utf8).write(to: URL(fileURLWithPath: file))
        }
        let expected = try String(contentsOfFile: file, encoding: .utf8)
        #expect(message == expected)
    }

    @Test func thereAreCasesOfEveryKind() {
        for kind in ["syntax/", "shape/", "meaning/"] {
            #expect(Self.cases.count { $0.hasPrefix(kind) } >= 8)
        }
    }

    /// Nil if nothing was found wrong.
    private func messages(in folder: String) -> String? {
        let repository = DeviceRepository(shippedRoot: Fixture.shippedRoot, folder: folder)
        do throws(DiagnosticList) {
            _ = try repository.device("pocket", variant: .user)
            return nil
        } catch {
            return error.text(relativeTo: folder) + "\n"
        }
    }
}
