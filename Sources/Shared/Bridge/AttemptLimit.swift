/// How often one address may fail to authenticate. Pure bookkeeping: time comes from outside.
public struct AttemptLimit: Sendable {
    /// A person who tries some keys stays far below; a program that guesses gets nowhere.
    public static let failuresPerMinute = 20
    /// Addresses remembered; the one that failed longest ago makes room.
    public static let addressLimit = 32
    static let minute: UInt64 = 60_000

    private struct Entry {
        var address: [UInt8]
        /// When, in milliseconds, oldest first.
        var failures: [UInt64]
    }

    private var entries: [Entry] = []

    public init() {}

    public mutating func noteFailure(of address: [UInt8], milliseconds now: UInt64) {
        forget(before: now)
        if let index = entries.firstIndex(where: { $0.address == address }) {
            entries[index].failures.append(now)
            if entries[index].failures.count > Self.failuresPerMinute {
                entries[index].failures.removeFirst()
            }
            return
        }
        if entries.count >= Self.addressLimit { entries.removeFirst() }
        entries.append(Entry(address: address, failures: [now]))
    }

    /// Whether it may try again.
    public mutating func admits(_ address: [UInt8], milliseconds now: UInt64) -> Bool {
        forget(before: now)
        guard let entry = entries.first(where: { $0.address == address }) else { return true }
        return entry.failures.count < Self.failuresPerMinute
    }

    private mutating func forget(before now: UInt64) {
        guard now >= Self.minute else { return }
        let oldest = now - Self.minute
        for index in entries.indices { entries[index].failures.removeAll { $0 <= oldest } }
        entries.removeAll { $0.failures.isEmpty }
    }
}
