/// What `amos lint` found.
public struct LintReport: Sendable {
    /// Errors and warnings, by file and position.
    public var diagnostics: DiagnosticList
    /// Of each service; empty if something is wrong.
    public var exposures: [ServiceExposure]
    /// Nil for a folder, or if something is wrong.
    public var device: Device?
}
