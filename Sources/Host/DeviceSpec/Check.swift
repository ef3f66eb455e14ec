/// Something `amos test` asks of a booted handset. All of them are decided on the host from the events that
/// the guest reports, so that they work on a `user` image, which has no shell.
public struct Check: Sendable, Equatable {
    public enum Expectation: Sendable, Equatable {
        /// `ready`: the device became healthy.
        case healthy
        /// `service: logd`, with `state: ready` (default), `done` or `stopped`.
        case service(name: String, state: String)
        /// `mounted: /data`, with `type:` and `options:` that must all be there.
        case mounted(path: String, type: String?, options: [String])
        /// `network: up`: an address was leased.
        case network
        /// `clock: set`.
        case clock
        /// `memory-used-below: 40 MiB` at ready: MemTotal − MemAvailable.
        case memoryUsedBelow(bytes: UInt64)
        /// `console: REGEX` (must appear) and `no-console: REGEX` (must not).
        case console(pattern: String, present: Bool)
        /// `screen: not-blank`.
        case screenNotBlank
    }

    public var name: String
    public var expectation: Expectation
    public var location: SourceLocation

    public init(name: String, expectation: Expectation, location: SourceLocation) {
        self.name = name
        self.expectation = expectation
        self.location = location
    }
}
