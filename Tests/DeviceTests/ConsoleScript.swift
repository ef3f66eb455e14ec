import Emulator
import Foundation
import Synchronization

/// Types commands into the shell of a `dev` image, one after the other, and collects what they print.
///
/// Around each command the shell prints two marks that the echo of the typed line cannot contain, because
/// there the numbers are still arithmetic: `@3+` and `@3=0` (the status).
final class ConsoleScript: Sendable {
    struct Answer: Sendable {
        let status: Int
        let text: String
    }

    private struct State {
        var boot = 0
        var start = 0
        var next = 0
        var isWaiting = false
        var answers: [[Answer]] = []
    }

    private let commands: [[String]]
    private let state = Mutex(State())

    /// - Parameter boots: the commands of the first boot, the second, …; the last of a boot may end it.
    init(_ boots: [[String]]) { commands = boots }

    convenience init(_ commands: String...) { self.init([commands]) }

    /// Of one boot's commands; fewer than those if the last ended the boot.
    func answers(boot: Int = 0) -> [Answer] {
        state.withLock { boot < $0.answers.count ? $0.answers[boot] : [] }
    }

    func isDone(_ record: HandsetRecord) -> Bool {
        state.withLock { state in
            state.answers.count == commands.count
                && state.answers[commands.count - 1].count == commands[commands.count - 1].count
        }
    }

    func type(_ record: HandsetRecord) -> [UInt8] {
        state.withLock { state in
            let boot = record.boots.count
            guard boot > 0, boot <= commands.count else { return [] }
            if boot != state.boot {
                state.boot = boot
                (state.start, state.next, state.isWaiting) = (record.console.bytes.count, 0, false)
                state.answers.append([])
            }
            let text = String(decoding: record.console.bytes[state.start...], as: UTF8.self)
            if state.isWaiting, let answer = Self.answer(state.next, in: text) {
                state.answers[boot - 1].append(answer)
                (state.next, state.isWaiting) = (state.next + 1, false)
            }
            guard !state.isWaiting, state.next < commands[boot - 1].count, Self.isPrompting(text) else {
                return []
            }
            state.isWaiting = true
            let number = state.next
            let command = commands[boot - 1][number]
            return Array("echo @$((\(number)))+; \(command); echo @$((\(number)))=$?\n".utf8)
        }
    }

    /// The shell listens: `root@virt-phone:~# `.
    private static func isPrompting(_ text: String) -> Bool { text.contains("# ") }

    private static func answer(_ number: Int, in text: String) -> Answer? {
        guard let end = text.range(of: "@\(number)="), let start = text.range(of: "@\(number)+"),
            start.upperBound <= end.lowerBound,
            let line = text[end.upperBound...].firstIndex(where: \.isNewline),
            let status = Int(text[end.upperBound..<line])
        else { return nil }
        let output = text[start.upperBound..<end.lowerBound].split(whereSeparator: \.isNewline)
        return Answer(status: status, text: output.joined(separator: "\n"))
    }
}

extension HandsetRun.Options {
    /// Types the script; the goal is its end.
    mutating func perform(_ script: ConsoleScript, thenPowerOff: Bool = false) {
        typing = { script.type($0) }
        goal =
            thenPowerOff ? .untilReached { script.isDone($0) } : .untilCut { script.isDone($0) }
    }
}
