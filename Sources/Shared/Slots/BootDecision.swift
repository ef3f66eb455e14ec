// The boot decisions, shared by the loader, stage 1 and PID 1 (see BootProtocol.md):
//
//      loader: decide ──▶ started ──▶ healthy ──▶ ended in order     PID 1: markSuccessful, endInOrder
//                 ▲          │           │
//                 │          ▼           ▼
//                 └────────── failed, reset, power lost              stage 1, PID 1: recordFailure
//
// Every function changes the metadata in memory; the caller writes `nextWrite()` to `misc` and flushes it
// before it acts. A slot that has never been successful pays for its boot at the start. A successful one
// pays afterwards and only if the boot went wrong, so that ordinary boots and an empty battery cost
// nothing.

/// Why the loader runs. A loader that cannot tell says `reset`, which is the strict answer.
public enum LoaderCause: Sendable, CaseIterable {
    /// Somebody switched the handset on.
    case powerOn
    /// The running system reset the machine.
    case reset
}

/// What the loader found when it verified a slot's boot image.
public enum ImageVerdict: Equatable, Sendable {
    case valid(rollbackIndex: UInt64)
    case refused(FailureReason)
}

public enum LoaderDecision: Equatable, Sendable {
    /// Write `misc`, then start this slot.
    case start(Slot)
    /// Nothing can be started: show `text`, wait for the owner. Deciding again without a power-on changes
    /// nothing.
    case halt(a: SlotProblem, b: SlotProblem)
}

public enum SlotProblem: Equatable, Sendable {
    case disabled
    case refused(FailureReason)
    case outOfAttempts(SlotMetadata.Failure)
}

public enum Ending: Sendable, CaseIterable {
    case powerOff
    case reboot
}

extension SlotMetadata {
    /// The loader's choice: settles the previous boot, picks the startable slot with the highest priority
    /// and notes the start. A slot is startable when its priority and its attempts are not 0, its image is
    /// valid and not below the floor.
    public mutating func decide(
        _ cause: LoaderCause, imageA: ImageVerdict, imageB: ImageVerdict
    ) -> LoaderDecision {
        settle(cause)
        let imageA = applyFloor(to: imageA)
        let imageB = applyFloor(to: imageB)
        noteRefusal(imageA, of: .a)
        noteRefusal(imageB, of: .b)
        var choice = startable(imageA, imageB)
        if choice == nil, cause == .powerOn {
            // The owner asks for one more try: a row of power losses must not turn a whole handset into a
            // brick.
            grantLastAttempt(.a, imageA)
            grantLastAttempt(.b, imageB)
            choice = startable(imageA, imageB)
        }
        guard let choice else { return .halt(a: problem(of: .a, imageA), b: problem(of: .b, imageB)) }
        start(choice, choice == .a ? imageA : imageB)
        return .start(choice)
    }

    /// Stage 1 or PID 1 gives up on the running slot and is about to reset.
    public mutating func recordFailure(in slot: Slot, _ reason: FailureReason, detail: [UInt8] = []) {
        noteBoot(of: slot)
        boot.phase = .failed
        self[slot].lastFailure = Failure(reason, detail: detail)
    }

    /// PID 1, after `recordFailure`: this slot shall not be tried again before the owner switches the handset
    /// on and nothing else starts. False, and nothing changes, if the other slot could not take over.
    public mutating func giveUp(_ slot: Slot) -> Bool {
        let other = self[slot.other]
        guard other.priority > 0, other.attemptsLeft > 0 else { return false }
        self[slot].attemptsLeft = 0
        return true
    }

    /// PID 1: the health services are ready and stayed so. Raises the floor to the running image's rollback
    /// index. A boot that has failed does not become good again.
    public mutating func markSuccessful(_ slot: Slot) {
        noteBoot(of: slot)
        guard boot.phase != .failed else { return }
        boot.phase = .healthy
        boot.attemptWasSpent = false
        if boot.rollbackIndex > rollbackFloor { rollbackFloor = boot.rollbackIndex }
        guard !self[slot].isSuccessful else { return }
        self[slot].isSuccessful = true
        restoreAttempts(of: slot)
    }

    /// PID 1, last thing before it powers off or restarts because somebody asked for it. After a healthy
    /// boot this gives the attempts back. A restart before that counts as a failure, or a broken system
    /// could restart for ever.
    public mutating func endInOrder(_ slot: Slot, _ ending: Ending) {
        guard boot.phase != .none else { return }
        noteBoot(of: slot)
        switch (boot.phase, ending) {
        case (.healthy, _):
            restoreAttempts(of: slot)
            boot.phase = .none
        case (.started, .powerOff): boot.phase = .none
        case (.started, .reboot): recordFailure(in: slot, .rebootedBeforeHealthy)
        case (.failed, _), (.none, _): break
        }
    }

    public mutating func requestFactoryReset() { command = .factoryReset }

    /// Stage 1, after `data` has been replaced and flushed: if the power is lost before, it is replaced
    /// again.
    public mutating func completeFactoryReset() { command = .none }
}

extension SlotMetadata {
    /// Accounts for the previous boot, once.
    private mutating func settle(_ cause: LoaderCause) {
        let slot = boot.slot
        switch (boot.phase, cause) {
        case (.none, _): return
        case (.healthy, .powerOn): restoreAttempts(of: slot)
        case (.healthy, .reset), (.started, .reset):
            self[slot].lastFailure = Failure(.resetUnreported)
            spend(slot)
        case (.started, .powerOn):
            self[slot].lastFailure = Failure(.powerLost)
            spend(slot)
        case (.failed, _): spend(slot)
        }
        boot.phase = .none
    }

    private mutating func spend(_ slot: Slot) {
        if !boot.attemptWasSpent, self[slot].attemptsLeft > 0 { self[slot].attemptsLeft -= 1 }
    }

    private mutating func restoreAttempts(of slot: Slot) {
        self[slot].attemptsLeft = Self.attemptLimit
        self[slot].lastFailure = Failure()
    }

    private mutating func start(_ slot: Slot, _ image: ImageVerdict) {
        var rollbackIndex: UInt64 = 0
        if case .valid(let index) = image { rollbackIndex = index }
        let pays = !self[slot].isSuccessful
        if pays { self[slot].attemptsLeft -= 1 }
        boot = Boot(phase: .started, slot: slot, attemptWasSpent: pays, rollbackIndex: rollbackIndex)
    }

    /// `misc` may have been lost since the loader wrote it; then nothing was paid and no index is known.
    private mutating func noteBoot(of slot: Slot) {
        if boot.phase == .none || boot.slot != slot { boot = Boot(phase: .started, slot: slot) }
    }

    private func applyFloor(to image: ImageVerdict) -> ImageVerdict {
        if case .valid(let index) = image, index < rollbackFloor { return .refused(.imageBelowFloor) }
        return image
    }

    private mutating func noteRefusal(_ image: ImageVerdict, of slot: Slot) {
        if case .refused(let reason) = image, self[slot].lastFailure.reason != reason {
            self[slot].lastFailure = Failure(reason)
        }
    }

    private mutating func grantLastAttempt(_ slot: Slot, _ image: ImageVerdict) {
        if case .valid = image, self[slot].priority > 0 { self[slot].attemptsLeft = 1 }
    }

    private func startable(_ imageA: ImageVerdict, _ imageB: ImageVerdict) -> Slot? {
        switch (isStartable(.a, imageA), isStartable(.b, imageB)) {
        case (true, true): a.priority >= b.priority ? .a : .b
        case (true, false): .a
        case (false, true): .b
        case (false, false): nil
        }
    }

    private func isStartable(_ slot: Slot, _ image: ImageVerdict) -> Bool {
        guard case .valid = image else { return false }
        return self[slot].priority > 0 && self[slot].attemptsLeft > 0
    }

    private func problem(of slot: Slot, _ image: ImageVerdict) -> SlotProblem {
        if case .refused(let reason) = image { return .refused(reason) }
        return self[slot].priority == 0 ? .disabled : .outOfAttempts(self[slot].lastFailure)
    }
}

extension LoaderDecision {
    /// The one message that ends a handset that cannot boot; empty for a start.
    public var text: String {
        guard case .halt(let a, let b) = self else { return "" }
        return "This handset cannot start: slot a: " + a.text + "; slot b: " + b.text
            + ". Switch it on again for one more try of the slots that are whole, or write a new image to it."
    }
}

extension SlotProblem {
    public var text: String {
        switch self {
        case .disabled: return "empty or switched off"
        case .refused(let reason): return "refused, " + reason.text
        case .outOfAttempts(let failure):
            let text = "out of attempts, lastly " + failure.reason.text
            guard !failure.detail.isEmpty else { return text }
            return text + " (" + String(decoding: failure.detail, as: UTF8.self) + ")"
        }
    }
}
