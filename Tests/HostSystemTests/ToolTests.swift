import Foundation
import HostSystem
import Testing

@Suite struct ToolTests {
    let shell: Tool

    init() throws { shell = try Tool("sh", package: "dash") }

    @Test func bothOutputsArriveWhole() throws {
        // More than a pipe holds, on both: whoever reads one after the other waits for ever.
        let script = "head -c 300000 /dev/zero; head -c 300000 /dev/zero >&2; exit 3"
        let output = try shell.run(["-c", script])
        #expect(output.standardOutput.count == 300_000)
        #expect(output.standardError.count == 300_000)
        #expect(output.status == 3)
    }

    @Test func theEnvironmentIsReplacedAndTheFolderIsOurs() throws {
        let folder = try TestFolder()
        let output = try shell.run(
            ["-c", "pwd; echo \"$ONLY\"; env | grep -c HOME"], environment: ["ONLY": "a b"],
            folder: folder.path)
        let lines = output.text.split(separator: "\n")
        #expect(lines.first?.hasSuffix(folder.path.split(separator: "/").last ?? "?") == true)
        #expect(lines.dropFirst() == ["a b", "0"])
    }

    @Test func argumentsAreNotInterpreted() throws {
        let words = ["a b", "$HOME", "'\"", "", "*"]
        let output = try shell.run(["-c", "printf '%s\\n' \"$@\"", "sh"] + words)
        #expect(output.text == words.joined(separator: "\n") + "\n")
    }

    @Test func standardInputIsEmpty() throws {
        #expect(try shell.run(["-c", "cat; echo done"]).text == "done\n")
    }

    @Test func aFailureHasItsLastWords() {
        #expect {
            try shell.check(["-c", "for i in 1 2 3 4 5 6 7; do echo line $i >&2; done; exit 9"])
        } throws: { error in
            let text = "\(error)"
            return text.contains("status 9") && text.contains("line 7") && !text.contains("line 2")
        }
    }

    @Test func aMissingProgramNamesItsPackage() {
        #expect {
            _ = try Tool("no-such-program", package: "its-package")
        } throws: { "\($0)".contains("apt-get install its-package") }
    }
}
