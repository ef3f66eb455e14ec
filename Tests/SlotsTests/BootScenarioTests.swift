import Slots
import Testing

/// The rows of the failure table in BootProtocol.md.
@Suite struct BootScenarioTests {
    static let good = ImageVerdict.valid(rollbackIndex: 5)

    /// A handset that runs well from slot a.
    static func provenHandset() -> SlotMetadata {
        var metadata = SlotMetadata()
        #expect(metadata.decide(.powerOn, imageA: good, imageB: good) == .start(.a))
        metadata.markSuccessful(.a)
        metadata.endInOrder(.a, .powerOff)
        return metadata
    }

    @Test func ordinaryBootsCostNothing() {
        var metadata = Self.provenHandset()
        for ending in [Ending.powerOff, .reboot, .reboot, .powerOff, .powerOff] {
            let cause: LoaderCause = ending == .reboot ? .reset : .powerOn
            #expect(metadata.decide(cause, imageA: Self.good, imageB: Self.good) == .start(.a))
            metadata.markSuccessful(.a)
            metadata.endInOrder(.a, ending)
            #expect(metadata.a.attemptsLeft == 3)
        }
    }

    @Test func powerLossesWhileHealthyCostNothing() {
        var metadata = Self.provenHandset()
        for _ in 0..<20 {
            #expect(metadata.decide(.powerOn, imageA: Self.good, imageB: Self.good) == .start(.a))
            metadata.markSuccessful(.a)
        }
        #expect(metadata.a.attemptsLeft == 3)
    }

    @Test func powerLossesWhileBootingDoNotBrickIt() {
        var metadata = SlotMetadata()
        for _ in 0..<50 {
            let decision = metadata.decide(.powerOn, imageA: Self.good, imageB: Self.good)
            #expect(decision == .start(.a) || decision == .start(.b))
        }
    }

    @Test func aDeadUpdateFallsBack() {
        var metadata = Self.provenHandset()
        metadata.b = .init(priority: 3, attemptsLeft: 3)
        for _ in 0..<3 {
            #expect(metadata.decide(.reset, imageA: Self.good, imageB: Self.good) == .start(.b))
            metadata.recordFailure(in: .b, .notHealthyInTime, detail: Array("home".utf8))
        }
        #expect(metadata.decide(.reset, imageA: Self.good, imageB: Self.good) == .start(.a))
        #expect(metadata.b.lastFailure.reason == .notHealthyInTime)
        #expect(metadata.a.attemptsLeft == 3)
    }

    @Test func aCorruptedBlockInAProvenSlotFallsBack() {
        var metadata = Self.provenHandset()
        var starts: [Slot] = []
        var cause = LoaderCause.powerOn
        for _ in 0..<4 {
            guard case .start(let slot) = metadata.decide(cause, imageA: Self.good, imageB: Self.good) else {
                break
            }
            starts.append(slot)
            // Found after the boot was healthy: this must cost as well.
            if slot == .a { metadata.markSuccessful(slot) }
            cause = .reset
        }
        #expect(starts == [.a, .a, .a, .b])
        #expect(metadata.a.lastFailure.reason == .resetUnreported)
    }

    @Test func theFloorRisesWhenHealthyAndNotBefore() {
        var metadata = SlotMetadata()
        _ = metadata.decide(.powerOn, imageA: .valid(rollbackIndex: 7), imageB: Self.good)
        #expect(metadata.rollbackFloor == 0)
        metadata.markSuccessful(.a)
        #expect(metadata.rollbackFloor == 7)
        metadata.recordFailure(in: .a, .serviceLost)
        let decision = metadata.decide(.reset, imageA: .refused(.imageDamaged), imageB: Self.good)
        #expect(decision == .halt(a: .refused(.imageDamaged), b: .refused(.imageBelowFloor)))
    }

    @Test func refusedImagesAreNeverStarted() {
        var metadata = SlotMetadata()
        let decision = metadata.decide(
            .powerOn, imageA: .refused(.imageUntrusted), imageB: .refused(.imageDamaged))
        #expect(
            decision.text
                == "This handset cannot start: "
                + "slot a: refused, the boot image is not signed with the trusted key; "
                + "slot b: refused, the boot image is damaged. "
                + "Switch it on again for one more try of the slots that are whole, "
                + "or write a new image to it.")
        #expect(metadata.a.attemptsLeft == 3)
    }

    @Test func haltNamesTheLastFailure() {
        var metadata = SlotMetadata()
        metadata.a.attemptsLeft = 0
        metadata.a.lastFailure = .init(.moduleFailed, detail: Array("ext4".utf8))
        metadata.b.priority = 0
        let decision = metadata.decide(.reset, imageA: Self.good, imageB: Self.good)
        #expect(decision.text.contains("lastly a kernel module could not be inserted (ext4)"))
        #expect(decision.text.contains("slot b: empty or switched off"))
    }

    @Test func factoryResetStaysPendingUntilItIsDone() {
        var metadata = Self.provenHandset()
        metadata.requestFactoryReset()
        _ = metadata.decide(.reset, imageA: Self.good, imageB: Self.good)
        _ = metadata.decide(.powerOn, imageA: Self.good, imageB: Self.good)
        #expect(metadata.command == .factoryReset)
        metadata.completeFactoryReset()
        #expect(metadata.command == .none)
    }

    @Test func endingTwiceIsEndingOnce() {
        var metadata = Self.provenHandset()
        _ = metadata.decide(.powerOn, imageA: Self.good, imageB: Self.good)
        metadata.markSuccessful(.a)
        metadata.endInOrder(.a, .reboot)
        let once = metadata
        metadata.endInOrder(.a, .reboot)
        #expect(metadata == once)
    }
}
