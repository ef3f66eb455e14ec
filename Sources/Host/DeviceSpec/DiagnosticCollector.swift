import HostSystem

/// Gathers everything that is wrong while a device is read, so that one run shows all of it.
final class DiagnosticCollector {
    private(set) var diagnostics: [Diagnostic] = []

    func add(
        _ message: String, at location: SourceLocation, expected: String? = nil, suggestion: String? = nil
    ) {
        diagnostics.append(Diagnostic(message, at: location, expected: expected, suggestion: suggestion))
    }

    /// Right, but hardly meant.
    func warn(_ message: String, at location: SourceLocation, expected: String? = nil) {
        diagnostics.append(
            Diagnostic(message, at: location, expected: expected, severity: .warning))
    }

    var errorCount: Int { diagnostics.count { $0.severity == .error } }
    var warnings: [Diagnostic] { diagnostics.filter { $0.severity == .warning } }

    /// A name that stands for nothing: lists what there is and what was probably meant.
    func addUnknown(
        _ what: String, _ name: String, at location: SourceLocation, among known: some Sequence<String>,
        where place: String? = nil
    ) {
        let names = known.sorted()
        let list = names.count == 1 ? names[0] : "one of \(names.joined(separator: ", "))"
        let place = place.map { " \($0)" } ?? ""
        add(
            "unknown \(what) '\(name)'\(place)", at: location,
            expected: names.isEmpty ? "nothing: there is none" : list,
            suggestion: NearestName.of(name, among: names))
    }

    /// Warnings are told as well, but only with an error.
    func throwIfAny() throws(DiagnosticList) {
        if errorCount > 0 { throw DiagnosticList(diagnostics) }
    }
}
