import Testing

@testable import Services

@Suite struct WatchdogTimeTests {
    /// `WATCHDOG_USEC=` holds until the process ends.
    @Test func aServiceChoosesItsOwn() throws {
        var watched = ServiceDefinition(name: "a")
        watched.watchdogMilliseconds = 100
        watched.restart = .onFailure
        let plan = BootPlan(
            hostname: "x", services: [watched], lateModules: [],
            health: .init(services: [], stableForMilliseconds: 0, deadlineMilliseconds: 0))
        var machine = try Supervisor(plan)
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 5), now: 0)
        _ = machine.handle(.watch(service: 0, milliseconds: 1_000), now: 50)
        #expect(machine.nextDeadline == 1_050)
        _ = machine.handle(.alive(service: 0), now: 500)
        #expect(machine.nextDeadline == 1_500)
        // As its successor has it, should PID 1 execute itself anew now.
        let restored = try Supervisor(plan, restoring: machine.encodeState(), now: 510)
        #expect(restored.nextDeadline == 1_500)
        _ = machine.handle(.watch(service: 0, milliseconds: 0), now: 600)
        #expect(machine.nextDeadline == nil)
        _ = machine.handle(.exited(process: 5, .killed(signal: 9)), now: 700)
        #expect(machine.handle(.groupEmpty(service: 0), now: 700).contains(.spawn(service: 0)))
        _ = machine.handle(.spawned(service: 0, process: 6), now: 700)
        #expect(machine.nextDeadline == 800)
    }
}
