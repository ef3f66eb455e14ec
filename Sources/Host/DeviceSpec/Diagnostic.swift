/// One thing that is wrong with a device or service file, or with what was built from it.
///
/// Printed the way compilers print, so that editors and CI jump to it:
/// ```
/// devices/phone.yaml:12:3: error: unknown key 'packges'
///     expected: packages, services, …
///     did you mean 'packages'?
/// ```
public struct Diagnostic: Error, Sendable, Hashable {
    /// Only errors keep a device from being built.
    public enum Severity: String, Sendable { case error, warning }

    public var location: SourceLocation
    public var severity: Severity
    /// What is wrong, in one line, without a full stop.
    public var message: String
    /// What would have been right, or what to do next.
    public var expected: String?
    /// The nearest valid name.
    public var suggestion: String?

    public init(
        _ message: String, at location: SourceLocation, expected: String? = nil, suggestion: String? = nil,
        severity: Severity = .error
    ) {
        self.location = location
        self.severity = severity
        self.message = message
        self.expected = expected
        self.suggestion = suggestion
    }

    /// - Parameter folder: an absolute path; files below it are printed relative to it.
    public func text(relativeTo folder: String? = nil) -> String {
        var text = "\(location.text(relativeTo: folder)): \(severity.rawValue): \(message)"
        if let expected { text += "\n    expected: \(expected)" }
        if let suggestion { text += "\n    did you mean '\(suggestion)'?" }
        return text
    }
}

extension Diagnostic: CustomStringConvertible {
    public var description: String { text() }
}

/// Everything that is wrong, at once, ordered by file and position.
public struct DiagnosticList: Error, Sendable, Equatable, CustomStringConvertible {
    public private(set) var diagnostics: [Diagnostic]

    /// Sorts and drops repetitions: a shared mistake is found once per build variant, and the variant that
    /// knows more names says so best.
    public init(_ diagnostics: [Diagnostic]) {
        let sorted = diagnostics.sorted { first, second in
            if first.location != second.location { return first.location < second.location }
            if first.message != second.message { return first.message < second.message }
            let (firstHelp, secondHelp) = (first.suggestion ?? "", second.suggestion ?? "")
            if firstHelp != secondHelp { return firstHelp > secondHelp }
            let (firstRight, secondRight) = (first.expected ?? "", second.expected ?? "")
            if firstRight.count != secondRight.count { return firstRight.count > secondRight.count }
            return firstRight < secondRight
        }
        self.diagnostics = []
        for diagnostic in sorted {
            let last = self.diagnostics.last
            let isRepetition = last?.location == diagnostic.location && last?.message == diagnostic.message
            if !isRepetition { self.diagnostics.append(diagnostic) }
        }
    }

    public var errorCount: Int { diagnostics.count { $0.severity == .error } }
    public var warningCount: Int { diagnostics.count - errorCount }

    /// `2 errors, 1 warning`; empty if there are none.
    public var summary: String {
        [(errorCount, "error"), (warningCount, "warning")].filter { $0.0 > 0 }
            .map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(separator: ", ")
    }

    public func text(relativeTo folder: String? = nil) -> String {
        diagnostics.map { $0.text(relativeTo: folder) }.joined(separator: "\n")
    }

    public var description: String { text() }
}

extension SourceLocation: Comparable, CustomStringConvertible {
    public static func < (first: SourceLocation, second: SourceLocation) -> Bool {
        (first.file, first.line, first.column) < (second.file, second.line, second.column)
    }

    public func text(relativeTo folder: String? = nil) -> String {
        var path = file
        if let folder, path.hasPrefix(folder + "/") { path = String(path.dropFirst(folder.count + 1)) }
        return "\(path):\(line):\(column)"
    }

    public var description: String { text() }
}
