import Services
import Wire

/// A plan is checked by its CRC, which no mutation survives: the input is the body, and the header is made to
/// fit. An input that begins with the magic is a whole file.
enum PlanFuzz {
    private static let magic = Array("AMOSPLAN".utf8)
    private static let headerSize = 20

    static func run(_ bytes: [UInt8]) {
        let file = bytes.starts(with: magic) ? bytes : wrapped(bytes)
        guard let plan = try? BootPlan.decode(file) else { return }
        guard let again = try? plan.encode() else { fatalError("a decoded plan cannot be encoded") }
        guard let copy = try? BootPlan.decode(again) else { fatalError("an encoded plan cannot be decoded") }
        demand(copy == plan, "a plan changes when encoded again")
        supervise(plan)
    }

    /// Whatever plan it is, a boot and a shutdown end when nothing can be started.
    private static func supervise(_ plan: BootPlan) {
        guard plan.services.count <= 64, var supervisor = try? Supervisor(plan) else { return }
        var now: UInt64 = 1_000
        var queue: [Supervisor.Event] = [.boot]
        for step in 0..<4_000 {
            if queue.isEmpty {
                if step > 2_000, !supervisor.isShuttingDown {
                    queue.append(.shutDown(.reboot))
                } else if let deadline = supervisor.nextDeadline {
                    now = max(now, deadline)
                    queue.append(.tick)
                } else if supervisor.isShuttingDown {
                    return
                } else {
                    queue.append(.shutDown(.powerOff))
                }
            }
            for effect in supervisor.handle(queue.removeFirst(), now: now) {
                switch effect {
                case .spawn(let service): queue.append(.execFailed(service: service, errorNumber: 2))
                case .killGroup(let service, _): queue.append(.groupEmpty(service: service))
                case .probe(let service): queue.append(.probing(service: service, process: 0))
                case .measure(let service): queue.append(.usage(service: service, microseconds: 0))
                case .finishShutdown: return
                default: break
                }
            }
        }
        demand(!supervisor.isShuttingDown, "a shutdown does not end")
    }

    /// The header that belongs to this body; drawn in BootPlanCoding.swift.
    private static func wrapped(_ body: [UInt8]) -> [UInt8] {
        var file = ByteWriter(capacity: body.count + headerSize)
        file.writeRaw(magic)
        file.write(BootPlan.version)
        file.write(UInt32(body.count))
        file.write(CRC32.of(body.span))
        file.writeRaw(body)
        return file.bytes
    }

    static var seeds: [[UInt8]] {
        let files = [plan([]), plan([full("a")]), chain].compactMap { try? $0.encode() }
        return files + files.map { Array($0[headerSize...]) }
    }

    private static func plan(_ services: [ServiceDefinition]) -> BootPlan {
        BootPlan(
            hostname: "fuzz", services: services, lateModules: ["/usr/lib/modules/a.ko"],
            health: .init(
                services: services.first.map { [$0.name] } ?? [], stableForMilliseconds: 10_000,
                deadlineMilliseconds: 60_000))
    }

    /// Every part of a definition in use.
    private static func full(_ name: String) -> ServiceDefinition {
        var service = ServiceDefinition(name: name)
        service.program = "/usr/bin/a"
        service.arguments = ["-x", ""]
        service.environment = ["A=b"]
        service.environmentDirectories = ["/data/env"]
        service.secrets = [Secret(name: "key", path: "/data/key")]
        service.sockets = [ListeningSocket(name: "s", kind: .stream, address: .unix(path: "/run/a"))]
        service.readiness = .probe
        service.probe = ["/usr/bin/probe", "a"]
        service.activation.atBoot = false
        service.activation.devices = ["/dev/a", "subsystem:input"]
        service.activation.paths = [PathTrigger(path: "/data/a", condition: .changed)]
        service.activation.timers = [ServiceTimer(.every(milliseconds: 1_000))]
        service.finalAction = .isolate(name)
        service.resources.limits = [.init(resource: 7, soft: 10, hard: .max)]
        service.isolation.paths = [.init(path: "/x", kind: .bind(source: "/y", isReadOnly: true))]
        service.isolation.systemCallFilter = [6, 0, 0, 0, 0, 0, 0xff, 0x7f]
        service.isolation.landlock = [.init(path: "/usr", access: .read)]
        return service
    }

    private static var chain: BootPlan {
        var services = ["a", "b", "c"].map(full)
        services[0].finalAction = .start("c")
        services[1].requires = ["a"]
        services[2].wants = ["b"]
        services[2].after = ["a"]
        services[2].conflicts = ["b"]
        services[2].milestones = ["a"]
        return plan(services)
    }
}
