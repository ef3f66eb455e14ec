import Wire

/// Cuts the bytes of the `amos.events` port into lines and reads them.
public struct EventStream: Sendable {
    private var pending: [UInt8] = []
    /// Lines that are no events, cut short: a defect of the guest, to be shown.
    public private(set) var malformed: [String] = []
    /// Enough to see the defect.
    private static let malformedLimit = 10

    public init() {}

    public mutating func append(_ bytes: [UInt8]) -> [TimedEvent] {
        pending += bytes
        var events: [TimedEvent] = []
        var start = pending.startIndex
        while let end = pending[start...].firstIndex(of: 0x0a) {
            let line = Array(pending[start..<end])
            start = end + 1
            guard !line.isEmpty else { continue }
            do throws(WireError) {
                events.append(try TimedEvent(line: line))
            } catch {
                note(line)
            }
        }
        pending.removeSubrange(..<start)
        if pending.count > BootEvent.lineLimit {
            note(pending)
            pending = []
        }
        return events
    }

    private mutating func note(_ line: [UInt8]) {
        guard malformed.count < Self.malformedLimit else { return }
        malformed.append(String(decoding: line.prefix(200), as: UTF8.self))
    }
}
