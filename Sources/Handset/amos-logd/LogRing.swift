import LinuxSystem
import Wire

/// Two segment files, `0.log` and `1.log`, written in turn: when the current one is full, the other is
/// emptied and becomes current. So at least one segment's worth of the past is always there, and never more
/// than two.
final class LogRing {
    /// 1 MiB holds about 10,000 lines; two of them are 0.1 % of the smallest `data`.
    static let segmentLimit: UInt64 = 1 << 20
    /// Read at once when looking for records; holds some dozens of the longest.
    static let windowSize = 64 * 1024

    /// Where a reader is: segment `generation` is in the file `generation % 2`.
    struct Position {
        var generation: UInt64
        var offset: UInt64
    }

    private let files: [SegmentFile]
    private var generation: UInt64
    private var nextSequence: UInt64
    private var isDirty = false

    init(in directory: String) throws(SystemCallError) {
        files = [try SegmentFile(directory + "/0.log"), try SegmentFile(directory + "/1.log")]
        // The file with the newest record goes on; its torn tail was cut when it was opened.
        let current: UInt64 = files[1].lastSequence > files[0].lastSequence ? 1 : 0
        generation = 2 + current
        nextSequence = max(files[0].lastSequence, files[1].lastSequence) + 1
    }

    var oldest: Position { Position(generation: generation - 1, offset: SegmentFile.start) }

    /// Stores a line under the next sequence number.
    func append(_ record: LogRecord) throws(SystemCallError) {
        var record = record
        record.sequence = nextSequence
        let bytes = LogSegment.encode(record)
        if file(generation).length + UInt64(bytes.count) > Self.segmentLimit {
            try synchronize()
            generation += 1
            try file(generation).clear()
        }
        try file(generation).append(bytes)
        nextSequence += 1
        isDirty = true
    }

    /// Everything so far is on the disk when this returns.
    func synchronize() throws(SystemCallError) {
        guard isDirty else { return }
        try file(generation).descriptor.synchronize()
        isDirty = false
    }

    /// The record at `position`, which moves on; nil at the end. Who was overtaken by a rotation goes on
    /// with the oldest record there is.
    func next(_ position: inout Position) -> (record: LogRecord, bytes: [UInt8])? {
        if position.generation + 1 < generation { position = oldest }
        while true {
            let file = file(position.generation)
            if let found = file.record(at: position.offset) {
                position.offset += UInt64(found.bytes.count)
                return found
            }
            guard position.generation < generation else { return nil }
            position = Position(generation: position.generation + 1, offset: SegmentFile.start)
        }
    }

    private func file(_ generation: UInt64) -> SegmentFile { files[Int(generation & 1)] }
}

/// One segment on disk.
final class SegmentFile {
    static let start = UInt64(LogSegment.magic.count)

    let descriptor: FileDescriptor
    private(set) var length: UInt64 = 0
    private(set) var lastSequence: UInt64 = 0
    /// The part of the file that was read last, and where it begins.
    private var window: [UInt8] = []
    private var windowStart: UInt64 = 0

    /// Opens or creates it, finds its last whole record and cuts off what follows.
    init(_ path: String) throws(SystemCallError) {
        descriptor = try .open(path, [.readWrite, .create], permissions: 0o640)
        let beginning = try descriptor.read(LogSegment.magic.count, at: 0)
        guard beginning == LogSegment.magic else {
            try clear()
            return
        }
        length = try descriptor.size()
        var offset = Self.start
        while let (record, bytes) = record(at: offset) {
            lastSequence = record.sequence
            offset += UInt64(bytes.count)
        }
        if offset < length {
            try descriptor.truncate(to: offset)
            length = offset
        }
        window = []
    }

    func clear() throws(SystemCallError) {
        try descriptor.truncate(to: 0)
        try descriptor.write(LogSegment.magic, at: 0)
        length = Self.start
        window = []
    }

    func append(_ bytes: [UInt8]) throws(SystemCallError) {
        try descriptor.write(bytes, at: length)
        length += UInt64(bytes.count)
    }

    func record(at offset: UInt64) -> (record: LogRecord, bytes: [UInt8])? {
        guard offset < length else { return nil }
        if let found = recordInWindow(offset) { return found }
        guard let bytes = try? descriptor.read(LogRing.windowSize, at: offset) else { return nil }
        window = bytes
        windowStart = offset
        return recordInWindow(offset)
    }

    private func recordInWindow(_ offset: UInt64) -> (record: LogRecord, bytes: [UInt8])? {
        guard offset >= windowStart, offset < windowStart + UInt64(window.count) else { return nil }
        let start = Int(offset - windowStart)
        guard let (record, next) = LogSegment.record(at: start, in: window.span) else { return nil }
        return (record, Array(window[start..<next]))
    }
}
