import Testing

@testable import Wire

@Suite struct LogFormatTests {
    private func record(_ number: Int, text: String? = nil) -> LogRecord {
        var head = LogHead()
        head.sequence = UInt64(number)
        (head.unixNanoseconds, head.bootNanoseconds, head.boot, head.process) = (5, 6, 7, 8)
        head.level = .warning
        head.facility = 3
        return LogRecord(
            head: head, service: "logd", text: text ?? String(repeating: "x", count: number))
    }

    private func records(_ segment: [UInt8], piece: Int? = nil) -> [LogRecord] {
        var found: [LogRecord] = []
        var offset = 0
        while true {
            let end = piece.map { min(segment.count, offset + $0) } ?? segment.count
            let window = Array(segment[offset..<end])
            switch LogSegment.firstRecord(from: 0, in: window.span, isWhole: end == segment.count) {
            case .found(let frame):
                if let record = LogSegment.record(frame, in: window.span) { found.append(record) }
                offset += frame.range.upperBound
            case .nothing(let useless):
                offset += useless
                if end == segment.count { return found }
            }
        }
    }

    private func sequences(_ segment: [UInt8]) -> [UInt64] { records(segment).map(\.head.sequence) }

    @Test func recordsAreTheseBytes() {
        var dropped = record(0x0102, text: "é")
        dropped.head.isUnfinished = true
        dropped.head.droppedLines = 9
        let body: [UInt8] =
            [2, 1, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 8, 0, 0, 0]
            + [4, 3, 3, 4] + Array("logd".utf8) + [9, 0, 0, 0, 0xc3, 0xa9]
        let sum = CRC32.of(body)
        let head: [UInt8] =
            [0xff, 1, UInt8(body.count), 0] + (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) }
        #expect(LogSegment.encode(dropped) == head + body)
        #expect(records(head + body) == [dropped])
    }

    @Test func theLongestRecordFitsAPacket() throws {
        var longest = record(1, text: String(repeating: "x", count: LogRecord.textLimit + 5))
        longest.service = String(repeating: "s", count: LogRecord.serviceLimit + 5)
        longest.head.droppedLines = 1
        let bytes = LogSegment.encode(longest)
        #expect(bytes.count == LogReply.limit)
        guard case .record(let kept) = try LogReply(decoding: bytes) else {
            throw WireError.truncated(offset: 0)
        }
        #expect(
            kept.text.utf8.count == LogRecord.textLimit && kept.service.utf8.count == LogRecord.serviceLimit)
    }

    @Test func aTearHidesOnlyWhatIsTorn() {
        var segment = LogSegment.magic
        var offsets: [Int] = []
        for number in 1...5 {
            offsets.append(segment.count)
            segment += LogSegment.encode(record(number))
        }
        for length in offsets[3]..<offsets[4] { #expect(sequences(Array(segment[..<length])) == [1, 2, 3]) }
        for position in offsets[2]..<offsets[3] {
            for bit in 0..<8 {
                var rotten = segment
                rotten[position] ^= 1 << bit
                #expect(sequences(rotten) == [1, 2, 4, 5], "flip at \(position)")
            }
        }
        for piece in [LogSegment.recordLimit, LogSegment.recordLimit + 1, 9_000] {
            #expect(records(segment, piece: piece).map(\.head.sequence) == [1, 2, 3, 4, 5])
        }
    }

    /// Random damage: every record that it did not touch is found, and nothing that was not written.
    @Test(arguments: 0..<200 as Range<UInt64>) func damageHidesNothingElse(seed: UInt64) {
        var generator = Generator(state: seed)
        var segment = LogSegment.magic
        var ranges: [Range<Int>] = []
        var written: [LogRecord] = []
        for number in 1...40 {
            let start = segment.count
            let text = String(repeating: "é\u{2400}<", count: Int.random(in: 0...80, using: &generator))
            written.append(record(number, text: text))
            segment += LogSegment.encode(written[number - 1])
            ranges.append(start..<segment.count)
        }
        var damaged: [Range<Int>] = []
        for _ in 0..<Int.random(in: 1...6, using: &generator) {
            let start = Int.random(in: 0..<segment.count, using: &generator)
            let range = start..<min(segment.count, start + Int.random(in: 1...600, using: &generator))
            let zeros = Bool.random(using: &generator)
            for index in range { segment[index] = zeros ? 0 : UInt8.random(in: 0...255, using: &generator) }
            damaged.append(range)
        }
        let found = records(segment)
        for (record, range) in zip(written, ranges) where !damaged.contains(where: { $0.overlaps(range) }) {
            #expect(found.contains(record), "record \(record.head.sequence)")
        }
        #expect(found.allSatisfy { written.contains($0) })
        #expect(found == records(segment, piece: 8_000))
    }

    /// A service cannot write a record: what it would need is not text.
    @Test func noTextForgesARecord() {
        let forged = LogSegment.encode(record(999, text: "forged"))
        var head = record(1).head
        head.sequence = 1
        var segment: [UInt8] = []
        LogSegment.append(head, service: Array("evil".utf8), text: LogText.clean(forged[...]), to: &segment)
        for start in 0..<9 {
            var torn = segment
            for index in 0..<start { torn[index] = 0 }
            #expect(!sequences(torn).contains(999))
        }
    }

    @Test func requestsReadBackAndOldOnesAreRefused() throws {
        var request = LogRequest()
        #expect(try LogRequest(decoding: request.encode()) == request)
        request.follow = true
        request.level = .error
        request.boot = .back(3)
        request.lines = 20
        request.sinceUnixNanoseconds = 1 << 60
        request.services = ["a", "kernel"]
        let bytes = request.encode()
        #expect(try LogRequest(decoding: bytes) == request)
        request.boot = .number(7)
        #expect(try LogRequest(decoding: request.encode()) == request)
        for length in 0..<bytes.count {
            #expect(throws: WireError.self) { try LogRequest(decoding: Array(bytes[..<length])) }
        }
        #expect(throws: WireError.self) { try LogRequest(decoding: [1, 0, 50, 0, 0, 0, 0, 0]) }
        #expect(throws: WireError.self) { try LogRequest(decoding: [2, 0, 9] + bytes[3...]) }
    }

    @Test func repliesReadBack() throws {
        for reply: LogReply in [.record(record(3)), .endOfStored, .gap(records: 1 << 40), .refused("no")] {
            let bytes = reply.encode()
            #expect(try LogReply(decoding: bytes) == reply)
            for index in bytes.indices {
                var rotten = bytes
                rotten[index] ^= 1
                #expect(throws: WireError.self) { try LogReply(decoding: rotten) }
                #expect(throws: WireError.self) { try LogReply(decoding: Array(bytes[..<index])) }
            }
        }
    }

    @Test func progressReadsBack() throws {
        var progress = LogProgress(bootID: Array("0123456789abcdef0123456789abcdef0123".utf8), boot: 4)
        (progress.kernelSequence, progress.firstRecord, progress.byteCount) = (1 << 33, 77, 4096)
        progress.service = String(repeating: "s", count: LogRecord.serviceLimit)
        let bytes = progress.encode()
        #expect(bytes.count == LogProgress.size)
        #expect(try LogProgress(decoding: bytes + [1, 2]) == progress)
        #expect(throws: WireError.self) { try LogProgress(decoding: Array(bytes.dropLast())) }
    }

    @Test func filtersKnowThePresent() throws {
        let bytes = LogSegment.encode(record(3))
        guard case .found(let frame) = LogSegment.firstRecord(from: 0, in: bytes.span) else {
            throw WireError.truncated(offset: 0)
        }
        func matches(_ change: (inout LogRequest) -> Void, boot: UInt32 = 7, offset: Int64 = 1_000) -> Bool {
            var request = LogRequest()
            change(&request)
            return request.matches(frame, in: bytes.span, .init(boot: boot, clockOffset: offset))
        }
        #expect(matches { _ in })
        #expect(matches { $0.level = .warning } && !matches { $0.level = .error })
        #expect(matches { $0.services = ["x", "logd"] } && !matches { $0.services = ["log", "logdd"] })
        #expect(matches { $0.boot = .back(0) } && !matches { $0.boot = .back(1) })
        #expect(matches({ $0.boot = .back(1) }, boot: 8) && matches { $0.boot = .number(7) })
        // Of this boot the clock is put right afterwards: 6 ns after the start is 1,006 now.
        #expect(matches { $0.sinceUnixNanoseconds = 1_006 } && !matches { $0.sinceUnixNanoseconds = 1_007 })
        #expect(matches({ $0.sinceUnixNanoseconds = 5 }, boot: 8))
        #expect(!matches({ $0.sinceUnixNanoseconds = 6 }, boot: 8))
    }

    /// SplitMix64.
    private struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var value = state
            value = (value ^ value >> 30) &* 0xbf58_476d_1ce4_e5b9
            value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
            return value ^ value >> 31
        }
    }
}
