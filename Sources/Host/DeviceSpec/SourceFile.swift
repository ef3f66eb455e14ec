import Foundation
import Yams

/// Reads one YAML file into a `SourceNode`, reporting what is not YAML.
struct SourceFile {
    /// Absolute.
    let path: String
    /// Nil if the file could not be read at all; that has been reported.
    let root: SourceNode?

    init(path: String, diagnostics: DiagnosticCollector) {
        self.path = path
        let top = SourceLocation(file: path, line: 1, column: 1)
        guard let data = FileManager.default.contents(atPath: path) else {
            diagnostics.add("cannot read this file: \(String(cString: strerror(errno)))", at: top)
            root = nil
            return
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            diagnostics.add("this file is not UTF-8 text", at: top, expected: "a YAML file")
            root = nil
            return
        }
        var reader = YAMLReader(path: path, text: text)
        root = reader.read(diagnostics)
    }
}

/// libyaml's nodes, with repeated keys kept instead of ending the reading at the first of them.
private struct YAMLReader {
    let path: String
    var text: String
    /// Repeated keys were renamed in `text`, one private-use character each; here is what they were.
    var renamed: [Character: Character] = [:]

    /// More repeated keys than this in one file are no slip; the rest is then not looked at.
    static let renamingLimit = 64

    init(path: String, text: String) {
        self.path = path
        self.text = text
    }

    mutating func read(_ diagnostics: DiagnosticCollector) -> SourceNode? {
        let top = SourceLocation(file: path, line: 1, column: 1)
        while true {
            do {
                // The basic resolver leaves every scalar text and costs no regular expressions.
                let parser = try Yams.Parser(yaml: text, resolver: .basic, encoding: .utf8)
                guard let node = try parser.singleRoot() else {
                    diagnostics.add("this file is empty", at: top, expected: "a map of keys and values")
                    return nil
                }
                return convert(node, parentLocation: top)
            } catch YamlError.duplicatedKeysInMapping(_, let context) where rename(at: context.mark) {
                continue
            } catch let error as YamlError {
                report(error, diagnostics)
            } catch {
                diagnostics.add("this file is not YAML: \(error)", at: top)
            }
            return nil
        }
    }

    /// Replaces the first letter of the key at this place, so that the next reading gets past it.
    private mutating func rename(at mark: Mark) -> Bool {
        guard renamed.count < Self.renamingLimit, let scalar = Unicode.Scalar(0xE000 + renamed.count) else {
            return false
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard lines.indices.contains(mark.line - 1) else { return false }
        var letters = Array(lines[mark.line - 1].unicodeScalars)
        var column = mark.column - 1
        if letters.indices.contains(column), letters[column] == "\"" || letters[column] == "'" { column += 1 }
        guard letters.indices.contains(column) else { return false }
        renamed[Character(scalar)] = Character(letters[column])
        letters[column] = scalar
        var line = String.UnicodeScalarView()
        line.append(contentsOf: letters)
        lines[mark.line - 1] = String(line)
        text = lines.joined(separator: "\n")
        return true
    }

    private func convert(_ node: Node, parentLocation: SourceLocation) -> SourceNode {
        let location = location(node.mark) ?? parentLocation
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            return SourceNode(content: .scalar(scalar.string, isPlain: isPlain), location: location)
        case .sequence(let sequence):
            let items = sequence.map { convert($0, parentLocation: location) }
            return SourceNode(content: .list(items), location: location)
        case .mapping(let mapping):
            let entries = mapping.map { key, value in
                let keyLocation = self.location(key.mark) ?? location
                return SourceNode.Entry(
                    key: original(key.scalar?.string ?? "?"), keyLocation: keyLocation,
                    value: convert(value, parentLocation: keyLocation))
            }
            return SourceNode(content: .map(entries), location: location)
        case .alias:
            return SourceNode(content: .invalid, location: location)
        }
    }

    private func original(_ key: String) -> String {
        guard let first = key.first, let letter = renamed[first] else { return key }
        return String(letter) + key.dropFirst()
    }

    private func location(_ mark: Mark?) -> SourceLocation? {
        mark.map { SourceLocation(file: path, line: $0.line, column: $0.column) }
    }

    private func report(_ error: YamlError, _ diagnostics: DiagnosticCollector) {
        var place = SourceLocation(file: path, line: 1, column: 1)
        var message = "\(error)"
        var expected: String?
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            place = location(mark) ?? place
            message = problem
            if let context { message += " \(context.text) that starts at line \(context.mark.line)" }
            if letter(at: mark) == "\t" { expected = "blanks: YAML does not allow tabs for indentation" }
        case .composer(let context, let problem, let mark, _):
            place = location(mark) ?? place
            message = context.map { "\($0.text) \(problem)" } ?? problem
        case .reader(let problem, let offset, _, _):
            let before = text.prefix(offset ?? 0)
            place.line = before.count { $0 == "\n" } + 1
            place.column = before.reversed().prefix { $0 != "\n" }.count + 1
            message = problem
        case .duplicatedKeysInMapping(let keys, let context):
            place = location(context.mark) ?? place
            message = "duplicate key '\(keys.first ?? "")'"
        default: break
        }
        diagnostics.add("not YAML: \(message)", at: place, expected: expected)
    }

    private func letter(at mark: Mark) -> Unicode.Scalar? {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.indices.contains(mark.line - 1) else { return nil }
        return lines[mark.line - 1].unicodeScalars.dropFirst(mark.column - 1).first
    }
}
