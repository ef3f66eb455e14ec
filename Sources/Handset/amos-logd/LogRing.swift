import LinuxSystem
import Wire

/// Eight segment files, `0.log` to `7.log`, written in turn: when the current one is full, the oldest becomes
/// current. So seven eighths of the ring's size are always the past, and it never grows.
final class LogRing {
    static let segmentCount: UInt64 = 8
    /// Read at once when looking for records; holds at least seven.
    static let windowSize = 48 * 1024
    /// Records are written together, but never more than this at once.
    static let batchLimit = 32 * 1024
    /// While the disk takes nothing, this much waits in memory; what comes then is counted and lost.
    static let pendingLimit = 128 * 1024

    /// Where a reader is. Segment `generation` is in the file `generation` modulo `segmentCount`.
    struct Position {
        var generation: UInt64
        var offset = SegmentFile.start
        /// Of the last record it passed; 0: none yet. Records are read in this order only: what is left of an
        /// earlier turn has smaller numbers.
        var sequence: UInt64 = 0
    }

    private let files: [SegmentFile]
    private let segmentLimit: UInt64
    private(set) var generation: UInt64 = LogRing.segmentCount
    private(set) var nextSequence: UInt64 = 1
    /// Of the newest record that was there at the start; 0: there was none.
    private(set) var lastBoot: UInt32 = 0
    private var isDirty = false
    /// Lines that neither the disk nor memory had room for.
    private(set) var lostCount: UInt32 = 0
    /// Why the last write failed; nil: it did not.
    private(set) var failure: SystemCallError?

    /// The part of a segment that was read last. `Frame`s point into it.
    private(set) var window: [UInt8] = []
    private var windowGeneration: UInt64 = 0
    private var windowStart: UInt64 = 0

    init(in directory: String, size: UInt64) throws(SystemCallError) {
        segmentLimit = size / Self.segmentCount
        var files: [SegmentFile] = []
        for index in 0..<Self.segmentCount {
            files.append(try SegmentFile(directory + "/" + String(index) + ".log"))
        }
        self.files = files
        try resume()
        // The names must survive a power cut as the records do.
        let folder = try FileDescriptor.open(directory, .directory)
        try folder.synchronize()
    }

    private func file(_ generation: UInt64) -> SegmentFile { files[Int(generation % Self.segmentCount)] }

    var oldestGeneration: UInt64 { generation - (Self.segmentCount - 1) }
    var oldest: Position { Position(generation: oldestGeneration) }
    var end: Position {
        Position(generation: generation, offset: file(generation).end, sequence: nextSequence - 1)
    }

    /// The file that begins with the newest record goes on behind its last one.
    private func resume() throws(SystemCallError) {
        var newest: (index: UInt64, sequence: UInt64)?
        for index in 0..<Self.segmentCount {
            generation = Self.segmentCount + index
            if file(generation).isUnused() {
                file(generation).resume(at: 0)
                continue
            }
            var position = Position(generation: generation)
            guard let first = next(&position, through: generation) else { continue }
            if first.head.sequence > newest?.sequence ?? 0 { newest = (index, first.head.sequence) }
        }
        if let newest {
            generation = Self.segmentCount + newest.index
            var position = Position(generation: generation)
            var end = position.offset
            while let frame = next(&position, through: generation) {
                nextSequence = frame.head.sequence + 1
                lastBoot = frame.head.boot
                end = position.offset
            }
            file(generation).resume(at: end)
        } else {
            for file in files { try? file.descriptor.reserve(segmentLimit) }
            generation = Self.segmentCount
            file(generation).begin(limit: segmentLimit)
        }
        window = []
    }

    /// Keeps a record under the next sequence number. It is in the file after the next `write`.
    func append(_ head: LogHead, service: [UInt8], text: ArraySlice<UInt8>) {
        var head = head
        head.sequence = nextSequence
        var bytes: [UInt8] = []
        LogSegment.append(head, service: service, text: text, to: &bytes)
        if file(generation).end + UInt64(bytes.count) > segmentLimit {
            if failure == nil { write() }
            if failure == nil { rotate() }
        }
        guard file(generation).pending.count + bytes.count <= Self.pendingLimit else {
            if lostCount < UInt32.max { lostCount += 1 }
            return
        }
        file(generation).append(bytes)
        nextSequence += 1
        if failure == nil, file(generation).pending.count >= Self.batchLimit { write() }
    }

    private func rotate() {
        synchronize()
        generation += 1
        file(generation).begin(limit: segmentLimit)
    }

    /// Hands what is pending to the kernel: from then on it survives this process.
    func write() {
        guard !file(generation).pending.isEmpty else { return }
        isDirty = true
        do throws(SystemCallError) {
            try file(generation).write()
            failure = nil
        } catch { failure = error }
    }

    /// Everything that was written is on the disk when this returns, and survives the machine.
    func synchronize() {
        guard isDirty else { return }
        do throws(SystemCallError) {
            try file(generation).descriptor.synchronize()
            isDirty = false
        } catch { failure = error }
    }

    func takeLost() -> UInt32 {
        defer { lostCount = 0 }
        return lostCount
    }

    /// The record at `position`, which moves on; nil at the end. Who was overtaken goes on with the oldest
    /// record there is. The frame's ranges are those of `window`, until the next call.
    func next(_ position: inout Position, through last: UInt64? = nil) -> LogSegment.Frame? {
        if position.generation < oldestGeneration {
            position.generation = oldestGeneration
            position.offset = SegmentFile.start
        }
        let last = last ?? generation
        while position.generation <= last {
            if let frame = nextInSegment(&position) { return frame }
            guard position.generation < last else { return nil }
            position.generation += 1
            position.offset = SegmentFile.start
        }
        return nil
    }

    private func nextInSegment(_ position: inout Position) -> LogSegment.Frame? {
        let file = file(position.generation)
        while position.offset < file.end {
            if windowGeneration != position.generation || position.offset < windowStart
                || position.offset >= windowStart + UInt64(window.count)
            {
                load(position)
            }
            if window.isEmpty { return nil }
            let windowEnd = windowStart + UInt64(window.count)
            let bytes = window
            let search = LogSegment.firstRecord(
                from: Int(position.offset - windowStart), in: bytes.span,
                isWhole: windowEnd == file.end || windowEnd == file.written)
            switch search {
            case .found(let frame):
                guard frame.head.sequence > position.sequence else { return nil }
                position.offset = windowStart + UInt64(frame.range.upperBound)
                position.sequence = frame.head.sequence
                return frame
            case .nothing(let useless):
                position.offset = windowStart + UInt64(useless)
                if useless < window.count || windowEnd < file.end { load(position) }
            }
        }
        return nil
    }

    private func load(_ position: Position) {
        window = file(position.generation).bytes(from: position.offset, limit: Self.windowSize)
        windowGeneration = position.generation
        windowStart = position.offset
    }

    /// Nobody reads at the moment: the memory is better used elsewhere.
    func forgetWindow() { window = [] }
}
