import Testing
import Wire

@testable import Services

/// One feature each, step by step.
@Suite struct FeatureTests {
    private func machine(
        _ services: [ServiceDefinition], health: [String] = [], stamped: [Int] = []
    ) throws -> Supervisor {
        let plan = BootPlan(
            hostname: "x", services: services, lateModules: [],
            health: .init(services: health, stableForMilliseconds: 0, deadlineMilliseconds: 0))
        return try Supervisor(plan, stamped: stamped)
    }

    private func service(
        _ name: String, _ change: (inout ServiceDefinition) -> Void = { _ in }
    ) -> ServiceDefinition {
        var service = ServiceDefinition(name: name)
        service.restartJitterPercent = 0
        change(&service)
        return service
    }
    /// Ends a service's process and its group; returns the last effects.
    private func end(
        _ machine: inout Supervisor, _ service: Int, _ status: Services.ExitStatus, now: UInt64
    ) -> [Supervisor.Effect] {
        _ = machine.handle(.exited(process: machine.process(of: service), status), now: now)
        return machine.handle(.groupEmpty(service: service), now: now)
    }

    @Test func aMilestoneMattersOnce() throws {
        var machine = try machine([
            service("a") { $0.kind = .oneShot }, service("b") { $0.milestones = ["a"] },
        ])
        #expect(machine.handle(.boot, now: 0).contains(.spawn(service: 0)))
        _ = machine.handle(.spawned(service: 0, process: 5), now: 0)
        #expect(end(&machine, 0, .exited(code: 0), now: 1).contains(.spawn(service: 1)))
        _ = machine.handle(.spawned(service: 1, process: 6), now: 1)
        _ = machine.handle(.stop(service: 0), now: 2)
        #expect(machine.status(of: 0).state == .stopped && machine.status(of: 1).state == .ready)
    }

    @Test func aCommandDisplacesWhatConflicts() throws {
        var machine = try machine([
            service("a"),
            service("b") {
                $0.conflicts = ["a"]; $0.activation.atBoot = false
            },
        ])
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 5), now: 0)
        let effects = machine.handle(.start(service: 1), now: 1)
        #expect(effects.contains(.signal(service: 0, process: 5, signal: 15)))
        #expect(!effects.contains(.spawn(service: 1)))
        #expect(end(&machine, 0, .killed(signal: 15), now: 2).contains(.spawn(service: 1)))
        #expect(machine.status(of: 0).reason == "conflicts with b")
    }

    @Test func ofTwoThatConflictAtBootTheFirstRuns() throws {
        var machine = try machine([service("a") { $0.conflicts = ["b"] }, service("b")])
        let effects = machine.handle(.boot, now: 0)
        #expect(effects.contains(.spawn(service: 0)) && !effects.contains(.spawn(service: 1)))
        #expect(machine.explanation(of: 1).first == "b does not run: conflicts with a.")
    }

    @Test func aTriggerStartsAndIdlenessStops() throws {
        let onDemand = service("a") {
            $0.activation.atBoot = false
            $0.activation.devices = ["sda"]
            $0.activation.idleStopMilliseconds = 100
        }
        var machine = try machine([onDemand])
        #expect(machine.handle(.boot, now: 0).first == .arm(service: 0))
        let start = machine.handle(.triggered(service: 0), now: 1)
        #expect(start.first == .disarm(service: 0) && start.last == .spawn(service: 0))
        #expect(machine.handle(.spawned(service: 0, process: 5), now: 1).last == .measure(service: 0))
        _ = machine.handle(.usage(service: 0, microseconds: 500), now: 1)
        #expect(machine.handle(.tick, now: 101) == [.measure(service: 0)])
        #expect(machine.handle(.usage(service: 0, microseconds: 1_500), now: 101).isEmpty)
        #expect(machine.handle(.tick, now: 201) == [.measure(service: 0)])
        let stop = machine.handle(.usage(service: 0, microseconds: 2_499), now: 201)
        #expect(stop.last == .signal(service: 0, process: 5, signal: 15))
        #expect(end(&machine, 0, .exited(code: 0), now: 202).last == .arm(service: 0))
        #expect(machine.status(of: 0).reason == "idle")
    }

    @Test func whatEndsByItselfRestsBeforeItsTriggersCount() throws {
        let onDemand = service("a") {
            $0.activation.atBoot = false
            $0.activation.devices = ["sda"]
            $0.restart = .never
        }
        var machine = try machine([onDemand])
        _ = machine.handle(.boot, now: 0)
        var now: UInt64 = 0
        for (status, delay) in [(0, 100), (1, 100), (1, 200), (1, 400)] as [(Int32, UInt64)] {
            _ = machine.handle(.triggered(service: 0), now: now)
            _ = machine.handle(.spawned(service: 0, process: 5), now: now)
            #expect(!end(&machine, 0, .exited(code: status), now: now).contains(.arm(service: 0)))
            #expect(machine.handle(.tick, now: now + delay - 1).isEmpty)
            now += delay
            #expect(machine.handle(.tick, now: now) == [.arm(service: 0)])
        }
    }

    @Test func aProbeDecidesAndTheStartTimeoutBoundsIt() throws {
        let probed = service("a") {
            $0.readiness = .probe
            $0.probeIntervalMilliseconds = 50
            $0.startTimeoutMilliseconds = 200
        }
        var machine = try machine([probed])
        _ = machine.handle(.boot, now: 0)
        #expect(machine.handle(.spawned(service: 0, process: 5), now: 0) == [.probe(service: 0)])
        _ = machine.handle(.probing(service: 0, process: 6), now: 0)
        #expect(machine.handle(.ready(process: 5), now: 1).isEmpty)
        #expect(machine.handle(.exited(process: 6, .exited(code: 1)), now: 10).isEmpty)
        #expect(machine.handle(.tick, now: 59).isEmpty)
        #expect(machine.handle(.tick, now: 60) == [.probe(service: 0)])
        _ = machine.handle(.probing(service: 0, process: 7), now: 60)
        let late = machine.handle(.tick, now: 200)
        #expect(late.first == .signal(service: 0, process: 7, signal: 9))
        #expect(late.last == .signal(service: 0, process: 5, signal: 15))
        _ = machine.handle(.exited(process: 7, .killed(signal: 9)), now: 201)
        _ = end(&machine, 0, .killed(signal: 15), now: 202)
        #expect(machine.status(of: 0).reason == "was not ready within its start timeout")
        _ = machine.handle(.tick, now: 302)
        _ = machine.handle(.spawned(service: 0, process: 8), now: 302)
        _ = machine.handle(.probing(service: 0, process: 9), now: 302)
        _ = machine.handle(.exited(process: 9, .exited(code: 0)), now: 303)
        #expect(machine.status(of: 0).state == .ready)
    }

    @Test func silenceIsAborted() throws {
        var machine = try machine([service("a") { $0.watchdogMilliseconds = 100 }])
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 5), now: 0)
        _ = machine.handle(.alive(service: 0), now: 60)
        #expect(machine.handle(.tick, now: 159).isEmpty)
        let abort = machine.handle(.tick, now: 160)
        #expect(abort.last == .signal(service: 0, process: 5, signal: 6))
        #expect(machine.handle(.tick, now: 3_160).last == .killGroup(service: 0, process: 5))
        _ = end(&machine, 0, .killed(signal: 9), now: 3_161)
        #expect(machine.status(of: 0).state == .waiting && machine.deadline(of: 0) == 3_261)
    }

    @Test func aReloadMustEnd() throws {
        var machine = try machine([service("a") { $0.startTimeoutMilliseconds = 100 }])
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 5), now: 0)
        for now in [10, 20] as [UInt64] {
            let effects = machine.handle(.reloading(service: 0), now: now)
            #expect(effects == [.announce(service: 0, state: .ready, process: 5, reason: .reloading)])
            if now == 10 { _ = machine.handle(.ready(process: 5), now: 15) }
        }
        #expect(machine.handle(.tick, now: 119).isEmpty)
        #expect(machine.handle(.tick, now: 120).last == .signal(service: 0, process: 5, signal: 15))
    }

    @Test(arguments: [
        ServiceDefinition.FinalAction.none, .start("rescue"), .isolate("rescue"), .reboot, .fallbackSlot,
    ])
    func afterTheLastRestart(_ action: ServiceDefinition.FinalAction) throws {
        let failing = service("failing") {
            $0.restartLimit = 2
            $0.finalAction = action
        }
        let rescue = service("rescue") { $0.activation.atBoot = false }
        var machine = try machine([failing, service("other"), rescue])
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 1, process: 90), now: 0)
        var now: UInt64 = 0
        var effects: [Supervisor.Effect] = []
        for process in 5..<8 as Range<Int32> {
            _ = machine.handle(.spawned(service: 0, process: process), now: now)
            effects = end(&machine, 0, .exited(code: 1), now: now)
            now += 500
            if process < 7 { effects = machine.handle(.tick, now: now) }
        }
        #expect(machine.status(of: 0).state == .failed && machine.restarts(of: 0) == 2)
        let stopsOther = effects.contains(.signal(service: 1, process: 90, signal: 15))
        #expect(
            effects.contains(.spawn(service: 2))
                == (action == .start("rescue") || action == .isolate("rescue")))
        #expect(machine.isShuttingDown == (action == .reboot || action == .fallbackSlot))
        #expect(stopsOther == (action != .none && action != .start("rescue")))
        let fallBack = Supervisor.Effect.fallBack(service: 0, reason: .ended(.exited(code: 1)))
        #expect(effects.contains(fallBack) == (action == .fallbackSlot))
    }

    @Test func aStampedOneShotIsDoneForGood() throws {
        let once = service("a") {
            $0.kind = .oneShot; $0.runsOncePerInstallation = true
        }
        var first = try machine([once])
        _ = first.handle(.boot, now: 0)
        _ = first.handle(.spawned(service: 0, process: 5), now: 0)
        #expect(end(&first, 0, .exited(code: 0), now: 1).first == .stamp(service: 0))
        var second = try machine([once], stamped: [0])
        _ = second.handle(.boot, now: 0)
        #expect(second.handle(.restart(service: 0), now: 1).allSatisfy { $0 != .spawn(service: 0) })
        #expect(second.status(of: 0).state == .done)
    }

    /// Only the one that had been told to stop has used up the budget.
    @Test func theBudgetNamesItsCulprit() throws {
        let slow = service("slow") {
            $0.requires = ["base"]; $0.stopGraceMilliseconds = 60_000
        }
        var machine = try machine([service("base"), slow])
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 5), now: 0)
        _ = machine.handle(.spawned(service: 1, process: 6), now: 0)
        _ = machine.handle(.shutDown(.reboot), now: 10)
        let effects = machine.handle(.tick, now: 8_010)
        #expect(effects.filter { if case .overdue = $0 { true } else { false } } == [.overdue(service: 1)])
        #expect(effects.contains(.killGroup(service: 0, process: 5)))
        #expect(effects.contains(.killGroup(service: 1, process: 6)))
    }

    @Test func aDeathIsOverWhenNothingIsLeft() throws {
        var machine = try machine([service("a")])
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 5), now: 0)
        #expect(
            machine.handle(.exited(process: 5, .exited(code: 1)), now: 0) == [
                .killGroup(service: 0, process: 0)
            ])
        _ = machine.handle(.tick, now: 2_000)
        #expect(machine.status(of: 0).state == .failed)
        #expect(machine.handle(.start(service: 0), now: 3_000).allSatisfy { $0 != .spawn(service: 0) })
        #expect(machine.handle(.groupEmpty(service: 0), now: 4_000).last == .spawn(service: 0))
    }

    @Test func aReloadStopsWhatChangedAndKeepsTheRest() throws {
        var machine = try machine([service("a"), service("b"), service("c")])
        _ = machine.handle(.boot, now: 0)
        for index in 0..<3 { _ = machine.handle(.spawned(service: index, process: Int32(5 + index)), now: 0) }
        var new = machine.plan
        new.services[1].arguments = ["changed"]
        new.services.remove(at: 0)
        new.services.append(service("d") { $0.requires = ["c"] })
        let effects = try machine.reload(new, now: 1)
        #expect(effects.contains(.signal(service: 0, process: 5, signal: 15)))
        #expect(effects.contains(.signal(service: 1, process: 6, signal: 15)))
        #expect(throws: BootPlanError.reloadUnderWay) { try machine.reload(new, now: 1) }
        _ = end(&machine, 0, .killed(signal: 15), now: 2)
        #expect(machine.nextDeadline != 2)
        _ = end(&machine, 1, .killed(signal: 15), now: 2)
        #expect(machine.nextDeadline == 2)
        let switched = machine.handle(.tick, now: 2)
        #expect(switched.first == .replan(former: [1, 2, -1]))
        #expect(switched.contains(.spawn(service: 0)) && switched.contains(.spawn(service: 2)))
        #expect(machine.process(of: 1) == 7 && machine.service(of: 7) == 1)
    }

    @Test func aDamagedStateIsRefused() throws {
        var machine = try machine([service("a"), service("b") { $0.requires = ["a"] }])
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 5), now: 0)
        let state = machine.encodeState()
        _ = try Supervisor(machine.plan, restoring: state, now: 1)
        for position in state.indices {
            var wrong = state
            wrong[position] ^= 0x10
            #expect(throws: BootPlanError.self) {
                try Supervisor(machine.plan, restoring: wrong, now: 1)
            }
        }
        var other = machine.plan
        other.services[1].requires = []
        #expect(throws: BootPlanError.self) { try Supervisor(other, restoring: state, now: 1) }
    }

    @Test func whyFollowsTheChain() throws {
        var machine = try machine([
            service("a") { $0.restart = .never }, service("b") { $0.requires = ["a"] },
            service("c") { $0.requires = ["b"] },
        ])
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 5), now: 0)
        _ = machine.handle(.spawned(service: 1, process: 6), now: 0)
        _ = machine.handle(.spawned(service: 2, process: 7), now: 0)
        _ = end(&machine, 0, .exited(code: 3), now: 1)
        #expect(
            machine.explanation(of: 1).last == "It waits until c, which requires it, has stopped.")
        _ = end(&machine, 2, .killed(signal: 15), now: 1)
        _ = end(&machine, 1, .killed(signal: 15), now: 1)
        #expect(
            machine.explanation(of: 2) == [
                "c cannot start: requires b, which is down.", "It is wanted by the boot.",
                "c needs b, which is waiting (requires a, which is down).",
                "b needs a, which is failed (exited with status 3).",
                "a has failed: exited with status 3.",
                "Only a command or a service that needs it starts it.",
            ])
    }
}
