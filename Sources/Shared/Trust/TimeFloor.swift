/// The time that a device may believe in, although it may have no clock: it never runs backwards.
///
/// A freeze attack needs a client that takes an expired file for a fresh one. A handset may start at 1970 or
/// be told the time by anybody, so the time that metadata is judged by is the later of what the clock says
/// and this floor. Rules:
/// - Only what is signed or authenticated moves the floor: the system image (its build time), a server that
///   proved who it is, and the issue time that a repository writes into its signed timestamp.
/// - The clock does not move it: it may be set by an unauthenticated server, and a clock in the future would
///   make everything look expired for ever.
/// - A timestamp moves it at most to the expiry of the root that vouches for its key. Timestamp keys are
///   online and can be stolen; the root's owners undo that with their next root.
/// - It is stored before anything that depends on it, and grows only.
public struct TimeFloor: Equatable, Sendable {
    /// Seconds since 1970.
    public private(set) var seconds: Int64

    public init(seconds: Int64 = 0) { self.seconds = seconds }

    public enum Source: Equatable, Sendable {
        case systemImage(built: Int64)
        case authenticatedServer(time: Int64)
        case timestamp(issued: Int64, rootExpiry: Int64)
    }

    /// Returns whether it moved, and has to be stored.
    public mutating func advance(_ source: Source) -> Bool {
        let time =
            switch source {
            case .systemImage(let built): built
            case .authenticatedServer(let time): time
            case .timestamp(let issued, let rootExpiry): min(issued, rootExpiry - 1)
            }
        guard time > seconds else { return false }
        seconds = time
        return true
    }

    /// What metadata is judged by.
    /// - Parameter clock: nil where the device knows that its clock was never set.
    public func now(clock: Int64?) -> Int64 { max(seconds, clock ?? seconds) }
}
