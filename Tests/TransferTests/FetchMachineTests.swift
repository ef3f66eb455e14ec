import Testing
import Wire

@testable import Transfer

/// The machine alone: no clock, no socket.
@Suite struct FetchMachineTests {
    private static func machine(
        _ change: (inout FetchRequest) -> Void = { _ in }
    ) throws -> FetchMachine {
        var request = FetchRequest("https://host/file", byteLimit: 1_000_000)
        change(&request)
        return try FetchMachine(request, seed: 7)
    }

    private static func answer(
        _ status: Int, length: String = "", range: String = "", tag: String = ""
    ) -> FetchEvent {
        var answer = FetchAnswer()
        (answer.status, answer.contentLength) = (status, length)
        (answer.contentRange, answer.entityTag) = (range, tag)
        return .answered(answer)
    }

    private static func text(_ effects: [FetchEffect]) -> String {
        effects.map { effect in
            switch effect {
            case .resolve(let host): "resolve \(host)"
            case .connect(let one):
                "connect \(one.address) \(one.range ?? "all")\(one.validator.map { " if \($0)" } ?? "")"
            case .disconnect: "disconnect"
            case .head(let length): "head \(length.map(String.init) ?? "?")"
            case .finish(let error): error.map { "fail \($0)" } ?? "done"
            }
        }.joined(separator: ", ")
    }

    @Test func itGoesOnWhereItStopped() throws {
        var machine = try Self.machine()
        #expect(Self.text(machine.start(now: 0)) == "resolve host")
        #expect(
            Self.text(machine.handle(.resolved(["1.1.1.1", "2.2.2.2"]), now: 0)) == "connect 1.1.1.1 all")
        // The next address at once.
        let refused = machine.handle(.ended(isWhole: false, reason: "refused"), now: 1)
        #expect(Self.text(refused) == "connect 2.2.2.2 all")
        #expect(
            Self.text(machine.handle(Self.answer(200, length: "100", tag: "\"t\""), now: 2)) == "head 100")
        #expect(machine.take(40, now: 2).delivered == 40)
        #expect(Self.text(machine.handle(.ended(isWhole: false, reason: ""), now: 3)) == "disconnect")
        let pause = try #require(machine.deadline)
        #expect(pause > 3 && pause <= 3 + FetchLimits().firstPause)
        #expect(Self.text(machine.handle(.time, now: pause - 1)) == "")
        #expect(Self.text(machine.handle(.time, now: pause)) == "resolve host")
        let resumed = machine.handle(.resolved(["1.1.1.1"]), now: pause)
        #expect(Self.text(resumed) == "connect 1.1.1.1 bytes=40-99 if \"t\"")
        let part = Self.answer(206, length: "60", range: "bytes 40-99/100", tag: "\"t\"")
        #expect(Self.text(machine.handle(part, now: pause)) == "")
        #expect(machine.take(60, now: pause).delivered == 60)
        #expect(
            Self.text(machine.handle(.ended(isWhole: true, reason: ""), now: pause)) == "disconnect, done")
    }

    @Test func pausesGrowAndEnd() throws {
        var machine = try Self.machine()
        var now: UInt64 = 0
        var pauses: [UInt64] = []
        _ = machine.start(now: now)
        while !machine.isFinished {
            _ = machine.handle(.unresolved(reason: "none"), now: now)
            guard let deadline = machine.deadline else { break }
            pauses.append(deadline - now)
            now = deadline
            _ = machine.handle(.time, now: now)
        }
        #expect(pauses.count == FetchLimits().attempts - 1)
        for (index, pause) in pauses.enumerated() {
            let most = FetchLimits().firstPause << UInt64(index)
            #expect(pause >= most / 2 && pause <= most)
        }
    }

    /// One byte for each connection is no progress.
    @Test func trickledConnectionsEnd() throws {
        var machine = try Self.machine()
        var now: UInt64 = 0
        var connections = 0
        _ = machine.start(now: now)
        while !machine.isFinished {
            _ = machine.handle(.resolved(["1.1.1.1"]), now: now)
            connections += 1
            let first = machine.next
            let part = Self.answer(
                first == 0 ? 200 : 206, range: "bytes \(first)-999/1000")
            _ = machine.handle(part, now: now)
            #expect(machine.take(1, now: now).delivered == 1)
            _ = machine.handle(.ended(isWhole: false, reason: ""), now: now)
            now = machine.deadline ?? now
            _ = machine.handle(.time, now: now)
        }
        #expect(connections == FetchLimits().attempts)
    }

    @Test(arguments: [
        ("3", 3_000), ("100000", 120_000), ("", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ])
    func serversMayAskForTime(field: String, milliseconds: UInt64) throws {
        var machine = try Self.machine()
        _ = machine.start(now: 0)
        _ = machine.handle(.resolved(["1.1.1.1"]), now: 0)
        var answer = FetchAnswer()
        (answer.status, answer.retryAfter) = (503, field)
        _ = machine.handle(.answered(answer), now: 0)
        let pause = try #require(machine.deadline)
        #expect(pause >= max(milliseconds, 250) && pause <= max(milliseconds, 500))
    }

    @Test(arguments: [
        "bytes 0-9/100", "bytes 11-19/100", "bytes 10-100/100", "bytes 10-5/100", "bytes 10-30/100",
        "items 10-19/100",
        "", "bytes 10-19", "bytes a-b/c", "bytes 10-19/9",
    ])
    func otherRangesAreRefused(range: String) throws {
        var machine = try Self.machine { ($0.first, $0.count) = (10, 10) }
        _ = machine.start(now: 0)
        _ = machine.handle(.resolved(["1.1.1.1"]), now: 0)
        let effects = machine.handle(Self.answer(206, range: range), now: 0)
        #expect(Self.text(effects).hasPrefix("disconnect, fail the server sent another part"))
    }

    @Test func onlyWhatIsWantedIsTaken() throws {
        var machine = try Self.machine { ($0.first, $0.count) = (10, 10) }
        _ = machine.start(now: 0)
        _ = machine.handle(.resolved(["1.1.1.1"]), now: 0)
        // A server without ranges.
        _ = machine.handle(Self.answer(200, length: "100"), now: 0)
        let early = machine.take(4, now: 0)
        #expect(early.skipped == 4 && early.delivered == 0)
        let middle = machine.take(50, now: 0)
        #expect(middle.skipped == 6 && middle.delivered == 10)
        #expect(Self.text(middle.effects) == "disconnect, done")
    }

    @Test func ratesAreKept() throws {
        var machine = try Self.machine { $0.bytesPerSecond = 1000 }
        _ = machine.start(now: 1)
        _ = machine.handle(.resolved(["1.1.1.1"]), now: 1)
        _ = machine.handle(Self.answer(200), now: 1)
        var (now, taken): (UInt64, Int) = (1, 0)
        while now < 10_001 {
            taken += machine.take(5000, now: now).delivered
            now = machine.pausedUntil(now: now) ?? now + 1
        }
        #expect(taken >= 9900 && taken <= 10_200)
    }

    /// Of answers that say less or more than they bring.
    @Test func whatIsWholeIsOver() throws {
        var empty = try Self.machine()
        _ = empty.start(now: 0)
        _ = empty.handle(.resolved(["1.1.1.1"]), now: 0)
        // The body may come in pieces all the same, and never end.
        #expect(Self.text(empty.handle(Self.answer(200, length: "0"), now: 1)) == "head 0, disconnect, done")
        var part = try Self.machine { $0.count = 100 }
        _ = part.start(now: 0)
        _ = part.handle(.resolved(["1.1.1.1"]), now: 0)
        _ = part.handle(Self.answer(206, length: "1000", range: "bytes 0-99/100"), now: 1)
        #expect(part.take(100, now: 1).delivered == 100)
        #expect(Self.text(part.take(900, now: 1).effects) == "disconnect, done")
        #expect(part.isFinished)
    }

    @Test func noRequestIsWaitedForThatHasNoRoom() throws {
        var bytes = Array(FetchRequest("https://h/x", byteLimit: 1).encode().prefix(8))
        (bytes[6], bytes[7]) = (0x60, 0xea)
        #expect(throws: WireError.self) { try FetchRequest.decode(bytes) }
    }

    @Test func requestsComeBackAsTheyWere() throws {
        var request = FetchRequest("https://h/x", byteLimit: 77)
        (request.first, request.count, request.bytesPerSecond) = (5, 6, 7)
        (request.seconds, request.publicOnly, request.sha256) = (8, true, [UInt8](repeating: 9, count: 32))
        let bytes = request.encode()
        for count in 0..<bytes.count { #expect(try FetchRequest.decode(Array(bytes[..<count])) == nil) }
        let (back, count) = try #require(try FetchRequest.decode(bytes + [1, 2, 3]))
        #expect(count == bytes.count && back.encode() == bytes && back.sha256 == request.sha256)
        #expect(back.first == 5 && back.count == 6 && back.bytesPerSecond == 7 && back.seconds == 8)
        for index in bytes.indices {
            for flip in [1, 0x80] as [UInt8] {
                var changed = bytes
                changed[index] ^= flip
                // Whatever it is, it does not trap, and what is accepted is written the same way.
                guard let (other, count) = try? FetchRequest.decode(changed) else { continue }
                #expect(other.encode() == Array(changed[..<count]))
            }
        }
    }

    @Test func repliesComeBackAsTheyWere() throws {
        let replies: [FetchReply] = [
            .head(length: nil), .head(length: 5), .body([1, 2, 3]), .body([]), .end(code: 3, reason: "why"),
        ]
        for reply in replies {
            let bytes = reply.encode()
            #expect(try FetchReply.decode(Array(bytes.dropLast())) == nil)
            let decoded = try #require(try FetchReply.decode(bytes + [0]))
            #expect(decoded.reply == reply && decoded.count == bytes.count)
        }
        #expect(throws: (any Error).self) { try FetchReply.decode([2, 0, 0, 0, 1]) }
        #expect(throws: (any Error).self) { try FetchReply.decode([9, 0, 0, 0, 0]) }
    }
}
