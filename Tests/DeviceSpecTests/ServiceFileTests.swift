import DeviceSpec
import Services
import Testing

@Suite struct ServiceFileTests {
    private func service(_ text: String) throws -> ServiceDefinition {
        let device = try Fixture.pocket(
            "services: [radio]\nusers: {radio: {id: 200}}\ngroups: {modem: {id: 300, members: [radio]}}\n",
            services: ["radio": text])
        return try #require(device.services.first { $0.definition.name == "radio" }).definition
    }

    private static let everything = """
        kind: long-running
        description: Speaks with the modem
        program: /usr/bin/radiod
        arguments: [-v, --, -v]
        environment: {ZONE: "7", HOME: /data/radio}
        environment-directories: [/data/radio.env]
        secrets: {PIN: /data/radio.pin}
        working-directory: /var
        user: radio
        group: modem
        groups: [root, dhcpcd]
        requires: [logd]
        milestones: [network]
        wants: [network]
        after: [clock, shell]
        conflicts: [clock, shell]
        start: on-demand
        ready: {descriptor: 4}
        start-timeout: 5 s
        watchdog: 20 s
        restart:
          policy: always
          delay: 200 ms
          delay-limit: 1 min
          reset-after: 5 min
          jitter: 25 %
          limit: 5 per 1 min
          then: {isolate: logd}
        stop: {signal: INT, grace: 1500 ms}
        terminal: /dev/ttyAMA1
        log: {lines-per-second: 10, burst: 20}
        stops-last: true
        """

    @Test func everyKey() throws {
        var expected = ServiceDefinition(name: "radio")
        expected.program = "/usr/bin/radiod"
        expected.arguments = ["-v", "--", "-v"]
        expected.environment = ["ZONE=7", "HOME=/data/radio"]
        expected.environmentDirectories = ["/data/radio.env"]
        expected.secrets = [Secret(name: "PIN", path: "/data/radio.pin")]
        expected.workingDirectory = "/var"
        expected.userID = 200
        expected.groupID = 300
        expected.supplementaryGroupIDs = [0, 100]
        expected.requires = ["logd"]
        expected.milestones = ["network"]
        expected.wants = ["network"]
        expected.after = ["clock"]
        expected.conflicts = ["clock"]
        expected.activation.atBoot = false
        expected.readiness = .descriptor(4)
        expected.startTimeoutMilliseconds = 5_000
        expected.watchdogMilliseconds = 20_000
        expected.restart = .always
        expected.restartDelayMilliseconds = 200
        expected.restartDelayLimitMilliseconds = 60_000
        expected.restartResetMilliseconds = 300_000
        expected.restartJitterPercent = 25
        expected.restartLimit = 5
        expected.restartWindowMilliseconds = 60_000
        expected.finalAction = .isolate("logd")
        expected.stopSignal = 2
        expected.stopGraceMilliseconds = 1_500
        expected.terminal = "/dev/ttyAMA1"
        expected.logLimit.linesPerSecond = 10
        expected.logLimit.burst = 20
        expected.stopsLast = true
        #expect(try service(Self.everything) == expected)
    }

    @Test func whatIsNotGivenIsTheDefinitionsDefault() throws {
        var expected = ServiceDefinition(name: "radio")
        expected.program = "/usr/bin/radiod"
        #expect(try service("program: /usr/bin/radiod\n") == expected)
    }

    @Test func aUsersGroupsFollow() throws {
        let radio = try service("program: /usr/bin/radiod\nuser: radio\n")
        #expect(radio.userID == 200)
        #expect(radio.groupID == 200)
        #expect(radio.supplementaryGroupIDs == [300])
    }

    @Test func aOneShotIsNotRestarted() throws {
        #expect(try service("kind: one-shot\nprogram: /usr/bin/setup\n").restart == .never)
        #expect(
            try service("kind: one-shot\nprogram: /usr/bin/setup\nrestart: on-failure\n").restart
                == .onFailure)
    }

    @Test func aTargetRunsNothing() throws {
        let target = try service("kind: target\nrequires: [logd, network]\n")
        #expect(target.kind == .target)
        #expect(target.program.isEmpty)
        #expect(target.requires == ["logd", "network"])
    }
}
