import Testing
import Wire

@testable import Services

/// Every field of a service must survive the compiled plan, and nothing that PID 1 could not run may pass it.
@Suite struct PlanCodingTests {
    /// Differs from the default in every field.
    static func full() -> ServiceDefinition {
        var service = ServiceDefinition(name: "full")
        service.kind = .oneShot
        service.requires = ["a"]
        service.milestones = ["b"]
        service.wants = ["c"]
        service.after = ["d"]
        service.conflicts = ["e"]
        service.program = "/bin/full"
        service.arguments = ["-x", "ü", ""]
        service.environment = ["A=1"]
        service.environmentDirectories = ["/etc/full.env"]
        service.secrets = [Secret(name: "key", path: "/data/key")]
        service.workingDirectory = "/var"
        service.userID = 1_000
        service.groupID = 1_001
        service.supplementaryGroupIDs = [7, 8]
        service.readiness = .probe
        service.probe = ["/bin/probe", "x"]
        service.probeIntervalMilliseconds = 250
        service.startTimeoutMilliseconds = 1
        service.restart = .always
        service.restartDelayMilliseconds = 2
        service.restartDelayLimitMilliseconds = 3
        service.restartResetMilliseconds = 4
        service.restartJitterPercent = 100
        service.restartLimit = 5
        service.restartWindowMilliseconds = 6
        service.finalAction = .isolate("a")
        service.watchdogMilliseconds = 7
        service.stopSignal = 64
        service.stopGraceMilliseconds = 8
        service.terminal = "/dev/tty1"
        (service.logLimit.linesPerSecond, service.logLimit.burst) = (9, 10)
        service.runsOncePerInstallation = true
        service.stopsLast = true
        service.controlRights = .all
        fillActivation(of: &service)
        fillResources(of: &service.resources)
        fillIsolation(of: &service.isolation)
        return service
    }

    private static func fillActivation(of service: inout ServiceDefinition) {
        service.activation.atBoot = false
        service.activation.onSocket = true
        service.activation.devices = ["/dev/input/event0", "subsystem:input"]
        service.activation.paths = PathTrigger.Condition.allCases.map {
            .init(path: "/data/x", condition: $0)
        }
        let rule = CalendarRule(minutes: 1 << 59, hours: 1 << 23, daysOfMonth: 2, months: 2, weekdays: 64)
        service.activation.timers = [
            .init(.afterBoot(milliseconds: 0)), .init(.every(milliseconds: 1 << 40)), .init(.calendar(rule)),
        ]
        service.activation.timers[2].jitterMilliseconds = 11
        service.activation.timers[2].catchesUp = true
        service.activation.idleStopMilliseconds = 12
        service.sockets = [
            .init(name: "s", kind: .sequentialPackets, address: .unix(path: "/run/s")),
            .init(name: "t", kind: .stream, address: .internet(bytes: [127, 0, 0, 1], port: 80)),
            .init(
                name: "u", kind: .datagram, address: .internet(bytes: .init(repeating: 9, count: 16), port: 1)
            ),
        ]
        service.sockets[0].permissions = 0o777
        service.sockets[0].userID = 13
        service.sockets[0].groupID = 14
        service.sockets[0].backlog = 15
    }

    private static func fillResources(of resources: inout Resources) {
        resources.memoryMaxBytes = 1 << 40
        resources.memoryHighBytes = 2
        resources.memoryLowBytes = 3
        resources.endsAsOneWhenOutOfMemory = true
        resources.processorWeight = 10_000
        resources.processorQuotaMicroseconds = 4
        resources.processorPeriodMicroseconds = 5_000
        resources.processLimit = 6
        resources.ioWeight = 7
        resources.limits = [.init(resource: 15, soft: 8, hard: Resources.ProcessLimit.infinity)]
        resources.outOfMemoryScore = -1_000
        resources.nice = -20
        resources.scheduling = .fifo
        resources.schedulingPriority = 99
    }

    private static func fillIsolation(of isolation: inout Isolation) {
        isolation.namespaces = [.mount, .pid, .ipc, .uts, .network, .user]
        isolation.noNewPrivileges = true
        isolation.boundingCapabilities = 7
        isolation.ambientCapabilities = 5
        isolation.hasPrivateTemporaryFiles = true
        isolation.hasPrivateDevices = true
        isolation.isFileSystemReadOnly = true
        isolation.paths = [
            .init(path: "/a", kind: .readOnly), .init(path: "/b", kind: .writable),
            .init(path: "/c", kind: .hidden), .init(path: "/d", kind: .temporary(sizeBytes: 1 << 33)),
            .init(path: "/e", kind: .bind(source: "/f", isReadOnly: false)),
            .init(path: "/e", kind: .bind(source: "/g", isReadOnly: true)),
        ]
        isolation.paths[3].isOptional = true
        isolation.systemCallFilter = [6, 0, 0, 0, 0, 0, 0xff, 0x7f]
        isolation.landlock = [.init(path: "/usr", access: [.read, .execute])]
    }

    static func plan(_ service: ServiceDefinition) -> BootPlan {
        let others = ["a", "b", "c", "d", "e"].map { name in
            var other = ServiceDefinition(name: name)
            other.program = "/bin/\(name)"
            return other
        }
        var plan = BootPlan(
            hostname: "h", services: others + [service], lateModules: [],
            health: .init(services: [], stableForMilliseconds: 1, deadlineMilliseconds: 2))
        plan.machineWatchdogMilliseconds = 30_000
        return plan
    }

    /// A field that is added to the definition and forgotten in the format fails here: nothing in `full` may
    /// have its default value.
    @Test func everyFieldReadsBack() throws {
        let plan = Self.plan(Self.full())
        #expect(try BootPlan.decode(plan.encode()) == plan)
        let initial = ServiceDefinition(name: "initial")
        expectAllDiffer(Self.full(), initial)
        expectAllDiffer(Self.full().activation, initial.activation)
        expectAllDiffer(Self.full().resources, initial.resources)
        expectAllDiffer(Self.full().isolation, initial.isolation)
        expectAllDiffer(Self.full().logLimit, initial.logLimit)
        expectAllDiffer(
            Self.full().sockets[0],
            ListeningSocket(
                name: "", kind: .stream, address: .unix(path: "")))
    }

    private func expectAllDiffer<Value>(_ left: Value, _ right: Value) {
        for (one, other) in zip(Mirror(reflecting: left).children, Mirror(reflecting: right).children) {
            #expect("\(one.value)" != "\(other.value)", "\(one.label ?? "") is not set")
        }
    }

    @Test func everyFinalActionReadsBack() throws {
        for action in [.none, .isolate("b"), .start("c"), .reboot, .fallbackSlot]
            as [ServiceDefinition.FinalAction]
        {
            var service = Self.full()
            service.finalAction = action
            #expect(try BootPlan.decode(Self.plan(service).encode()).services[5].finalAction == action)
        }
    }

    @Test func aPlainServiceCostsLittle() throws {
        var service = ServiceDefinition(name: "full")
        service.program = "/bin/p"
        let plain = try Self.plan(service).encode().count
        service.arguments = ["ab"]
        #expect(try Self.plan(service).encode().count == plain + 4)
        let without = try BootPlan(
            hostname: "h", services: Array(Self.plan(service).services.dropLast()), lateModules: [],
            health: Self.plan(service).health
        ).encode().count
        // Name (2 + 4), kind, parts, program (2 + 6) and the count of its arguments.
        #expect(plain - without == 6 + 1 + 4 + 8 + 2)
    }

    /// With its checksum made right again, so that it is the decoder's own checks that decide: what it takes
    /// must be a plan that can be written again.
    @Test func damageIsRefusedOrHarmless() throws {
        let bytes = try Self.plan(Self.full()).encode()
        var refused = 0
        for position in 20..<bytes.count {
            for flip in [1, 0x80, 0xff] as [UInt8] {
                var wrong = bytes
                wrong[position] ^= flip
                do {
                    let plan = try BootPlan.decode(Self.sealed(wrong))
                    #expect(try BootPlan.decode(plan.encode()) == plan)
                } catch {
                    refused += 1
                }
            }
            #expect(throws: BootPlanError.self) {
                try BootPlan.decode(Self.sealed(Array(bytes[..<position])))
            }
        }
        #expect(refused > 3 * bytes.count / 4)
    }

    static func sealed(_ bytes: [UInt8]) -> [UInt8] {
        let body = Array(bytes[20...])
        var header = ByteWriter()
        header.writeRaw(Array(bytes[..<12]))
        header.write(UInt32(body.count))
        header.write(CRC32.of(body.span))
        return header.bytes + body
    }

    @Test(
        arguments: [
            { $0.program = "bin/x" }, { $0.program = "" }, { $0.kind = .target }, { $0.probe = [] },
            { $0.conflicts = ["full"] }, { $0.sockets = [] }, { $0.restartJitterPercent = 101 },
            { $0.stopSignal = 0 }, { $0.readiness = .descriptor(2) }, { $0.secrets[0].name = "../x" },
            { $0.secrets[0].name = "a:b" }, { $0.workingDirectory = "var" }, { $0.resources.nice = 20 },
            { $0.resources.outOfMemoryScore = 1_001 }, { $0.resources.schedulingPriority = 0 },
            { $0.resources.processorPeriodMicroseconds = 10 }, { $0.resources.limits[0].hard = 7 },
            { $0.resources.limits[0].resource = 16 }, { $0.resources.ioWeight = 10_001 },
            { $0.isolation.ambientCapabilities = 8 }, { $0.isolation.systemCallFilter = [1, 2, 3] },
            { $0.isolation.systemCallFilter = .init(repeating: 0, count: 8 * 4_097) },
            { $0.isolation.landlock[0].access = [] }, { $0.isolation.paths[0].path = "a\0b" },
            { $0.sockets[0].address = .unix(path: "/" + String(repeating: "x", count: 107)) },
            { $0.sockets[1].address = .internet(bytes: [1, 2, 3], port: 1) },
            { $0.sockets[1].kind = .sequentialPackets }, { $0.sockets[0].backlog = 0 },
            { $0.activation.timers[1].schedule = .every(milliseconds: 0) },
            {
                $0.activation.timers[1].schedule = .calendar(.init(minutes: 1 << 60, hours: 1))
            },
            { $0.arguments = .init(repeating: "", count: 65_536) },
            { $0.arguments = [String(repeating: "x", count: 65_536)] },
        ] as [@Sendable (inout ServiceDefinition) -> Void])
    func whatCannotRunIsNotWritten(_ spoil: @Sendable (inout ServiceDefinition) -> Void) {
        var service = Self.full()
        spoil(&service)
        #expect(throws: BootPlanError.self) { try Self.plan(service).encode() }
    }

    @Test func unknownNamesAreRefused() {
        expectUnknown("milestones") { $0.milestones = ["x"] }
        expectUnknown("conflicts") { $0.conflicts = ["x"] }
        expectUnknown("restart.then.start") { $0.finalAction = .start("x") }
        expectUnknown("restart.then.isolate") { $0.finalAction = .isolate("x") }
    }

    private func expectUnknown(_ relation: String, _ spoil: (inout ServiceDefinition) -> Void) {
        var service = Self.full()
        spoil(&service)
        #expect(throws: BootPlanError.unknownService(name: "x", relation: relation, of: "full")) {
            try Self.plan(service).encode()
        }
    }
}
