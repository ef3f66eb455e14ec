import Services
import Testing
import Wire

@testable import amos_init

@Suite struct HandoverStateTests {
    private static func plan() -> BootPlan {
        var server = ServiceDefinition(name: "server")
        server.program = "/bin/server"
        server.sockets = [ListeningSocket(name: "a", kind: .stream, address: .unix(path: "/run/a"))]
        server.activation.timers = [
            ServiceTimer(.every(milliseconds: 5)), ServiceTimer(.afterBoot(milliseconds: 7)),
        ]
        return BootPlan(
            hostname: "h", services: [.sleeper("a"), server], lateModules: [],
            health: .init(services: [], stableForMilliseconds: 0, deadlineMilliseconds: 0))
    }

    private static func state() throws -> HandoverState {
        var state = HandoverState()
        (state.plan, state.control, state.notify, state.modules) = (3, 4, 5, 6)
        (state.startMilliseconds, state.handovers) = (77, 3)
        state.supervisor = try Supervisor(plan()).encodeState()
        state.backlog = [1, 2]
        for number in 0..<3 { state.history.append(Array("\(number)\n".utf8)) }
        state.partialModuleLine = [9]
        state.pipeOrder = [1, 0]
        var server = HandoverState.Service()
        (server.reading, server.writing, server.readiness, server.emptying) = (10, 11, 12, 13)
        (server.isArmed, server.lastEnd, server.lastEndMilliseconds) = (true, .killed(signal: 9), 8)
        server.statusText = "well"
        server.sockets = [(0, 14)]
        server.stored = [("kept", 15)]
        state.services = [HandoverState.Service(), server]
        let timers = plan().services[1].activation.timers
        state.timers = timers.enumerated().map { index, timer in
            let schedule = TimerSchedule(timer, bootMilliseconds: 1, lastRunSeconds: nil, random: 2)
            return HandoverState.Timer(service: 1, index: index, schedule: schedule)
        }
        var caller = HandoverState.Caller()
        (caller.socket, caller.isRoot, caller.awaits, caller.event) = (20, true, .handover, 2)
        (caller.watched, caller.changedSources) = (1, [0])
        state.callers = [caller]
        return state
    }

    @Test func everythingComesBack() throws {
        let bytes = try Self.state().encode()
        let read = try HandoverState(decoding: bytes, for: Self.plan())
        #expect(read.encode() == bytes)
        #expect(read.descriptors == [3, 4, 5, 6, 10, 11, 12, 14, 15, 20])
        #expect(read.services[1].statusText == "well" && read.services[1].lastEnd == .killed(signal: 9))
        #expect(read.callers[0].watched == 1 && read.callers[0].row == nil)
        #expect(read.timers[1].schedule == (try Self.state().timers[1].schedule))
    }

    /// What another version wrote, or nobody, is refused and never half believed.
    @Test func damageIsFound() throws {
        let bytes = try Self.state().encode()
        for length in 0..<bytes.count {
            #expect(throws: WireError.self) {
                try HandoverState(decoding: Array(bytes[..<length]), for: Self.plan())
            }
        }
        #expect(throws: WireError.self) { try HandoverState(decoding: bytes + [0], for: Self.plan()) }
        var other = Self.plan()
        other.services.removeLast()
        #expect(throws: WireError.self) { try HandoverState(decoding: bytes, for: other) }
        // Whatever one byte becomes: refused or read, and nothing traps.
        for position in bytes.indices {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[position] ^= 1 << bit
                _ = try? HandoverState(decoding: damaged, for: Self.plan())
            }
        }
    }
}

@Suite struct EventHistoryTests {
    private static func line(_ number: Int) -> [UInt8] {
        let text = String(number)
        return Array((text + String(repeating: ".", count: 99 - text.utf8.count) + "\n").utf8)
    }

    private static func numbers(_ history: EventHistory, from start: Int = 0) -> (lost: Int, lines: [Int]) {
        var (position, lost, lines) = (start, 0, [Int]())
        while true {
            let gap = history.lost(at: position)
            lost += gap
            position += gap
            guard let line = history.line(at: position) else { return (lost, lines) }
            position += line.count
            lines.append(Int(String(decoding: line.prefix { $0 != 0x2e }, as: UTF8.self)) ?? -1)
        }
    }

    @Test func theBootIsKeptAndTheRestSlides() {
        var history = EventHistory()
        for number in 0..<100 { history.append(Self.line(number)) }
        history.endBoot()
        for number in 100..<5_000 { history.append(Self.line(number)) }
        let (lost, lines) = Self.numbers(history)
        #expect(Array(lines.prefix(100)) == Array(0..<100))
        let rest = Array(lines.dropFirst(100))
        #expect(rest.last == 4_999 && rest.count > 100 && rest == Array((5_000 - rest.count)..<5_000))
        #expect(lost == 100 * (4_900 - rest.count))
        #expect(history.recent.count <= EventHistory.recentLimit)
    }

    @Test func aBootThatNeverEndsIsBounded() {
        var history = EventHistory()
        for number in 0..<10_000 { history.append(Self.line(number)) }
        #expect(history.boot.count <= EventHistory.bootLimit)
        #expect(history.recent.count <= EventHistory.recentLimit)
        #expect(Self.numbers(history).lines.last == 9_999)
    }

    /// Somebody who reads along sees every line once, wherever the window is.
    @Test func aReaderThatKeepsUpMissesNothing() {
        var history = EventHistory()
        var (position, seen) = (0, [Int]())
        for number in 0..<3_000 {
            if number == 50 { history.endBoot() }
            history.append(Self.line(number))
            let (lost, lines) = Self.numbers(history, from: position)
            #expect(lost == 0)
            seen += lines
            position = history.end
        }
        #expect(seen == Array(0..<3_000))
    }
}
