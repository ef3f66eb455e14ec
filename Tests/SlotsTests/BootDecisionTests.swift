import Slots
import Testing

/// The whole small state space: every combination of the fields, with every event.
@Suite struct BootDecisionTests {
    static let verdicts: [ImageVerdict] = [
        .valid(rollbackIndex: 0), .valid(rollbackIndex: 1), .refused(.imageDamaged),
    ]

    static let slotStates: [SlotMetadata.SlotState] = (0...2).flatMap { priority in
        (0...SlotMetadata.attemptLimit).flatMap { attempts in
            [false, true].map {
                SlotMetadata.SlotState(
                    priority: UInt8(priority), attemptsLeft: attempts, isSuccessful: $0)
            }
        }
    }

    static let boots: [SlotMetadata.Boot] = SlotMetadata.Boot.Phase.allCases.flatMap { phase in
        Slot.allCases.flatMap { slot in
            [false, true].flatMap { spent in
                [UInt64(0), 1].map {
                    SlotMetadata.Boot(phase: phase, slot: slot, attemptWasSpent: spent, rollbackIndex: $0)
                }
            }
        }
    }

    /// Every state with this state of slot `a`: 24 × 32 × 2 of them.
    static func states(with a: SlotMetadata.SlotState) -> [SlotMetadata] {
        slotStates.flatMap { b in
            boots.flatMap { boot in
                [UInt64(0), 1].map { floor in
                    var metadata = SlotMetadata()
                    metadata.a = a
                    metadata.b = b
                    metadata.boot = boot
                    metadata.rollbackFloor = floor
                    return metadata
                }
            }
        }
    }

    /// A slot that gave itself up is not started again by a reset, if the other one can be; and a handset
    /// never gives up its last slot.
    @Test(arguments: Slot.allCases) func aSlotGivesUp(_ slot: Slot) {
        for case let before in Self.slotStates.flatMap(Self.states(with:)) {
            var metadata = before
            metadata.recordFailure(in: slot, .serviceLost)
            let failed = metadata
            let other = before[slot.other]
            guard metadata.giveUp(slot) else {
                #expect(metadata == failed && (other.priority == 0 || other.attemptsLeft == 0))
                continue
            }
            metadata.endInOrder(slot, .reboot)
            let good = ImageVerdict.valid(rollbackIndex: before.rollbackFloor)
            #expect(metadata.decide(.reset, imageA: good, imageB: good) == .start(slot.other))
        }
    }

    /// How a boot can end without anybody having asked for it. None of them may go on for ever.
    enum BadEnd: CaseIterable {
        case silentReset, reportedFailure, rebootBeforeHealthy
        case resetAfterHealthy, failureAfterHealthy, healthyAfterFailure

        func apply(to metadata: inout SlotMetadata, _ slot: Slot) {
            switch self {
            case .silentReset: break
            case .reportedFailure: metadata.recordFailure(in: slot, .verityFailed)
            case .rebootBeforeHealthy: metadata.endInOrder(slot, .reboot)
            case .resetAfterHealthy: metadata.markSuccessful(slot)
            case .failureAfterHealthy:
                metadata.markSuccessful(slot)
                metadata.recordFailure(in: slot, .serviceLost)
            case .healthyAfterFailure:
                metadata.recordFailure(in: slot, .notHealthyInTime)
                metadata.markSuccessful(slot)
            }
        }
    }

    /// What is left to lose. A bad boot of an unproven slot may be its last step to "successful", which
    /// refills its attempts once; so unproven slots count one limit more.
    static func potential(_ metadata: SlotMetadata) -> Int {
        Slot.allCases.reduce(0) { sum, slot in
            sum + Int(metadata[slot].attemptsLeft)
                + (metadata[slot].isSuccessful ? 0 : Int(SlotMetadata.attemptLimit))
        }
    }

    static func isStartable(_ metadata: SlotMetadata, _ slot: Slot, _ image: ImageVerdict) -> Bool {
        guard case .valid(let index) = image else { return false }
        return index >= metadata.rollbackFloor && metadata[slot].priority > 0
            && metadata[slot].attemptsLeft > 0
    }

    @Test(arguments: slotStates.indices)
    func theChoiceIsTheBestStartableSlot(of index: Int) {
        var wrong = 0
        for state in Self.states(with: Self.slotStates[index]) {
            for a in Self.verdicts {
                for b in Self.verdicts where !Self.isRightChoice(from: state, a, b) { wrong += 1 }
            }
        }
        #expect(wrong == 0)
    }

    /// After a reset, against the rules written a second time: the best slot among those startable in the
    /// settled state, with the start noted and paid for.
    static func isRightChoice(from state: SlotMetadata, _ a: ImageVerdict, _ b: ImageVerdict) -> Bool {
        var after = state
        let decision = after.decide(.reset, imageA: a, imageB: b)
        switch decision {
        case .halt:
            return after.boot.phase == .none && !isStartable(after, .a, a) && !isStartable(after, .b, b)
        case .start(let slot):
            var before = after
            if after.boot.attemptWasSpent { before[slot].attemptsLeft += 1 }
            let image = slot == .a ? a : b
            let otherImage = slot == .a ? b : a
            let isBest =
                !isStartable(before, slot.other, otherImage)
                || before[slot].priority > before[slot.other].priority
                || (slot == .a && before[slot].priority == before[slot.other].priority)
            return isStartable(before, slot, image) && isBest && after.boot.phase == .started
                && after.boot.slot == slot && after.boot.attemptWasSpent != after[slot].isSuccessful
                && after.rollbackFloor == state.rollbackFloor
        }
    }

    /// No loops: whatever the state, a reset and a boot that ends badly again leave less than before.
    @Test(arguments: slotStates.indices)
    func everyBadBootMakesProgress(of index: Int) {
        var loops = 0
        for state in Self.states(with: Self.slotStates[index]) {
            for a in Self.verdicts {
                for b in Self.verdicts { loops += Self.stepsWithoutProgress(from: state, a, b) }
            }
        }
        #expect(loops == 0)
    }

    static func stepsWithoutProgress(from state: SlotMetadata, _ a: ImageVerdict, _ b: ImageVerdict) -> Int {
        var started = state
        guard case .start(let slot) = started.decide(.reset, imageA: a, imageB: b) else {
            var again = started
            let second = again.decide(.reset, imageA: a, imageB: b)
            return again == started && second != .start(.a) && second != .start(.b) ? 0 : 1
        }
        var before = started
        if started.boot.attemptWasSpent { before[slot].attemptsLeft += 1 }
        var count = 0
        for end in BadEnd.allCases {
            var after = started
            end.apply(to: &after, slot)
            _ = after.decide(.reset, imageA: .refused(.imageDamaged), imageB: .refused(.imageDamaged))
            if potential(after) >= potential(before) { count += 1 }
        }
        return count
    }

    /// With real images and any fixed way of failing, the handset comes to its message in at most this many
    /// boots.
    @Test(arguments: BadEnd.allCases) func badHandsetsHalt(end: BadEnd) {
        var metadata = SlotMetadata()
        var cause = LoaderCause.powerOn
        var boots = 0
        let image = ImageVerdict.valid(rollbackIndex: 0)
        while case .start(let slot) = metadata.decide(cause, imageA: image, imageB: image), boots < 100 {
            end.apply(to: &metadata, slot)
            cause = .reset
            boots += 1
        }
        #expect(boots >= 6 && boots <= 8)
        // The owner's power button buys one try per slot, not a new row of them.
        cause = .powerOn
        boots = 0
        while case .start(let slot) = metadata.decide(cause, imageA: image, imageB: image), boots < 100 {
            end.apply(to: &metadata, slot)
            cause = .reset
            boots += 1
        }
        #expect(boots >= 2 && boots <= 6)
    }

    /// No event invents attempts beyond the limit, lowers the floor or touches the other slot's account.
    @Test(arguments: slotStates.indices)
    func eventsStayInBounds(of index: Int) {
        var wrong = 0
        for state in Self.states(with: Self.slotStates[index]) {
            for slot in Slot.allCases {
                for end in BadEnd.allCases {
                    var after = state
                    end.apply(to: &after, slot)
                    if after[slot.other] != state[slot.other] || after.rollbackFloor < state.rollbackFloor
                        || after[slot].attemptsLeft > SlotMetadata.attemptLimit
                        || after.rollbackFloor > max(state.rollbackFloor, state.boot.rollbackIndex)
                    {
                        wrong += 1
                    }
                }
            }
        }
        #expect(wrong == 0)
    }
}
