import Slots
import Testing

struct DataRecoveryTests {
    /// Plays a partition that behaves as `answer` says; the steps it took.
    private func play(
        resetRequested: Bool = false, hasErrors: Bool = false, _ answer: (DataRecovery.Step, Int) -> Bool
    ) -> (steps: [DataRecovery.Step], end: DataRecovery) {
        var recovery = DataRecovery(resetRequested: resetRequested, hasErrors: hasErrors)
        var steps: [DataRecovery.Step] = []
        while recovery.step != .done, recovery.step != .giveUp, steps.count < 100 {
            steps.append(recovery.step)
            recovery.finish(answer(recovery.step, steps.count) ? .succeeded : .failed)
        }
        return (steps + [recovery.step], recovery)
    }

    @Test func aGoodPartitionIsMountedAndNothingElse() {
        #expect(play { _, _ in true }.steps == [.mount, .done])
    }

    @Test func notedErrorsAreRepairedBeforeTheMount() {
        #expect(play(hasErrors: true) { _, _ in true }.steps == [.repair(.preen), .mount, .done])
    }

    @Test func damageIsRepairedAsGentlyAsPossible() {
        let gentle = play { step, count in step != .mount || count > 1 }
        #expect(gentle.steps == [.mount, .repair(.preen), .mount, .done])
        #expect(gentle.end.wasRepaired && !gentle.end.wasReplaced)
        let hard = play { step, count in step == .mount ? count > 1 : step != .repair(.preen) }
        #expect(hard.steps == [.mount, .repair(.preen), .repair(.everything), .mount, .done])
    }

    @Test func hopelessDataIsReplacedWithTheRequestOnDiskFirst() {
        let play = play { step, count in
            switch step {
            case .mount: count > 4
            case .repair: false
            default: true
            }
        }
        #expect(
            play.steps == [
                .mount, .repair(.preen), .repair(.everything), .requestReset, .replace, .mount,
                .completeReset,
                .done,
            ])
        #expect(play.end.wasReplaced)
    }

    @Test(arguments: [false, true])
    func nothingIsReplacedBecauseAStepCouldNotBeTried(hasErrors: Bool) {
        for blocked in 1...(hasErrors ? 2 : 3) {
            var recovery = DataRecovery(resetRequested: false, hasErrors: hasErrors)
            for _ in 1..<blocked { recovery.finish(.failed) }
            recovery.finish(.impossible)
            #expect(recovery.step == .giveUp && !recovery.wasReplaced)
        }
    }

    @Test func factoryResetReplacesWithoutLooking() {
        #expect(
            play(resetRequested: true, hasErrors: true) { _, _ in true }.steps
                == [.replace, .mount, .completeReset, .done])
    }

    /// Every sequence of successes and failures ends, and soon; `data` is used only if it was mounted last.
    @Test func everySequenceOfOutcomesEnds() {
        for bits in 0..<(1 << 12) {
            for start in 0..<4 {
                let result = play(resetRequested: start & 1 != 0, hasErrors: start & 2 != 0) { _, count in
                    bits >> (count % 12) & 1 == 1
                }
                #expect(result.steps.count <= 12)
                let ending = result.steps.suffix(3)
                if result.end.step == .done {
                    #expect(ending.contains(.mount))
                    #expect(!result.steps.contains(.replace) || ending.contains(.completeReset))
                }
                // Nothing is replaced unless it was asked for or the note is on disk.
                if let replace = result.steps.firstIndex(of: .replace), start & 1 == 0 {
                    #expect(result.steps[replace - 1] == .requestReset)
                }
            }
        }
    }
}
