import Testing

@testable import Wire

@Suite struct LogInputTests {
    /// What a pipe delivers in these pieces, each looked at together with what the one before left.
    private func lines(_ pieces: [[UInt8]], takesRest: Bool = false) -> [String] {
        var rest: [UInt8] = []
        var texts: [String] = []
        for (index, piece) in pieces.enumerated() {
            rest += piece
            let (lines, consumed) = LogLines.cut(
                rest.span, takesRest: takesRest && index == pieces.count - 1)
            for line in lines {
                texts.append(
                    String(decoding: rest[line.range], as: UTF8.self) + (line.isUnfinished ? "…" : ""))
            }
            rest.removeFirst(consumed)
        }
        return texts
    }

    @Test func linesDoNotDependOnHowTheyArrive() {
        let bytes = Array("one\ntwo\r\n\nlast".utf8)
        for cut in bytes.indices {
            let pieces = [Array(bytes[..<cut]), Array(bytes[cut...])]
            #expect(lines(pieces) == ["one", "two", ""])
            #expect(lines(pieces, takesRest: true) == ["one", "two", "", "last…"])
        }
    }

    @Test func endlessLinesAreCutBetweenCharacters() {
        let long = [UInt8](repeating: 0x61, count: 2 * LogRecord.lineLimit + 1)
        #expect(lines([long]).map(\.count) == [LogRecord.lineLimit + 1, LogRecord.lineLimit + 1])
        #expect(lines([long], takesRest: true).last == "a…")
        #expect(lines([long + [0x0a]]).last == "a")
        // Exactly the limit is whole.
        #expect(lines([long.prefix(LogRecord.lineLimit) + [0x0a]]).map(\.count) == [LogRecord.lineLimit])
        for shift in 0..<4 {
            let emoji = Array(
                (String(repeating: "x", count: shift) + String(repeating: "😀", count: 1200)).utf8)
            let pieces = lines([emoji + [0x0a]])
            #expect(pieces.count == 3 && !pieces.joined().unicodeScalars.contains("\u{fffd}"))
        }
        // Never a character: cut all the same.
        #expect(lines([[UInt8](repeating: 0x80, count: LogRecord.lineLimit + 1)]).count == 1)
    }

    @Test func textIsAlwaysUTF8WithoutNUL() {
        func clean(_ bytes: [UInt8]) -> String { String(decoding: LogText.clean(bytes[...]), as: UTF8.self) }
        #expect(clean(Array("häß\t€".utf8)) == "häß\t€")
        #expect(clean([0x61, 0, 0x62]) == "a\u{2400}b")
        #expect(clean([0xff, 0x61, 0xc3]) == "\u{fffd}a\u{fffd}")
        let worst = LogText.clean([UInt8](repeating: 0xff, count: LogRecord.lineLimit)[...])
        #expect(worst.count <= LogRecord.textLimit)
        var visible: [UInt8] = []
        LogText.appendVisible("a\u{1b}[31m\u{9b}2J\tü\r", to: &visible)
        #expect(String(decoding: visible, as: UTF8.self) == "a\\u{1b}[31m\\u{9b}2J\tü\\u{d}")
    }

    @Test func aBabblerIsHeldToTheRate() {
        var limit = RateLimit(linesPerSecond: 100, burst: 500)
        let second: UInt64 = 1_000_000_000
        let passed = (0..<2_000).count { _ in limit.admit(nanoseconds: second) }
        #expect(passed == 500 && limit.droppedCount == 1_500)
        #expect(limit.takeDropped(nanoseconds: second) == nil)
        #expect(limit.takeDropped(nanoseconds: 2 * second) == 1_500)
        #expect(limit.takeDropped(nanoseconds: 2 * second) == nil)
        #expect((0..<500).count { _ in limit.admit(nanoseconds: 2 * second) } == 100)
        // Other limits from now on; none at all lets everything pass.
        limit.change(linesPerSecond: 10, burst: 20)
        #expect((0..<500).count { _ in limit.admit(nanoseconds: 100 * second) } == 20)
        limit.change(linesPerSecond: 0, burst: 0)
        #expect((0..<500).count { _ in limit.admit(nanoseconds: 100 * second) } == 500)
        #expect(limit.takeDropped(nanoseconds: 100 * second) == 880)
    }

    @Test func kernelMessages() {
        let message = KernelMessage(Array("4,339,5140900,-;NET: ready\n SUBSYSTEM=net\n".utf8))
        #expect(message?.level == .warning && message?.sequence == 339)
        #expect(message?.facility == 0)
        #expect(KernelMessage(Array("30,1,2,-;x".utf8))?.facility == 3)
        #expect(message?.bootNanoseconds == 5_140_900_000 && message?.text == Array("NET: ready".utf8))
        #expect(KernelMessage(Array("nonsense".utf8)) == nil)
        #expect(KernelMessage(Array("a,b,c;d".utf8)) == nil)
    }

    @Test func levelPrefixes() {
        let (level, rest) = LogRecord.Level.split(Array("<3>broken".utf8)[...])
        #expect(level == .error && rest.elementsEqual("broken".utf8))
        for plain in ["<9>x", "<a>x", "<3", "text"] {
            let (level, rest) = LogRecord.Level.split(Array(plain.utf8)[...])
            #expect(level == .information && rest.elementsEqual(plain.utf8))
        }
    }
}
