import Emulator
import Foundation
import Slots
import Testing

/// Real QEMU, with a kernel of a few instructions.
@Suite struct HandsetRunTests {
    static func options(_ change: (inout HandsetRun.Options) -> Void = { _ in }) -> HandsetRun.Options {
        var options = HandsetRun.Options()
        options.goal = .untilPowerOff
        change(&options)
        return options
    }

    @Test func powersOff() throws {
        let handset = try TestHandset(a: .powerOff, b: .powerOff)
        let log = handset.folder + "/console.log"
        let run = HandsetRun(
            handset.configuration, trusting: handset.key.verifying, Self.options { $0.consoleLog = log })
        let record = try run.run()
        #expect(record.outcome == .poweredOff)
        #expect(record.console.text == "hello from a\r\n")
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "hello from a\r\n")
        #expect(try handset.metadata().a.attemptsLeft == 2)
    }

    /// Slot a resets every time: three attempts, then slot b, and `misc` says why.
    @Test func resetsFallBackToTheOtherSlot() throws {
        let handset = try TestHandset(a: .reset, b: .powerOff)
        let run = HandsetRun(handset.configuration, trusting: handset.key.verifying, Self.options())
        let record = try run.run()
        #expect(record.boots.map(\.slot) == [.a, .a, .a, .b])
        #expect(record.outcome == .poweredOff)
        let metadata = try handset.metadata()
        #expect(metadata.a.attemptsLeft == 0)
        #expect(metadata.a.lastFailure.reason == .resetUnreported)
    }

    @Test func bothBadEndsInOneMessage() throws {
        let handset = try TestHandset(a: .reset, b: .reset)
        let run = HandsetRun(handset.configuration, trusting: handset.key.verifying, Self.options())
        let record = try run.run()
        #expect(record.boots.map(\.slot) == [.a, .a, .a, .b, .b, .b])
        guard case .failed(.halted(let message)) = record.outcome else {
            Issue.record("\(record.outcome)")
            return
        }
        #expect(message.contains("slot a: out of attempts") && message.contains("slot b: out of attempts"))
    }

    @Test func aDamagedBootImageIsNeverStarted() throws {
        let handset = try TestHandset(a: .powerOff, b: .powerOff)
        try handset.damage(.a)
        let run = HandsetRun(handset.configuration, trusting: handset.key.verifying, Self.options())
        let record = try run.run()
        #expect(record.boots.map(\.slot) == [.b])
        #expect(record.notes.contains { $0.contains("slot a is refused") && $0.contains("kernel") })
        try handset.damage(.b)
        let second = try run.run()
        #expect(second.boots.isEmpty)
        #expect(
            second.outcome.description.contains(
                "slot a: refused, the boot image is damaged; slot b: refused, the boot image is damaged"))
    }

    @Test func aResetIsAFailureWhereNoneIsExpected() throws {
        let handset = try TestHandset(a: .reset, b: .powerOff)
        let run = HandsetRun(
            handset.configuration, trusting: handset.key.verifying, Self.options { $0.afterReset = .fail })
        let record = try run.run()
        #expect(record.boots.count == 1)
        guard case .failed(.reset) = record.outcome else {
            Issue.record("\(record.outcome)")
            return
        }
    }

    @Test func theTimeoutEndsAGuestThatNeverEnds() throws {
        let handset = try TestHandset(a: .spinForEver, b: .powerOff)
        let run = HandsetRun(
            handset.configuration, trusting: handset.key.verifying, Self.options { $0.timeoutSeconds = 1 })
        let position = "in the kernel: the handset reported nothing"
        #expect(try run.run().outcome == .failed(.timedOut(seconds: 1, position: position)))
    }

    /// Long before the timeout.
    @Test func aSilentGuestIsAHang() throws {
        let handset = try TestHandset(a: .sleepForEver, b: .powerOff)
        let run = HandsetRun(
            handset.configuration, trusting: handset.key.verifying,
            Self.options { $0.timeoutSeconds = 600 })
        guard case .failed(.hung(.idle, _)) = try run.run().outcome else {
            Issue.record("not found to hang")
            return
        }
    }

    @Test func debuggingWordsNeedADevImage() throws {
        for isDebuggable in [false, true] {
            let handset = try TestHandset(a: .powerOff, b: .powerOff, isDebuggable: isDebuggable)
            var loader = try Loader(
                disk: handset.disk, trusting: handset.key.verifying, folder: handset.folder)
            loader.debuggingWords = ["init=/bin/sh"]
            guard case .start(.a, let kernel, _) = try loader.load(.powerOn) else {
                Issue.record("not started")
                return
            }
            #expect(
                kernel.commandLine == "amos.root=test amos.slot=a" + (isDebuggable ? " init=/bin/sh" : ""))
            #expect(loader.notes.isEmpty == isDebuggable)
        }
    }

    @Test func aBrokenQEMUIsNamed() throws {
        let handset = try TestHandset(a: .powerOff, b: .powerOff)
        var configuration = handset.configuration
        configuration.extraArguments = ["-device", "no-such-device"]
        let run = HandsetRun(configuration, trusting: handset.key.verifying, Self.options())
        let record = try run.run()
        guard case .failed(.emulatorCrashed(let message)) = record.outcome else {
            Issue.record("\(record.outcome)")
            return
        }
        #expect(message.contains("no-such-device"))
    }

    @Test func anotherDiskIsNamed() throws {
        let handset = try TestHandset(a: .powerOff, b: .powerOff)
        let other = handset.folder + "/other.img"
        try Data(count: 4 << 20).write(to: URL(fileURLWithPath: other))
        #expect(throws: EmulatorError.self) {
            try Loader(disk: other, trusting: handset.key.verifying, folder: handset.folder)
        }
    }
}
