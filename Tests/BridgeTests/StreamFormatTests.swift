import Testing
import Wire

@testable import Bridge

@Suite struct StreamFormatTests {
    private func sync(_ bytes: [UInt8], pieces: Int) throws -> (pieces: [SyncParser.Piece], data: [UInt8]) {
        var parser = SyncParser()
        var (told, data): ([SyncParser.Piece], [UInt8]) = ([], [])
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let part = Array(bytes[start..<min(bytes.count, start + pieces)])
            var offset = 0
            while let piece = try parser.next(part.span, from: &offset) {
                if case .data(let range) = piece {
                    data += part[range]
                } else {
                    if case .send(let path, _) = piece, path.first == 0x78 { parser.isDraining = true }
                    told.append(piece)
                }
            }
        }
        return (told, data)
    }

    private func request(_ letters: String, _ text: String) -> [UInt8] {
        var writer = ByteWriter()
        writer.writeRaw(letters.utf8)
        writer.write(UInt32(text.utf8.count))
        writer.writeRaw(text.utf8)
        return writer.bytes
    }

    private func done(_ time: UInt32) -> [UInt8] { Array("DONE".utf8) + SyncReply.dataHead(Int(time))[4...] }

    /// What adb packs into one WRTE, whole and torn into bytes; a failed SEND is drained to its DONE.
    @Test(arguments: [1, 3, 8, 4096]) func parsesSync(pieces: Int) throws {
        let bytes =
            request("STAT", "/a") + request("SEND", "/b,c,33188") + request("DATA", "hello")
            + request("DATA", "") + done(1_700_000_000) + request("SEND", "x,33188")
            + request("DATA", "lost") + done(5) + request("LIS2", "/d") + request("QUIT", "")
        let (told, data) = try sync(bytes, pieces: pieces)
        #expect(
            told == [
                .request(.stat, path: Array("/a".utf8)), .send(path: Array("/b,c".utf8), mode: 33188),
                .done(modified: 1_700_000_000), .send(path: [0x78], mode: 33188),
                .request(.listStatus, path: Array("/d".utf8)), .quit,
            ])
        #expect(data == Array("hello".utf8))
    }

    @Test(
        arguments: [
            [0x53, 0x54, 0x41, 0x54, 1, 4, 0, 0], [0x41, 0x42, 0x43, 0x44, 0, 0, 0, 0],
            [0x53, 0x45, 0x4e, 0x44, 1, 0, 0, 0, 0x61, 0x44, 0x41, 0x54, 0x41, 1, 0, 1, 0],
            [0x53, 0x45, 0x4e, 0x44, 1, 0, 0, 0, 0x61, 0x53, 0x54, 0x41, 0x54, 1, 0, 0, 0],
            [0x53, 0x54, 0x41, 0x54, 1, 0, 0, 0, 0],
        ] as [[UInt8]])
    func refusesWrongSync(bytes: [UInt8]) {
        #expect(throws: BridgeError.malformed("")) { try sync(bytes, pieces: 100) }
    }

    @Test func repliesHaveTheirSizes() {
        var status = SyncReply.Status()
        (status.mode, status.size, status.modified) = (0o100_644, 5, 9)
        #expect(SyncReply.status(status, ofLink: true).count == 72)
        #expect(SyncReply.stat(status) == [0x53, 0x54, 0x41, 0x54, 0xa4, 0x81, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0])
        #expect(SyncReply.entry(status, name: [0x61], isFull: true).count == 77)
        #expect(SyncReply.endOfList(isFull: true).count == 76)
        #expect(SyncReply.endOfList(isFull: false).count == 20)
    }

    @Test(arguments: [1, 2, 100]) func parsesShellFrames(pieces: Int) throws {
        let bytes =
            ShellFrame.frame(.input, Array("ls\n".utf8))
            + ShellFrame.frame(.windowSize, Array("24x80,0x0\0".utf8))
            + ShellFrame.frame(.windowSize, Array("nonsense".utf8)) + ShellFrame.frame(.closeInput, [])
        var parser = ShellParser()
        var (input, told): ([UInt8], [ShellParser.Piece]) = ([], [])
        for start in stride(from: 0, to: bytes.count, by: pieces) {
            let part = Array(bytes[start..<min(bytes.count, start + pieces)])
            var offset = 0
            while let piece = try parser.next(part.span, from: &offset) {
                if case .input(let range) = piece { input += part[range] } else { told.append(piece) }
            }
        }
        #expect(input == Array("ls\n".utf8) && told.count == 2 && told.last == .closeInput)
        guard case .windowSize(let size) = told[0] else { throw ServiceNameTests.Missing() }
        #expect(size.rows == 24 && size.columns == 80)
        #expect(throws: BridgeError.malformed("")) {
            var parser = ShellParser()
            var offset = 0
            _ = try parser.next(ShellFrame.frame(.exit, [0]).span, from: &offset)
        }
    }

    @Test(
        arguments: [(0, 65_536), (1, 65_536), (65_536, 65_536), (130_001, 65_536), (10, 3)]
            as [(UInt64, UInt32)])
    func sideloadsBlockByBlock(size: UInt64, block: UInt32) {
        var transfer = SideloadTransfer(size: size, blockSize: block)
        var (got, number): (UInt64, UInt64) = (0, 0)
        while let request = transfer.nextRequest() {
            #expect(request.count == 8 && Decimal.number(request[...]) == number)
            let count = min(UInt64(block), size - got)
            let (second, isTaken, isTooMuch) = (
                transfer.nextRequest(), transfer.took(Int(count)), !transfer.took(1)
            )
            #expect(second == nil && isTaken && isTooMuch)
            got += count
            number += 1
        }
        #expect(got == size && transfer.isComplete)
    }

    @Test(arguments: [
        ("-d", "10-20 10:00:00.123    71    71 W radio   : hot\n"),
        ("-d -v brief", "W/radio   (   71): hot\n"),
        ("-v tag", "W/radio   : hot\n"), ("-v raw", "hot\n"),
        ("-v time", "10-20 10:00:00.123 W/radio   (   71): hot\n"),
    ])
    func writesLogLines(options: String, line: String) throws {
        var head = LogHead()
        head.unixNanoseconds = 1_792_490_400_123_456_000
        (head.process, head.level) = (71, .warning)
        let record = LogRecord(head: head, service: "radio", text: "hot")
        let arguments = try LogcatArguments(options.split(separator: " ").map { Array($0.utf8) }[...])
        var bytes: [UInt8] = []
        LogcatFormat.append(record, arguments.format, to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self) == line)
    }

    @Test(arguments: [
        ("", "radio", LogRecord.Level.debug, true), ("*:E", "radio", .warning, false),
        ("*:S radio:W", "radio", .warning, true), ("*:S radio:W", "radio", .notice, false),
        ("-s radio", "radio", .debug, true), ("-s radio", "clock", .error, false),
        ("", "kernel", .error, false),
        ("-b kernel", "kernel", .error, true), ("-b kernel", "radio", .error, false),
        ("-b all", "kernel", .debug, true), ("-b events", "radio", .error, false),
    ])
    func filtersLogs(options: String, service: String, level: LogRecord.Level, isAdmitted: Bool) throws {
        var head = LogHead()
        head.level = level
        let arguments = try LogcatArguments(options.split(separator: " ").map { Array($0.utf8) }[...])
        #expect(arguments.admits(LogRecord(head: head, service: service, text: "")) == isAdmitted)
    }

    @Test(arguments: ["-x", "-v nonsense", "-b nonsense", "-t x", "a:Q", "-dd"])
    func refusesOptionsOfLogcat(options: String) {
        #expect(throws: LogcatArguments.Failure.self) {
            try LogcatArguments(options.split(separator: " ").map { Array($0.utf8) }[...])
        }
    }
}
