import Testing
import Wire

@testable import Services

/// Single decisions, step by step; the simulation covers their combinations.
@Suite struct SupervisorTests {
    private func plan(_ services: [ServiceDefinition], health: [String] = []) -> BootPlan {
        BootPlan(
            hostname: "x", services: services, lateModules: [],
            health: .init(services: health, stableForMilliseconds: 1_000, deadlineMilliseconds: 10_000))
    }

    @Test func backoffDoublesToItsLimitAndStartsOver() throws {
        var service = ServiceDefinition(name: "a")
        service.restartDelayMilliseconds = 100
        service.restartDelayLimitMilliseconds = 500
        service.restartResetMilliseconds = 10_000
        service.restartJitterPercent = 0
        var machine = try Supervisor(plan([service]))
        var now: UInt64 = 0
        var process: Int32 = 10
        #expect(machine.handle(.boot, now: now).contains(.spawn(service: 0)))
        for expected: UInt64 in [100, 200, 400, 500, 500] {
            _ = machine.handle(.spawned(service: 0, process: process), now: now)
            #expect(machine.status(of: 0).state == .ready)
            // The time that it ran counts.
            _ = machine.handle(.exited(process: process, .exited(code: 1)), now: now + 5)
            _ = machine.handle(.groupEmpty(service: 0), now: now + 5)
            #expect(machine.status(of: 0).state == .waiting)
            #expect(!machine.handle(.tick, now: now + expected - 1).contains(.spawn(service: 0)))
            #expect(machine.handle(.tick, now: now + expected).contains(.spawn(service: 0)))
            now += expected
            process += 1
        }
        _ = machine.handle(.spawned(service: 0, process: process), now: now)
        _ = machine.handle(.exited(process: process, .killed(signal: 11)), now: now + 10_000)
        #expect(machine.handle(.groupEmpty(service: 0), now: now + 10_000).contains(.spawn(service: 0)))
    }

    @Test func anEssentialDeathForGoodFailsTheBoot() throws {
        var essential = ServiceDefinition(name: "a")
        essential.restart = .never
        var product = ServiceDefinition(name: "b")
        product.requires = ["a"]
        var machine = try Supervisor(plan([essential, product], health: ["b"]))
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 7), now: 0)
        let death = machine.handle(.exited(process: 7, .exited(code: 3)), now: 1)
        #expect(death.first == .killGroup(service: 0, process: 0) && !machine.isShuttingDown)
        let effects = machine.handle(.groupEmpty(service: 0), now: 1)
        #expect(effects.contains(.failBoot(service: 0, reason: .ended(.exited(code: 3)))))
        #expect(machine.isShuttingDown)
    }

    @Test func aDeadProductMissesTheDeadline() throws {
        var product = ServiceDefinition(name: "a")
        product.readiness = .notify
        product.startTimeoutMilliseconds = 0
        var machine = try Supervisor(plan([product], health: ["a"]))
        _ = machine.handle(.boot, now: 0)
        _ = machine.handle(.spawned(service: 0, process: 7), now: 0)
        #expect(machine.handle(.tick, now: 9_999).isEmpty)
        let effects = machine.handle(.tick, now: 10_000)
        #expect(effects.contains(.failBoot(service: nil, reason: .deadline(service: 0, because: .none))))
        #expect(effects.contains(.signal(service: 0, process: 7, signal: 15)))
    }

    @Test func theLoggerStopsLastWithWhatItStandsOn() throws {
        var logger = ServiceDefinition(name: "logd")
        logger.stopsLast = true
        logger.requires = ["storage"]
        let other = ServiceDefinition(name: "other")
        let storage = ServiceDefinition(name: "storage")
        var machine = try Supervisor(plan([logger, other, storage]))
        _ = machine.handle(.boot, now: 0)
        for (service, process) in [(1, 11), (2, 12)] as [(Int, Int32)] {
            _ = machine.handle(.spawned(service: service, process: process), now: 0)
        }
        _ = machine.handle(.spawned(service: 0, process: 10), now: 0)
        let stop = { (service: Int, process: Int32) in
            Supervisor.Effect.signal(service: service, process: process, signal: 15)
        }
        let first = machine.handle(.shutDown(.powerOff), now: 5)
        #expect(first.contains(stop(1, 11)) && !first.contains(stop(0, 10)) && !first.contains(stop(2, 12)))
        _ = machine.handle(.exited(process: 11, .killed(signal: 15)), now: 6)
        let second = machine.handle(.groupEmpty(service: 1), now: 6)
        #expect(second.contains(stop(0, 10)) && !second.contains(stop(2, 12)))
        _ = machine.handle(.exited(process: 10, .exited(code: 0)), now: 7)
        #expect(machine.handle(.groupEmpty(service: 0), now: 7).contains(stop(2, 12)))
        _ = machine.handle(.exited(process: 12, .exited(code: 0)), now: 8)
        let last = machine.handle(.groupEmpty(service: 2), now: 8)
        #expect(last.last == .finishShutdown(.powerOff))
    }

    /// 4,000 services behind one: no event may walk through all of them except the one that concerns them
    /// all.
    @Test func thousandsOfServices() throws {
        var services = [ServiceDefinition(name: "a")]
        for number in 0..<4_000 {
            var service = ServiceDefinition(name: "s" + String(10_000 + number))
            service.requires = ["a"]
            services.append(service)
        }
        var machine = try Supervisor(plan(services, health: ["s13999"]))
        _ = machine.handle(.boot, now: 0)
        #expect(machine.handle(.spawned(service: 0, process: 2), now: 0).count == 1 + 2 * 4_000)
        for service in 1...4_000 {
            let effects = machine.handle(.spawned(service: service, process: Int32(service + 2)), now: 1)
            #expect(effects.count == (service == 4_000 ? 2 : 1))
        }
        #expect(machine.handle(.tick, now: 1_001) == [.markHealthy])
    }
}
