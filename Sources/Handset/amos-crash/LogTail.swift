import LinuxSystem
import Wire

/// The last lines that a service wrote to the persistent log.
enum LogTail {
    static let folder = "/data/amos/log"
    /// Segments are read whole.
    static let segmentLimit = 4 << 20

    static func lines(of service: String, limit: Int) -> [String] {
        var all: [LogRecord] = []
        for name in Directory.namesIfPresent(in: folder) {
            let path = folder + "/" + String(decoding: name, as: UTF8.self)
            guard let bytes = contents(of: path, limit: segmentLimit) else { continue }
            var found: [LogRecord] = []
            var offset = 0
            while case .found(let frame) = LogSegment.firstRecord(from: offset, in: bytes.span) {
                offset = frame.range.upperBound
                guard bytes[frame.service].elementsEqual(service.utf8),
                    let record = LogSegment.record(frame, in: bytes.span)
                else { continue }
                found.append(record)
                // Twice the limit, then half is dropped: the newest stay, at little cost per record.
                if found.count == 2 * limit { found.removeFirst(limit) }
            }
            all.append(contentsOf: found.suffix(limit))
        }
        // Segments are a ring: names do not tell their order, sequence numbers do.
        all.sort { $0.head.sequence < $1.head.sequence }
        return all.suffix(limit).map { $0.text }
    }
}
