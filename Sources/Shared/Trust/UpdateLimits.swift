/// How much a repository may ask of a client: what protects it from data without end.
public struct UpdateLimits: Equatable, Sendable {
    /// Bytes of a root: far more keys than a repository has people.
    public var root = 512_000
    /// Bytes of a timestamp, which every client fetches every time: one entry and its signatures.
    public var timestamp = 16_384
    /// Bytes of a snapshot, whatever length the timestamp tells: some 30,000 roles.
    public var snapshot = 2_000_000
    /// Bytes of a targets role, whatever length the snapshot tells: some 20,000 targets.
    public var targets = 5_000_000
    /// Roots that one update follows; a device that missed more goes on with the next update.
    public var rootCount = 256
    /// Roles that the search for one target visits.
    public var roleCount = 32

    public init() {}

    /// Who announces a length may be a thief with a key that is online.
    static func bounded(_ announced: Int64?, by limit: Int) -> Int64 {
        min(announced ?? Int64(limit), Int64(limit))
    }
}
