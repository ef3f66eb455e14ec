import Foundation
import Services
import Testing

@testable import LinuxSystem

extension SpawnTests {
    @Suite struct PathRules {
        typealias Rule = Isolation.PathRule

        private static func rule(_ path: String, _ kind: Rule.Kind, optional: Bool = false) -> Rule {
            var rule = Rule(path: path, kind: kind)
            rule.isOptional = optional
            return rule
        }

        @Test func theRootCanBeReadOnly() throws {
            // Unlike /tmp, this stays as it is for nobody.
            let own = "/var/tmp/amos-\(UUID().uuidString)"
            try FileManager.default.createDirectory(atPath: own + "/open", withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(atPath: own) }
            let script = """
                touch \(own)/x; touch \(own)/open/y && echo open
                touch /tmp/amos-$$ && rm /tmp/amos-$$ && echo tmp
                echo > /dev/null && echo dev
                """
            let answer = try run(script) {
                $0.isolation.isFileSystemReadOnly = true
                $0.isolation.paths = [Self.rule(own + "/open", .writable)]
            }
            #expect(answer.lines.dropFirst() == ["open", "tmp", "dev"], "\(answer)")
            #expect(answer.lines.first?.contains("Read-only file system") == true)
        }

        @Test func laterRulesLieOverEarlierOnes() throws {
            let folder = try TestFolder()
            let (inner, innermost) = (folder.path + "/a", folder.path + "/a/b")
            try FileManager.default.createDirectory(atPath: innermost, withIntermediateDirectories: true)
            let script = "touch \(folder.path)/x; touch \(inner)/x && echo inner; touch \(innermost)/x"
            let answer = try run(script) {
                $0.isolation.paths = [
                    Self.rule(folder.path, .readOnly), Self.rule(inner, .writable),
                    Self.rule(innermost, .readOnly),
                ]
            }
            #expect(answer.lines.count == 3 && answer.lines[1] == "inner", "\(answer)")
            #expect(answer.text.components(separatedBy: "Read-only").count == 3, "\(answer)")
        }

        @Test func whatIsHiddenIsEmptyAndClosed() throws {
            let folder = try TestFolder()
            try FileManager.default.createDirectory(
                atPath: folder.path + "/d", withIntermediateDirectories: true)
            try folder.write("d/inside", "secret")
            try folder.write("f", "secret")
            let (file, directory) = (folder.path + "/f", folder.path + "/d")
            let script =
                "cat \(file) \(directory)/inside; ls -A \(directory); stat -c '%a %s' \(file) \(directory)"
            let answer = try run(script) {
                $0.isolation.paths = [Self.rule(file, .hidden), Self.rule(directory, .hidden)]
                if isRoot { ($0.userID, $0.groupID) = (4321, 4321) }
            }
            #expect(!answer.text.contains("secret"), "\(answer)")
            #expect(answer.text.components(separatedBy: "Permission denied").count == 4, "\(answer)")
            #expect(answer.lines.suffix(2).map { $0.hasPrefix("0 ") } == [true, true], "\(answer)")
            #expect(try String(contentsOfFile: file, encoding: .utf8) == "secret")
        }

        @Test func temporaryFileSystemsHaveTheirSize() throws {
            let folder = try TestFolder()
            let script = """
                cd \(folder.path); ls -A
                head -c 300000 /dev/zero > large; stat -c %u .; echo small > x && cat x
                """
            let answer = try run(script) {
                $0.isolation.paths = [Self.rule(folder.path, .temporary(sizeBytes: 131_072))]
                if isRoot { ($0.userID, $0.groupID) = (4321, 4321) }
            }
            #expect(answer.text.contains("No space left on device"), "\(answer)")
            #expect(answer.lines.contains("\(isRoot ? 4321 : geteuid())"), "\(answer)")
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
        }

        @Test func bindsShowWhatPidOneSees() throws {
            let folder = try TestFolder()
            try FileManager.default.createDirectory(
                atPath: folder.path + "/d", withIntermediateDirectories: true)
            try folder.write("d/inside", "visible")
            let directory = folder.path + "/d"
            // The mount points are made in the temporary file system that hides everything else.
            let script = """
                cat \(directory)/inside
                cat \(folder.path)/new/name; touch \(directory)/x; ls -A \(folder.path)
                """
            let answer = try run(script) {
                $0.isolation.paths = [
                    Self.rule(folder.path, .temporary(sizeBytes: 0)),
                    Self.rule(directory, .bind(source: directory, isReadOnly: true)),
                    Self.rule(
                        folder.path + "/new/name", .bind(source: directory + "/inside", isReadOnly: false)),
                ]
            }
            #expect(answer.text.hasPrefix("visiblevisible"), "\(answer)")
            #expect(answer.text.contains("Read-only") && answer.text.hasSuffix("d\nnew\n"), "\(answer)")
        }

        @Test func whatIsOptionalMayBeMissing() throws {
            let missing = "/nonexistent/amos"
            let kinds: [Rule.Kind] = [
                .readOnly, .writable, .hidden, .temporary(sizeBytes: 0),
                .bind(source: missing, isReadOnly: true),
            ]
            let answer = try run("echo ran") { service in
                service.isolation.paths = kinds.map { Self.rule(missing, $0, optional: true) }
            }
            #expect(answer.lines == ["ran"])
            for kind in kinds {
                let failure = failure("true") { $0.isolation.paths = [Self.rule(missing, kind)] }
                #expect(failure.hasPrefix("cannot "), "\(failure)")
                #expect(failure.hasSuffix("/nonexistent/amos: No such file or directory"), "\(failure)")
            }
        }
    }
}
