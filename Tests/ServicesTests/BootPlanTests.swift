import Testing

@testable import Services

@Suite struct BootPlanTests {
    static func sample() -> BootPlan {
        var home = ServiceDefinition(name: "home")
        home.requires = ["logd", "storage"]
        home.wants = ["shell"]
        home.after = ["shell"]
        home.program = "/usr/bin/amos-home"
        home.arguments = ["--full", "ü"]
        home.environment = ["A=1", "B="]
        home.userID = 1000
        home.groupID = 1001
        home.supplementaryGroupIDs = [7, 8]
        home.readiness = .descriptor(3)
        home.restart = .always
        home.resources.memoryMaxBytes = 1 << 33
        home.resources.processLimit = 12
        var logd = ServiceDefinition(name: "logd")
        logd.program = "/usr/libexec/amos/amos-logd"
        logd.readiness = .notify
        logd.stopsLast = true
        var shell = ServiceDefinition(name: "shell")
        shell.terminal = "/dev/ttyAMA0"
        shell.program = "/bin/sh"
        var storage = ServiceDefinition(name: "storage")
        storage.kind = .oneShot
        storage.program = "/bin/true"
        var plan = BootPlan(
            hostname: "phone", services: [home, logd, shell, storage],
            lateModules: ["/usr/lib/modules/6.12/evdev.ko"],
            health: .init(services: ["home"], stableForMilliseconds: 5_000, deadlineMilliseconds: 60_000))
        plan.shutdownBudgetMilliseconds = 9_000
        return plan
    }

    @Test func readsBack() throws {
        let plan = Self.sample()
        #expect(try BootPlan.decode(plan.encode()) == plan)
        #expect(plan.index(of: "shell") == 2)
        #expect(plan.index(of: "shel") == nil)
    }

    @Test func everyFlippedOrMissingByteIsFound() throws {
        let bytes = try Self.sample().encode()
        for position in bytes.indices {
            var wrong = bytes
            wrong[position] ^= 1
            #expect(throws: BootPlanError.self) { try BootPlan.decode(wrong) }
            #expect(throws: BootPlanError.self) { try BootPlan.decode(Array(bytes[..<position])) }
        }
    }

    @Test func unknownNamesAndWrongOrderAreRefused() {
        var plan = Self.sample()
        plan.services[0].after = ["shel"]
        #expect(throws: BootPlanError.unknownService(name: "shel", relation: "after", of: "home")) {
            try plan.encode()
        }
        plan = Self.sample()
        plan.services.swapAt(0, 1)
        #expect(throws: BootPlanError.notSorted(service: "home")) { try plan.encode() }
        plan = Self.sample()
        plan.health.services = ["nobody"]
        #expect(throws: BootPlanError.unknownService(name: "nobody", relation: "health", of: "health")) {
            try plan.validate()
        }
    }

    @Test func aCycleIsNamedWithoutTheInnocent() throws {
        var plan = Self.sample()
        try plan.validate()
        // storage → logd → shell → storage; home waits for all of them but is not part of it.
        plan.services[1].after = ["shell"]
        plan.services[2].after = ["storage"]
        plan.services[3].requires = ["logd"]
        #expect(throws: BootPlanError.cycle(["logd", "shell", "storage"])) { try plan.validate() }
        #expect(throws: BootPlanError.cycle(["logd", "shell", "storage"])) { try Supervisor(plan) }
    }

    @Test func aServiceThatWaitsForItselfIsACycle() {
        var plan = Self.sample()
        plan.services[3].requires = ["storage"]
        #expect(throws: BootPlanError.cycle(["storage"])) { try plan.validate() }
    }

    @Test func orderPutsRequirementsFirst() throws {
        let graph = try DependencyGraph(Self.sample())
        let order = graph.order()
        #expect(order.sorted() == [0, 1, 2, 3])
        #expect(order.last == 0)
        #expect(graph.cycle() == nil)
    }
}
