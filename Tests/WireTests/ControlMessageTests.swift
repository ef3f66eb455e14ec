import Testing

@testable import Wire

/// The control socket's messages.
@Suite struct ControlMessageTests {
    private static var status: ServiceStatus {
        var status = ServiceStatus(
            name: "logd", state: .waiting, pid: 71, restarts: 2, sinceMilliseconds: 0x0102, reason: "why")
        status.nextStartMilliseconds = 3
        status.lastEnd = .killed(signal: 9)
        status.lastEndMilliseconds = 4
        status.note = "hé"
        return status
    }

    private static let about = SupervisionStatus(
        isSystem: true, isShuttingDown: false, pid: 1, sinceMilliseconds: 5, handovers: 6, cgroupRoot: "/c")

    static let replies: [ControlReply] = [
        .row(status), .end, .refused("no"), .event(line: "{}\n"), .plan,
        .source(LogSource(service: "x", process: 7, linesPerSecond: 200, burst: 1)),
        .explanation("because"), .about(about), .lost(bytes: 1 << 40),
    ]

    @Test(arguments: ControlRequest.Command.allCases)
    func requestsReadBack(command: ControlRequest.Command) throws {
        let request = ControlRequest(command, text: "a service")
        #expect(try ControlRequest(decoding: request.encode()) == request)
    }

    @Test(arguments: replies)
    func repliesReadBack(reply: ControlReply) throws {
        let bytes = reply.encode()
        #expect(try ControlReply(decoding: bytes) == reply)
        for length in 0..<bytes.count {
            #expect(throws: WireError.self) { try ControlReply(decoding: Array(bytes[..<length])) }
        }
        #expect(throws: WireError.self) { try ControlReply(decoding: bytes + [0]) }
    }

    /// Programs of two images meet at this socket: the bytes may change only with the version.
    @Test func theBytesAreAsWritten() {
        #expect(ControlRequest(.start, text: "ab").encode() == [2, 2, 2, 0, 0x61, 0x62])
        #expect(ControlReply.refused("no").encode() == [2, 3, 2, 0, 0x6e, 0x6f])
        #expect(ControlReply.lost(bytes: 258).encode() == [2, 9, 2, 1, 0, 0, 0, 0, 0, 0])
        let row: [[UInt8]] = [
            [2, 1], [4, 0, 0x6c, 0x6f, 0x67, 0x64], [1], [71, 0, 0, 0], [2, 0, 0, 0],
            [2, 1, 0, 0, 0, 0, 0, 0], [3, 0, 0, 0, 0, 0, 0, 0], [2, 9, 0, 0, 0],
            [4, 0, 0, 0, 0, 0, 0, 0], [3, 0, 0x77, 0x68, 0x79], [3, 0, 0x68, 0xc3, 0xa9],
        ]
        #expect(ControlReply.row(Self.status).encode() == row.flatMap(\.self))
        let about: [[UInt8]] = [
            [2, 8, 1], [1, 0, 0, 0], [5, 0, 0, 0, 0, 0, 0, 0], [6, 0, 0, 0], [2, 0, 0x2f, 0x63],
        ]
        #expect(ControlReply.about(Self.about).encode() == about.flatMap(\.self))
    }

    @Test(
        arguments: [
            [], [2], [1, 1, 0, 0], [3, 1, 0, 0], [2, 0, 0, 0], [2, 17, 0, 0], [2, 1, 1, 0],
            [2, 1, 0xff, 0xff],
            [2, 1, 1, 0, 0x80], [2, 1, 0, 0, 0],
        ] as [[UInt8]])
    func malformedRequestsAreRefused(bytes: [UInt8]) {
        #expect(throws: WireError.self) { try ControlRequest(decoding: bytes) }
    }

    @Test(arguments: [[2, 0], [2, 10], [2, 3, 1, 0, 0xff], [2, 8, 4]] as [[UInt8]])
    func malformedRepliesAreRefused(bytes: [UInt8]) {
        #expect(throws: WireError.self) { try ControlReply(decoding: bytes) }
    }

    /// However long the texts are: every reply fits a packet, and is valid text.
    @Test func longTextsAreCut() throws {
        let long = String(repeating: "é", count: 40_000)
        var status = Self.status
        (status.name, status.reason, status.note) = (String(repeating: "n", count: 200), long, "x" + long)
        for reply in [ControlReply.row(status), .refused(long), .explanation(long)] {
            let bytes = reply.encode()
            #expect(bytes.count <= ControlReply.limit)
            _ = try ControlReply(decoding: bytes)
        }
        #expect(UTF8Text.cut("aéb", 2) == "a")
        #expect(UTF8Text.cut("aéb", 3) == "a" || UTF8Text.cut("aéb", 3) == "aé")
        #expect(UTF8Text.cut("aé", 3) == "aé")
    }
}
