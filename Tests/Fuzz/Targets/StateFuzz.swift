import Services
import Wire

/// The supervisor's state as PID 1 gets it from itself: whatever stands in it, nothing may trap, then or
/// later. The input is the body behind the fingerprint of the plan.
enum StateFuzz {
    private static let headerSize = 20

    static func run(_ bytes: [UInt8]) {
        guard let plan, let fresh = try? Supervisor(plan) else { fatalError("the plan is no good") }
        let state = fresh.encodeState()
        let body = Array(state[headerSize..<headerSize + 4]) + bytes
        var file = ByteWriter(capacity: body.count + headerSize)
        file.writeRaw(Array(state[..<12]))
        file.write(UInt32(body.count))
        file.write(CRC32.of(body.span))
        file.writeRaw(body)
        guard var supervisor = try? Supervisor(plan, restoring: file.bytes, now: 5_000) else { return }
        guard (try? Supervisor(plan, restoring: supervisor.encodeState(), now: 5_000)) != nil else {
            fatalError("a state that was read cannot be written and read again")
        }
        live(&supervisor)
    }

    /// Time passes, and everything is answered as PID 1 would.
    private static func live(_ supervisor: inout Supervisor) {
        var now: UInt64 = 5_000
        var queue: [Supervisor.Event] = [.tick, .boot, .start(service: 1)]
        var nextProcess: Int32 = 1_000_000
        for step in 0..<400 {
            if queue.isEmpty {
                now = max(now, supervisor.nextDeadline ?? now)
                queue.append(step > 200 ? .shutDown(.reboot) : .tick)
            }
            for effect in supervisor.handle(queue.removeFirst(), now: now) {
                switch effect {
                case .spawn(let service):
                    nextProcess += 1
                    queue.append(.spawned(service: service, process: nextProcess))
                case .signal(_, let process, let signal):
                    queue.append(.exited(process: process, .killed(signal: Int32(signal))))
                case .killGroup(let service, let process):
                    if process != 0 { queue.append(.exited(process: process, .killed(signal: 9))) }
                    queue.append(.groupEmpty(service: service))
                case .probe(let service): queue.append(.probing(service: service, process: 0))
                case .measure(let service): queue.append(.usage(service: service, microseconds: 1))
                case .finishShutdown: return
                default: break
                }
            }
        }
    }

    private static let plan: BootPlan? = {
        var services = ["a", "b", "c"].map { ServiceDefinition(name: $0) }
        for index in services.indices { services[index].program = "/bin/x" }
        services[1].requires = ["a"]
        services[1].watchdogMilliseconds = 1_000
        services[2].kind = .oneShot
        services[2].conflicts = ["b"]
        let health = BootPlan.Health(
            services: ["b"], stableForMilliseconds: 1_000, deadlineMilliseconds: 10_000)
        let plan = BootPlan(hostname: "fuzz", services: services, lateModules: [], health: health)
        return (try? plan.encode()).flatMap { try? BootPlan.decode($0) }
    }()

    /// What some moments of a life look like.
    static var seeds: [[UInt8]] {
        guard let plan, var supervisor = try? Supervisor(plan) else { return [] }
        let events: [Supervisor.Event] = [
            .boot, .spawned(service: 0, process: 10), .spawned(service: 1, process: 11),
            .spawned(service: 2, process: 12), .exited(process: 10, .exited(code: 1)), .stop(service: 1),
            .shutDown(.powerOff),
        ]
        return events.enumerated().map { index, event in
            _ = supervisor.handle(event, now: UInt64(1_000 + index * 10))
            return Array(supervisor.encodeState()[(headerSize + 4)...])
        }
    }
}
