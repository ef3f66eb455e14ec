import Testing

@testable import Wire

@Suite struct LogInputTests {
    private func text(_ lines: [[UInt8]]) -> [String] { lines.map { String(decoding: $0, as: UTF8.self) } }

    @Test func linesDoNotDependOnHowTheyArrive() {
        let bytes = Array("one\ntwo\r\n\nlast".utf8)
        for cut in bytes.indices {
            var buffer = LineBuffer()
            let lines = buffer.append(Array(bytes[..<cut])) + buffer.append(Array(bytes[cut...]))
            #expect(text(lines) == ["one", "two", ""])
            #expect(text([buffer.take()]) == ["last"] && buffer.isEmpty)
        }
    }

    @Test func endlessLinesAreCut() {
        var buffer = LineBuffer()
        let lines = buffer.append([UInt8](repeating: 0x61, count: 2 * LogRecord.textLimit + 1))
        #expect(lines.map(\.count) == [LogRecord.textLimit, LogRecord.textLimit])
        #expect(buffer.take().count == 1)
    }

    @Test func aBabblerIsHeldToTheRate() {
        var limit = RateLimit()
        let second: UInt64 = 1_000_000_000
        let passed = (0..<2_000).count { _ in limit.admit(nanoseconds: second) }
        #expect(passed == Int(RateLimit.burst) && limit.droppedCount == 1_500)
        #expect(limit.takeDropped(nanoseconds: second) == nil)
        #expect(limit.takeDropped(nanoseconds: 2 * second) == 1_500)
        #expect(limit.takeDropped(nanoseconds: 2 * second) == nil)
        #expect(
            (0..<500).count { _ in limit.admit(nanoseconds: 2 * second) } == Int(RateLimit.linesPerSecond))
    }

    @Test func kernelMessages() {
        let message = KernelMessage(Array("4,339,5140900,-;NET: ready\n SUBSYSTEM=net\n".utf8))
        #expect(message?.level == .warning && message?.sequence == 339)
        #expect(message?.bootNanoseconds == 5_140_900_000 && message?.text == Array("NET: ready".utf8))
        #expect(KernelMessage(Array("nonsense".utf8)) == nil)
        #expect(KernelMessage(Array("a,b,c;d".utf8)) == nil)
    }

    @Test func levelPrefixes() {
        let (level, rest) = LogRecord.Level.split(Array("<3>broken".utf8))
        #expect(level == .error && rest == Array("broken".utf8))
        for plain in ["<9>x", "<a>x", "<3", "text"] {
            let (level, rest) = LogRecord.Level.split(Array(plain.utf8))
            #expect(level == .information && rest == Array(plain.utf8))
        }
    }
}
